"""What docs/evidence/independent.py is made of: the committed comparisons, and how either side of them is run."""
