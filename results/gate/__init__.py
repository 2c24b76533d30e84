"""From pairs to the verdicts of a gate."""
