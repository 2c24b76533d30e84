"""Bodies of the workload `chat`, by model."""
