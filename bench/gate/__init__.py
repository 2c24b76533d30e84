"""Base against head: which cells both have, pairs of fresh processes, controls, the walk until all is decided."""
