"""One probe in, one JSON line out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping

from . import Reading
from .clocks import clocks
from .cores import cores
from .costs import costs
from .waits import waits

PROBES: Mapping[str, Callable[..., Iterator[Reading]]] = {
    "clocks": clocks,
    "waits": waits,
    "cores": cores,
    "costs": costs,
}


def main(name: str, *given: str) -> None:
    """Run a probe; what it is given is JSON."""
    print(json.dumps({"say": "done", "readings": list(PROBES[name](*map(json.loads, given)))}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
