"""The sealed room: what runs inside the measured process (standard library and our model only)."""
