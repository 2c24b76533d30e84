"""One probe in, one JSON line out; `echo` answers lines until its input ends."""

from __future__ import annotations

import json
import sys

from .clocks import clocks
from .cores import cores
from .costs import costs
from .waits import waits

PROBES = {"clocks": clocks, "waits": waits, "costs": costs, "cores": cores}


def echo() -> None:
    """Answer each line as a worker does, with no work in between."""
    for line in sys.stdin:
        json.loads(line)
        sys.stdout.write(json.dumps({"say": "done"}) + "\n")
        sys.stdout.flush()


def main(name: str, share: float) -> None:
    """Run a probe; `share` of the usual repeats is made."""
    if name == "echo":
        echo()
        return
    print(json.dumps({"say": "done", "readings": list(PROBES[name](share))}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
