"""A helper process that does not say where it listens."""

import sys

print("{}", flush=True)
sys.stdin.read()
