"""Workloads whose helper process is the one that goes wrong; its modules are found through PYTHONPATH."""

from __future__ import annotations

from when_async.bench.model import Point, Service, Workload
from when_async.workloads.empty import EMPTY as OURS
from when_async.workloads.empty import check, make_items, pure


def served(module: str) -> Workload:
    return Workload(
        name=module,
        summary="needs a helper process that goes wrong",
        bodies={"pure": pure},
        params=OURS.params,
        make_items=make_items,
        check=check,
        grid={"quick": (Point(1, {"n": 2, "spin_s": 0.0}),)},
        service=Service(name="odd", module=module),
    )


CHATTY = served("service_chatty")
NAMELESS = served("service_nameless")
MORTAL = served("service_mortal")
