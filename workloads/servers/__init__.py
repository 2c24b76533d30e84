"""Helper processes that workloads talk to, started by the parent; and the bodies of servers that are measured.

Helpers are never imported by the measured process. It does import `*_bodies*.py`, where it is the server, and
`steering.py`, by which it steers a load generator; these keep to the standard library at module level.
"""
