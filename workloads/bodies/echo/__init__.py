"""Bodies of the workload `echo_server`, by model."""
