"""Synthetic calibration files: what `when-async calibrate` writes, with seeded random values."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

NODE = "3f6c0a51d2"
"""The machine of `support.run_files`."""

TYPICAL: tuple[tuple[str, str, str, float, str], ...] = (
    ("clocks", "time.perf_counter_ns", "smallest step", 40e-9, "log"),
    ("clocks", "time.perf_counter_ns", "cost of a call", 42e-9, "log"),
    ("clocks", "resource.getrusage", "smallest step", 1e-6, "log"),
    ("clocks", "resource.getrusage", "cost of a call", 800e-9, "log"),
    ("waits", "time.sleep", "50 µs", 68e-6, "linear"),
    ("waits", "time.sleep", "1 ms", 76e-6, "linear"),
    ("waits", "select.epoll", "50 µs", 1.04e-3, "linear"),
    ("waits", "select.epoll", "1 ms", 95e-6, "linear"),
    ("costs", "function call", "cost of one", 24e-9, "log"),
    ("costs", "asyncio task, create and await", "cost of one", 5.8e-6, "log"),
    ("costs", "worker, start and imports", "cost of one", 77e-3, "log"),
)
ABSENT = "not on this Python: interpreters with an own GIL came with 3.12"


def record(n: int = 10, seed: int = 1, **changes: Any) -> dict[str, Any]:
    """A whole record of n processes and n pairs of each kind; `changes` replace its fields."""
    draw = random.Random(seed)

    def values(typical: float) -> list[float]:
        return [typical * draw.lognormvariate(0, 0.05) for _ in range(n)]

    quantities = [
        {"group": group, "row": row, "column": column, "unit": "s", "scale": scale, "values": values(typical),
         "reason": "", "absent": False}
        for group, row, column, typical, scale in TYPICAL
    ]  # fmt: skip
    interpreter = {"group": "costs", "row": "interpreter, create, run and close", "column": "cost of one"}
    quantities.append({**interpreter, "unit": "s", "scale": "log", "values": [], "reason": ABSENT, "absent": True})
    cores = {"group": "cores", "row": "core 1 against core 0", "column": "time against the first core"}
    quantities.append({**cores, "unit": "x", "scale": "log", "values": values(1.0), "reason": "", "absent": False})
    return {
        "kind": "calibration",
        "schema": 1,
        "tool": "when-async",
        "tool_version": "0.1.0",
        "date": "2026-11-22T15:00:00+00:00",
        "node_id": NODE,
        "machine": {"node_id": NODE, "system": "Linux 6.18", "cpu": "AMD EPYC 9B14", "cores": 2, "virtual": "kvm"},
        "interpreter": {"implementation": "CPython", "version": "3.11.7", "gil": True},
        "quick": False,
        "processes": n,
        "seconds": 25.5,
        "surroundings": {
            "cores_usable": [0, 1], "cores_online": 2, "quota_cores": None, "governors": [], "siblings": [[0], [1]],
            "clock_source": "tsc", "perf_paranoid": 2, "perf_hardware": False, "load": [0.1, 0.2, 0.3],
        },
        "idle_noise": {"steal_s": 0.0, "pressure_s": 0.001, "throttled_s": 0.0, "window_s": 1.0},
        "busy_noise": {"steal_s": 0.01, "pressure_s": 0.5, "throttled_s": 0.0, "window_s": 24.0},
        "quantities": quantities,
        "pairs": [pair(draw, pinned) for _ in range(n) for pinned in (True, False)],
        "absent": [],
        "failures": [],
    } | changes  # fmt: skip


LIMIT = "vm.max_map_count is 65530 and a thread takes two mappings"
REFUSED = "interpreters needs Python 3.14 or newer, this is 3.11.7"
COSTS: tuple[tuple[str, str, float, int, str, str], ...] = (
    ("multiprocessing", "processes", 2.1 * 2**20, 128, "limit", "64 processes a core on 2 cores is the most we start"),
    ("asyncio", "asyncio", 2300.0, 1_000_000, "top", "no more were asked for"),
    ("threading", "threads", 18.0 * 1024, 31_765, "limit", LIMIT),
    ("curio", "trio", 3400.0, 10_000, "error", "at 100 000: ValueError: filedescriptor out of range in select()"),
)
"""Runner, family, bytes of one more in flight, the most reached, what stopped it."""


def costs(n: int = 8, seed: int = 2, **changes: Any) -> dict[str, Any]:
    """The costs of a few runners, each figure from n processes; `changes` replace fields."""
    draw = random.Random(seed)

    def figure(name: str, in_flight: int, typical: float, unit: str = "s", scale: str = "log") -> dict[str, Any]:
        values = [typical * draw.lognormvariate(0, 0.05) for _ in range(n)]
        return {"figure": name, "in_flight": in_flight, "unit": unit, "scale": scale, "values": values}

    def at_one() -> list[dict[str, Any]]:
        return [figure("launch", 1, 0.06), figure("startup", 1, 0.002), figure("op", 1, 60e-9)]

    runners = []
    for name, family, each, reached, cause, reason in COSTS:
        many = min(1000, reached)
        quantities = [*at_one(), figure("startup", many, 0.1), figure("op", many, 1e-6)]
        quantities.append(figure("memory", min(10_000, reached), each, "bytes", "linear"))
        rungs = [{"in_flight": rung, "seconds": 1.0, "spread_s": 0.1, "peak_bytes": 1} for rung in (10, reached)]
        ladder = {"cause": cause, "reason": reason, "rungs": rungs}
        runners.append(cost_of(name, family, ladder, quantities))
    serial = {"cause": "serial", "reason": "serves one op at a time", "rungs": []}
    runners.append(cost_of("sync", "sync", serial, at_one()))
    runners.append(cost_of("interpreters", "interpreters", {"cause": "refused", "reason": REFUSED, "rungs": []}, []))
    return {
        "date": "2026-11-21T15:00:00+00:00",
        "python": "CPython 3.11.7",
        "quick": False,
        "processes": n,
        "seconds": 480.0,
        "interrupted": False,
        "runners": runners,
        "failures": [],
    } | changes


def cost_of(name: str, family: str, ladder: dict[str, Any], quantities: list[dict[str, Any]]) -> dict[str, Any]:
    versions = {"curio": "1.6"} if name == "curio" else {}
    return {"name": name, "family": family, "versions": versions, "ladder": ladder, "quantities": quantities,
            "reasons": {}}  # fmt: skip


def pair(draw: random.Random, pinned: bool, rounds: int = 8) -> dict[str, Any]:
    """An A/A pair: free pairs scatter ten times as much as pinned ones."""
    apart = draw.lognormvariate(0, 0.005 if pinned else 0.05)
    base = [0.003 * draw.lognormvariate(0, 0.01) for _ in range(rounds)]
    head = [0.003 * apart * draw.lognormvariate(0, 0.01) for _ in range(rounds)]
    return {"pinned": pinned, "core": 0 if pinned else None, "base_s": base, "head_s": head}


def put(folder: Path, name: str = f"calibration-{NODE}.json", **changes: Any) -> Path:
    """Write such a file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(record(**changes)), encoding="utf-8")
    return path
