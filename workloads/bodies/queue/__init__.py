"""Bodies of the workload `queue`, by model."""
