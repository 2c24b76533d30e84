"""Synthetic runs with every runner of the house, on several interpreters: what a full table looks like at its widest.

Times are made up from the family and the name, so that rows are spread the way real ones are; they mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from support.run_files import CellSpec
from when_async.bench.model import Cell, Params, Runner, Status
from when_async.bench.registry import collect

RUNNERS = tuple(found.value for _, found in sorted(collect("when_async.bench.runners", Runner).items()))
LIBRARIES = {"blocking": ("http.client", "requests"), "async": ("aiohttp", "httpx")}
WAITS_S = {"sync": 4e-5, "threads": 6e-5, "greenlets": 3e-5, "processes": 9e-5, "interpreters": 8e-5, "asyncio": 3.5e-5,
           "uvloop": 2e-5, "trio": 7e-5, "distributed": 6e-4}  # fmt: skip
PARALLEL = ("processes", "interpreters", "distributed")


def scatter(*names: object) -> float:
    """A factor around 1 that is always the same for the same names."""
    return Random("/".join(map(str, names))).lognormvariate(0.0, 0.25)


def cell_of(runner: Runner, workload: str, params: Params, concurrency: int, python: str, library: str = "") -> Cell:
    """The cell of one runner, the reference where it is `sync` (with its first library)."""
    asked = {name.partition("_")[0]: setting for name, setting in params.items()} | {"c": concurrency}
    inside = ",".join(f"{name}={setting}" for name, setting in asked.items())
    return Cell(
        workload=workload, params=params, concurrency=concurrency, runner=runner.name, library=library, python=python,
        comparison=f"{workload}[{inside}]", family=runner.family, one_core=runner.one_core,
        reference=runner.name == "sync" and library in ("", LIBRARIES["blocking"][0]),
    )  # fmt: skip


def refused(spec_of: Runner, python: str) -> str:
    """Why a runner is not on an interpreter, in the words of the registry."""
    version = (3, int(python.partition(".")[2].rstrip("t")))
    if version < spec_of.minimum_python:
        return f"{spec_of.name} needs Python 3.{spec_of.minimum_python[1]} or newer, this is {python}"
    if spec_of.newest_python and version > spec_of.newest_python:
        return f"{spec_of.name} runs up to Python 3.{spec_of.newest_python[1]}: {spec_of.newest_why}"
    return ""


def spec(runner: Runner, cell: Cell, makespan_s: float, ops: int, **more: object) -> CellSpec:
    """A cell with its typical times, or with the reason why it has none."""
    reason = refused(runner, cell.python)
    status = Status.UNSUPPORTED if reason else Status.OK
    return CellSpec(cell, makespan_s, ops, status=status, reason=reason, digest=cell.comparison[:4], **more)  # type: ignore[arg-type]


def sleeping(python: str, concurrency: int) -> list[CellSpec]:
    """10 ms waits, ten a slot."""
    ops = 10 * concurrency
    return [
        spec(
            runner,
            cell_of(runner, "sleep", {"wait_s": 0.01, "n": ops}, concurrency, python),
            (0.01 * ops if runner.serial else 0.1) + ops * WAITS_S[runner.family] * scatter(runner.name, concurrency),
            ops,
            headline="overhead",
            ideal_s=0.01 * ops if runner.serial else 0.1,
            serial_ideal_s=0.01 * ops,
        )
        for runner in RUNNERS
    ]


def fetching(python: str, concurrency: int) -> list[CellSpec]:
    """GETs by every runner with each of two client libraries of its kind."""
    ops, specs = 20 * concurrency, []
    for runner in RUNNERS:
        kind = "async" if runner.one_core and runner.family in ("asyncio", "uvloop", "trio") else "blocking"
        for place, library in enumerate(LIBRARIES[kind]):
            own_s = 8 * WAITS_S[runner.family] * scatter(runner.name, library, concurrency // 50) * (1 + place)
            makespan_s = ops * own_s + (0.02 * ops if runner.serial else 0.4)
            cell = cell_of(runner, "http_fetch", {"body_bytes": 4096, "n": ops}, concurrency, python, library)
            specs.append(spec(runner, cell, makespan_s, ops, capacity_per_s=40_000.0))
    return specs


def searching(python: str, concurrency: int = 2, cores: int = 2) -> list[CellSpec]:
    """CPU-bound units: processes, interpreters and free threads use every core, the rest one."""
    specs = []
    for runner in RUNNERS:
        threads = runner.family == "threads" or (not runner.one_core and runner.family not in ("sync", *PARALLEL))
        side_by_side = runner.family in PARALLEL or (threads and python.endswith("t"))
        makespan_s = 0.4 * (1.12 if python.endswith("t") else 1.0) * (1 + 0.1 * (scatter(runner.name) - 1))
        cell = cell_of(runner, "grid_search", {"unit_s": 0.005, "n": 80}, concurrency, python)
        specs.append(spec(runner, cell, makespan_s / (0.93 * cores if side_by_side else 1.0), 80))
    return specs


def crowd(pythons: Sequence[str] = ("3.14", "3.14t")) -> list[CellSpec]:
    """Every runner on every interpreter: waits and fetches at three concurrencies, and a search."""
    return [
        each
        for python in pythons
        for each in (
            *(each for concurrency in (10, 100, 1000) for each in sleeping(python, concurrency)),
            *(each for concurrency in (20, 100, 500) for each in fetching(python, concurrency)),
            *searching(python),
        )
    ]
