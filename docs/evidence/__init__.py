"""The scripts behind docs/gate.md: record traces of this machine's noise, replay gates on them, print the tables."""
