"""Measures the machine: what `when-async calibrate` asks of fresh processes, pairs of workers and the kernel."""
