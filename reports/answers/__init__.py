"""Answers to what people ask, in plain words: each computed from the readings of claims, none written by hand."""
