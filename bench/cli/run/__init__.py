"""`when-async run`, and what other commands that record share with it."""
