"""Bodies of the workload `http_fetch`, by model."""
