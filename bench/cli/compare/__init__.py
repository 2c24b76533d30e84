"""`when-async compare`."""
