"""Servers and databases that workloads talk to, each a process of its own; never imported by the measured process."""
