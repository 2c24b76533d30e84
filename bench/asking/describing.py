"""What a file's workloads are, as JSON: for whoever cannot import the file, because its libraries are elsewhere.

Functions stay behind, but for the figures that a plan needs of them (`ideal_s`, `bounds`) at points that are known.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..model import Params, Point, Service, Workload
from ..registry import collect

PLAIN = ("name", "summary", "headline", "calibration", "learn", "latency", "core", "threaded")
OURS = "when_async."


def described(path: str, more: Iterable[tuple[str, Params, int]]) -> list[dict[str, Any]]:
    """The workloads of a file, with their figures at the points of their grids and at `more` (name, params, C)."""
    wanted = [(name, Point(concurrency, params)) for name, params, concurrency in more]
    return [
        _facts(found.value, [point for name, point in wanted if name == found.value.name])
        for found in collect(path, Workload).values()
    ]


def _facts(workload: Workload, more: Iterable[Point]) -> dict[str, Any]:
    every = [point for points in workload.grid.values() for point in points]
    return {
        **{name: getattr(workload, name) for name in PLAIN},
        "ours": _is_ours(workload),
        "shape": str(workload.shape),
        "bodies": list(workload.bodies),
        "params": [asdict(param) for param in workload.params],
        "figures": [asdict(figure) for figure in workload.figures],
        "grid": {name: [_point(point) for point in points] for name, points in workload.grid.items()},
        "faces": dict(workload.faces),
        "needs": {word: list(modules) for word, modules in workload.needs.items()},
        "environ": dict(workload.environ),
        "service": _service(workload.service) if workload.service else None,
        "has": [name for name in ("ideal_s", "bounds") if getattr(workload, name) is not None],
        "points": [{**_point(point), **_figures(workload, point)} for point in [*every, *more]],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"concurrency": point.concurrency, "params": dict(point.params)}


def _figures(workload: Workload, point: Point) -> dict[str, Any]:
    """What arithmetic says of a point: at its concurrency, and one op after another."""
    ideal, bounds = workload.ideal_s, workload.bounds
    return {
        "ideal_s": ideal(point.params, point.concurrency) if ideal else None,
        "serial_s": ideal(point.params, 1) if ideal else None,
        "bounds": dict(bounds(point.params, point.concurrency)) if bounds else None,
    }


def _service(service: Service) -> dict[str, Any]:
    known = {name: getattr(service, name) for name in ("name", "module", "requires", "load_module")}
    expect = service.expect
    named = f"{expect.__module__}:{expect.__qualname__}" if expect is not None else ""
    return {**known, "expect": named}


def _is_ours(workload: Workload) -> bool:
    """Whether the file has it from us, to vary it or to build on it."""
    modules: Mapping[str, Any] = dict(sys.modules)
    ours = (module for name, module in modules.items() if name.startswith(f"{OURS}workloads."))
    return any(value is workload for module in ours for value in vars(module).values())
