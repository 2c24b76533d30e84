"""A callable of the user's own as a workload."""
