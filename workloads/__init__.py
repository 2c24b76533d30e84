"""What is measured: one file a workload, each importing nothing of ours but `when_async.bench.model`."""

if __name__ == "workloads":
    raise ImportError("workloads is a part of when_async: write `import when_async.workloads`")
