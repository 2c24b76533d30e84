"""Bodies of workloads that have many, by model; the workloads themselves are in the folder above."""
