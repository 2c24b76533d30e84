"""What the measured process imports of workloads that outgrew their file: bodies by model, servers under test.

Standard library only at module level; a client library is imported inside the body that uses it.
"""
