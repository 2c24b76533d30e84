"""A helper process that dies after it has counted three times."""

import json
import sys

print(json.dumps({"address": "nowhere"}), flush=True)
for _ in range(3):
    sys.stdin.readline()
    print("{}", flush=True)
sys.exit("the disk of the server is on fire")
