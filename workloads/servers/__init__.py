"""Helper processes that workloads talk to; each is started by the parent and never imported by the measured process."""
