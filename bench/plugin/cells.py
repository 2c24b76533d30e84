"""Cells as tests: planned on first use, measured in isolated workers and replayed to pytest-benchmark.

A comparison is measured as a whole, interleaved, when the first of its selected tests runs. The samples then go
through pytest-benchmark's public `timer` marker and `pedantic`, so that its table, JSON, compare and `-k` work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from ..model import Cell, Status, WhenAsyncError
from ..plan import PROFILES, Comparison, Contestant, Plan, build
from ..selection import ALL, CORE, catalogue, environments_for, select
from .lab import Lab, extra_info

NO_BENCHMARK = (
    "pytest-benchmark is switched off or not installed, and cells are shown through it; "
    "leave out -p no:benchmark, or pip install pytest-benchmark"
)
LAB = pytest.StashKey[Lab]()
TIMED = ("benchmark_only", "benchmark_json", "benchmark_save", "benchmark_autosave", "benchmark_enable")
"""Options of pytest-benchmark that ask for figures."""


class InnerClock:
    """A virtual clock for pytest-benchmark: 0 when a round starts, the measured makespan when it ends.

    A running sum would bring rounding errors into the table.
    """

    __name__ = "inner_makespan"

    def __init__(self) -> None:
        self.makespans: Iterator[float] = iter(())
        self._now = 0.0

    def __call__(self) -> float:
        now, self._now = self._now, 0.0
        return now

    def step(self) -> None:
        """Stands for one round: the clock's next reading is its makespan."""
        self._now = next(self.makespans)


@contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """Let the progress line through pytest's capture."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None:
        yield
        return
    with manager.global_and_fixture_disabled():
        yield


def timed(config: pytest.Config) -> bool:
    """Whether figures were asked for; otherwise every cell runs once, as a check."""
    return any(getattr(config.option, name, None) for name in TIMED)


def profile_of(config: pytest.Config) -> str:
    """The profile asked for, or the one that fits how pytest was called."""
    asked = config.getoption("--when-profile")
    return str(asked) if asked else ("quick" if config.getoption("benchmark_only", False) else "smoke")


def header(config: pytest.Config) -> str:
    """What the times of this session are, and how many there are of a cell."""
    settings = PROFILES[profile_of(config)]
    return (
        f"when-async: profile {settings.profile} ({settings.forks} processes x {settings.rounds} rounds a cell); "
        "times are inner makespans taken in isolated workers, gate open to last op done"
    )


def tell(text: str) -> None:
    """A line for the person who waits for an interpreter's environment."""
    print(text, file=sys.stderr)


def lab_of(config: pytest.Config) -> Lab:
    """The session's lab, planned on first use."""
    if LAB not in config.stash:
        settings = replace(PROFILES[profile_of(config)], pin=not config.getoption("--when-no-pin"))
        specs, asked = config.getoption("--when-workload"), config.getoption("--when-runner")
        # As a check every runner is run once; as a benchmark the core, unless others are named.
        runners = asked or ([ALL] if settings.profile == "smoke" else [CORE])
        known = catalogue(specs, runners)
        selection = select(known, specs, runners, settings.profile)
        environments = environments_for(known.modules(runners), config.getoption("--when-python"), tell)
        plan = build(selection.points, selection.runners, environments, settings)
        if settings.profile == "smoke" and not asked:
            plan = thinned(plan)
        config.stash[LAB] = Lab(plan, partial(uncaptured, config))
    return config.stash[LAB]


def thinned(plan: Plan) -> Plan:
    """As a check the core workloads without a server run under every runner, the others where that shows something new.

    Of the core ones a variant gets the first client library only. The others run under the core runners, and under
    models of one thread that they have a body of their own for where no core runner of the same family shows the like.
    """
    return replace(plan, comparisons=tuple(map(_thinned, plan.comparisons)))


def _thinned(comparison: Comparison) -> Comparison:
    every = comparison.workload.core and comparison.workload.service is None
    core = {each.cell.family for each in comparison.contestants if each.runner.value.core}
    kept: list[Contestant] = []
    for each in comparison.contestants:
        named = each.runner.value.one_core and each.cell.body_key.partition("/")[0] == each.cell.runner
        own = named and each.cell.family not in core
        first = all(other.cell.runner != each.cell.runner for other in kept)
        if each.runner.value.core or (first and (every or own)):
            kept.append(each)
    runners = {each.cell.runner for each in kept}
    refused = tuple(each for each in comparison.refused if every or each[0].runner in runners)
    return replace(comparison, contestants=tuple(kept), refused=refused)


def parametrise(metafunc: pytest.Metafunc) -> None:
    """One test for each cell of the plan; what a user has got wrong is told in one line, as the command line does."""
    try:
        lab = lab_of(metafunc.config)
    except WhenAsyncError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    several = len({cell.python for cell in lab.cells.values()}) > 1
    ids = [cell.id if several else cell.id.rpartition("@")[0] for cell in lab.cells.values()]
    metafunc.parametrize("cell", list(lab.cells), ids=ids)


def mark(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the tests of cells their clock, or the reason why there is no figure, and the mark of the core."""
    able = config.pluginmanager.has_plugin("benchmark")
    config.addinivalue_line("markers", "core: a cell of one of the first few workloads; -m core keeps to these")
    for item in items:
        if is_core(item, config):
            item.add_marker(pytest.mark.core)
        if not able:
            item.add_marker(pytest.mark.skip(NO_BENCHMARK))
        else:
            item.add_marker(pytest.mark.benchmark(timer=InnerClock(), disable_gc=False))


def is_core(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether an item is a cell of one of the first few workloads."""
    if not isinstance(item, pytest.Function) or "cell" not in item.callspec.params:
        return False
    lab = lab_of(config)
    wanted = lab.cells[str(item.callspec.params["cell"])].comparison
    return any(each.workload.core for each in lab.plan.comparisons if each.id == wanted)


def cell_of(request: pytest.FixtureRequest, cell: str) -> MeasuredCell:
    """The cell of a test, not measured yet."""
    lab = lab_of(request.config)
    marker = request.node.get_closest_marker("benchmark")
    return MeasuredCell(lab, lab.cells[cell], marker.kwargs["timer"], timed(request.config))


class CellFailed(Exception):
    """A cell that has no result; the text is the reason."""


def fail_cell(reason: str) -> None:
    """Stands for a round of a cell that has no result."""
    raise CellFailed(reason)


@dataclass
class MeasuredCell:
    """The cell of one test, measured with its whole comparison when it is first asked for."""

    lab: Lab
    cell: Cell
    clock: InnerClock
    timed: bool

    def replay(self, benchmark: Any) -> None:
        """Hand the samples over; skips the test of an UNSUPPORTED cell and fails that of a FAILED one."""
        outcome = self.lab.outcome(self.cell.id)
        # Where no figures were asked for every cell runs once, to see that it is right.
        benchmark.disabled = benchmark.disabled or not self.timed
        benchmark.group = self.cell.comparison
        if outcome.status is Status.OK:
            self.clock.makespans = iter([sample.makespan_s for sample in outcome.samples])
            benchmark.extra_info.update(extra_info(self.cell, outcome.samples))
            benchmark.pedantic(self.clock.step, rounds=len(outcome.samples), iterations=1)
            return
        reason = f"{outcome.status}: {outcome.reason}"
        if outcome.status is Status.UNSUPPORTED:
            pytest.skip(reason)
        try:
            # An exception inside the benchmark tells pytest-benchmark that this one has no result.
            benchmark.pedantic(fail_cell, args=(reason,), rounds=1)
        except CellFailed as failure:
            pytest.fail(str(failure), pytrace=False)
