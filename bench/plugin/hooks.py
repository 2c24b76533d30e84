"""The only pytest code: cells as tests, measured in isolated workers and replayed to pytest-benchmark.

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

from ..environments.interpreters import NoEnvironment
from ..machine.fingerprint import fingerprint
from ..model import Cell, Status
from ..plan import PROFILES, Comparison, Contestant, Plan, build
from ..quantity import QuantityError
from ..registry import RegistryError
from ..selection import ALL, CORE, catalogue, environments_for, select
from .lab import Lab, extra_info

FIXTURE = "measured_cell"
NO_BENCHMARK = (
    "pytest-benchmark is switched off or not installed, and cells are shown through it; "
    "leave out -p no:benchmark, or pip install pytest-benchmark"
)


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


LAB = pytest.StashKey[Lab]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("when-async", "concurrency models, measured in isolated workers")
    group.addoption(
        "--when-profile",
        choices=list(PROFILES),
        help="grid and repetitions; default: quick with --benchmark-only, else smoke",
    )
    group.addoption(
        "--when-workload",
        action="append",
        default=[],
        metavar="NAME",
        help="a workload, a point such as 'sleep[wait=1ms,n=20,c=4]', or a file; repeatable",
    )
    group.addoption("--when-runner", action="append", default=[], metavar="NAME", help="a runner or a file; repeatable")
    group.addoption(
        "--when-python",
        action="append",
        default=[],
        metavar="VERSION",
        help="an interpreter for the workers; repeatable",
    )
    group.addoption("--when-no-pin", action="store_true", help="leave all cores to everybody")


def profile_of(config: pytest.Config) -> str:
    """The profile asked for, or the one that fits how pytest was called."""
    asked = config.getoption("--when-profile")
    return str(asked) if asked else ("quick" if config.getoption("benchmark_only", False) else "smoke")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "core: a cell of one of the first few workloads; -m core keeps to these")
    # Without --benchmark-only every cell runs once to see that it is right, and there is nothing to tabulate.
    wants = ("benchmark_only", "benchmark_json", "benchmark_save", "benchmark_autosave", "benchmark_enable")
    if hasattr(config.option, "benchmark_disable") and not any(getattr(config.option, name, None) for name in wants):
        config.option.benchmark_disable = True


def pytest_report_header(config: pytest.Config) -> str:
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if FIXTURE not in metafunc.fixturenames:
        return
    try:
        lab = lab_of(metafunc.config)
    except (RegistryError, QuantityError, NoEnvironment) as error:
        # What a user has got wrong is told in one line, as the command line does.
        raise pytest.Collector.CollectError(str(error)) from None
    several = len({cell.python for cell in lab.cells.values()}) > 1
    ids = [cell.id if several else cell.id.rpartition("@")[0] for cell in lab.cells.values()]
    metafunc.parametrize("cell", list(lab.cells), ids=ids)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    able = config.pluginmanager.has_plugin("benchmark")
    if config.getoption("benchmark_only", False):
        deselect_others(config, items)
    for item in items:
        if FIXTURE not in getattr(item, "fixturenames", ()):
            continue
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


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is no benchmark: pytest-benchmark would skip it, and a thousand skips would bury the table."""
    others = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ())]
    if others:
        left_out = set(map(id, others))
        items[:] = [item for item in items if id(item) not in left_out]
        config.hook.pytest_deselected(items=others)


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        if FIXTURE in getattr(item, "fixturenames", ()) and isinstance(item, pytest.Function):
            lab_of(session.config).wanted.add(str(item.callspec.params["cell"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    lab = config.stash.get(LAB, None)
    if lab:
        lab.close()


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

    def replay(self, benchmark: Any) -> None:
        """Hand the samples over; skips the test of an UNSUPPORTED cell and fails that of a FAILED one."""
        outcome = self.lab.outcome(self.cell.id)
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


@pytest.fixture
def measured_cell(request: pytest.FixtureRequest, cell: str) -> MeasuredCell:
    """The cell of this test, not measured yet."""
    lab = lab_of(request.config)
    marker = request.node.get_closest_marker("benchmark")
    return MeasuredCell(lab, lab.cells[cell], marker.kwargs["timer"])


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the machine, and the status of every cell: a failed benchmark has no other place in this file (T13)."""
    lab = config.stash.get(LAB, None)
    if lab is not None:
        output_json["when_async"] = {"machine": fingerprint(), "cells": lab.statuses()}
