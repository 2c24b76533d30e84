"""Several recordings beside each other: whether they agree, whose they are, and what may have changed a verdict."""
