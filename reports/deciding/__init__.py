"""What a run that stops when it has decided knows of the claims, and what it measures next."""
