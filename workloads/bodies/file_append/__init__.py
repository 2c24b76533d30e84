"""Bodies of the workload `file_append`, by model."""
