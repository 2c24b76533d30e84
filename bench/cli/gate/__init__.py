"""`when-async gate`."""
