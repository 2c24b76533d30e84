"""One probe in, one JSON line out."""

from __future__ import annotations

import json
import sys

from .clocks import clocks
from .cores import cores
from .waits import waits

PROBES = {"clocks": clocks, "waits": waits, "cores": cores}


def main(name: str) -> None:
    """Run a probe."""
    print(json.dumps({"say": "done", "readings": list(PROBES[name]())}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
