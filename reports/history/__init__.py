"""Cells over many stored runs, in the terminal and as a picture."""
