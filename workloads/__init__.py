"""What is measured: one file a workload, each importing nothing of ours but `bench.model`."""
