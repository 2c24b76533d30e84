"""Bodies of the workload `ladder`, by model."""
