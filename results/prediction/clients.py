"""What a call over HTTP costs its caller, by the leanest client library of each model that a run has measured.

A simulation knows neither connections nor protocols; of a client it takes the CPU that a call was measured to use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from ..cells.summary import Row

WORKLOAD = "http_fetch"


@dataclass(frozen=True)
class Client:
    """A library, and seconds of CPU that a call by it takes."""

    library: str
    call_s: float


def clients(rows: Iterable[Row], runners: Iterable[str]) -> Mapping[str, Client]:
    """By runner, of those named, the library whose calls took the least CPU over all places of one interpreter.

    Calls over TLS are another matter and count for nothing here.
    """
    wanted = set(runners)
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        plain = row.workload == WORKLOAD and not row.params.get("tls")
        if plain and row.runner in wanted and row.library and row.cpu_per_op is not None:
            found.setdefault(row.runner, {}).setdefault(row.library, []).append(row.cpu_per_op.point)
    leanest = {}
    for runner, libraries in found.items():
        costs = {library: median(values) for library, values in libraries.items()}
        library = min(costs, key=lambda name: costs[name])
        leanest[runner] = Client(library, costs[library])
    return leanest
