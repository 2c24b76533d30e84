"""Bodies of the workload `http_server`, by model."""
