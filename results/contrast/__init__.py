"""Two things against each other: who is compared with whom, and the ratio with its interval."""
