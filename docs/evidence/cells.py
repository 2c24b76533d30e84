"""The cells whose noise is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.environments.provision import default
from when_async.bench.gate.injection import labelled
from when_async.bench.gate.pairs import PAIR_SETTINGS, PairedCell
from when_async.bench.model import Environment, Point
from when_async.bench.plan import build
from when_async.bench.selection import Catalogue, catalogue


@dataclass(frozen=True)
class Kind:
    """A cell by a short name."""

    name: str
    workload: str
    runner: str
    library: str
    point: Point


GETS = Point(10, {"n": 100, "delay_s": 0.0, "body_bytes": 1024, "tls": 0})

KINDS = (
    Kind("sleep", "sleep", "asyncio", "", Point(500, {"wait_s": 0.001, "n": 500})),
    Kind("http_fetch", "http_fetch", "asyncio", "aiohttp", GETS),
    Kind("grid_search", "grid_search", "asyncio", "", Point(2, {"unit_s": 50e-6, "n": 60, "payload_bytes": 0})),
    Kind("processes", "grid_search", "multiprocessing", "",
         Point(2, {"unit_s": 50e-6, "n": 240, "payload_bytes": 0})),
    Kind("threads", "http_fetch", "threading", "http.client", GETS),
)  # fmt: skip
"""Rounds of 3 to 10 ms. `sleep` takes longer to start its 500 waits than one of them lasts, so its loop is busy."""


def here() -> tuple[Catalogue, Environment]:
    """Everything that can be measured, and the environment of the interpreter that runs this."""
    known = catalogue()
    return known, default(known.modules())


def paired(kind: Kind, known: Catalogue, environment: Environment) -> PairedCell:
    """Base against base."""
    points = [(known.workloads[kind.workload], kind.point)]
    plan = build(points, {kind.runner: known.runners[kind.runner]}, [environment], PAIR_SETTINGS)
    comparison = plan.comparisons[0]
    chosen = next(each for each in comparison.contestants if each.cell.library == kind.library)
    return PairedCell(
        chosen.cell.id.rpartition("@")[0], comparison, base=labelled(chosen, "base"), head=labelled(chosen, "head")
    )
