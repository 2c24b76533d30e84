"""Bodies of the workload `fanout`, by model."""
