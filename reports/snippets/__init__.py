"""Small programs, one for each claim on behaviour: each looks for itself and prints one JSON line of what it saw."""
