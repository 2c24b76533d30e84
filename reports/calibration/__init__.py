"""What was found out about a machine, in words and pictures."""
