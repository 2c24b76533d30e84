"""Synthetic cells of the decision map: a loop leads where ops wait, processes where they compute."""

from __future__ import annotations

from support.run_files import CellSpec, make_cell

POINTS = ((0.0, 8), (0.5, 8), (0.9, 8), (0.9, 32), (0.99, 32))
SIZE_S = 0.001
OPS = 96


def mixed_cells(python: str = "3.11", level: bool = False) -> list[CellSpec]:
    """Five points of 96 ops of 1 ms; with `level` the loop and the threads cannot be told apart where ops wait."""
    specs = []
    for share, concurrency in POINTS:
        wait_s, cpu_s = round(SIZE_S * share, 9), round(SIZE_S * (1 - share), 9)
        params = {"wait_s": wait_s, "cpu_s": cpu_s, "n": OPS}
        place = f"mixed[wait={share}ms,n={OPS},c={concurrency}]"
        one_core_s = max(OPS * cpu_s, OPS / concurrency * SIZE_S)
        typical = {
            "sync": OPS * SIZE_S,
            "threading": one_core_s * (1.0 if level else 1.3) + 0.001,
            "multiprocessing": max(OPS * cpu_s / 2, OPS / concurrency * SIZE_S) * 1.05 + 0.004,
            "asyncio": one_core_s + 0.001,
        }
        for runner, makespan_s in typical.items():
            cell = make_cell("mixed", runner, place, params, concurrency, python=python, reference=runner == "sync")
            specs.append(CellSpec(cell, makespan_s=makespan_s, ops=OPS, digest="m1", ideal_s=None))
    return specs
