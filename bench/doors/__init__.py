"""Doors onto one's own code beside the command line: `measure`, which pytest goes through too."""
