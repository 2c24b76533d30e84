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
    ("clocks", "resource.getrusage", "cost of a call", 800e-9, "log"),
    ("waits", "time.sleep", "50 µs", 68e-6, "linear"),
    ("waits", "time.sleep", "1 ms", 76e-6, "linear"),
    ("waits", "select.epoll", "50 µs", 1.04e-3, "linear"),
    ("waits", "select.epoll", "1 ms", 95e-6, "linear"),
    ("models", "sync", "late", 76e-6, "linear"),
    ("models", "asyncio", "op", 4e-6, "linear"),
    ("models", "asyncio", "late", 74e-6, "linear"),
    ("models", "asyncio", "wave", 36e-6, "linear"),
    ("models", "multiprocessing", "chunk", 60e-6, "linear"),
    ("models", "multiprocessing", "start of a place", 2e-3, "linear"),
)
ABSENT = "not on this system"


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
    used = {"group": "clocks", "row": "resource.getrusage", "column": "smallest step"}
    quantities.append({**used, "unit": "s", "scale": "log", "values": [], "reason": ABSENT, "absent": True})
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
