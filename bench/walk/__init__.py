"""Carries a plan out: workers of a comparison side by side, checks on them, progress, timelines."""
