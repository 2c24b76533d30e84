"""The only pytest code: cells as tests, measured in isolated workers and replayed to pytest-benchmark.

A comparison is measured as a whole, interleaved, when the first of its selected tests runs. The samples then go
through pytest-benchmark's public `timer` marker and `pedantic`, so that its table, JSON, compare and `-k` work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bench.crew import Host, make_host
from bench.environment import Missing, NoEnvironment, default, named
from bench.experiment import Experiment
from bench.lock import machine
from bench.model import Cell, Environment, Measurement, Phase, Sample, Status
from bench.plan import PROFILES, Comparison, Plan, build
from bench.progress import Progress
from bench.quantity import QuantityError
from bench.registry import RegistryError
from bench.selection import REQUIREMENTS, catalogue, select

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


@dataclass
class Outcome:
    """What became of a cell: its measured samples and the last word on it."""

    samples: list[Sample] = field(default_factory=list)
    measurement: Measurement | None = None


@dataclass
class Lab:
    """The plan of this session and what has been measured of it; measuring is put off until a test needs it."""

    plan: Plan
    config: pytest.Config
    wanted: set[str] = field(default_factory=set)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    host: Host | None = None

    @property
    def cells(self) -> dict[str, Cell]:
        return {cell.id: cell for cell in self.plan.cells}

    def comparison_of(self, cell: Cell) -> Comparison:
        return next(each for each in self.plan.comparisons if each.id == cell.comparison)

    def outcome(self, cell_id: str) -> Outcome:
        """The outcome of a cell; measures its whole comparison, as far as it is selected, the first time."""
        if cell_id not in self.outcomes:
            self._measure(self.comparison_of(self.cells[cell_id]))
        return self.outcomes[cell_id]

    def _measure(self, comparison: Comparison) -> None:
        chosen = replace(
            comparison,
            contestants=tuple(each for each in comparison.contestants if each.cell.id in self.wanted),
            refused=tuple(each for each in comparison.refused if each[0].id in self.wanted),
        )
        plan = Plan(self.plan.settings, (chosen,))
        self.host = self.host or make_host()
        with (
            uncaptured(self.config),
            machine(wait=True, say=lambda text: print(text, file=sys.stderr)),
            Progress(plan, sys.stderr, live=sys.stderr.isatty(), quiet=not sys.stderr.isatty()) as progress,
        ):
            for event in Experiment(plan, self.host, on_step=progress.step).events():
                self._note(event)

    def _note(self, event: Any) -> None:
        if isinstance(event, Sample | Measurement):
            outcome = self.outcomes.setdefault(event.cell, Outcome())
            if isinstance(event, Measurement):
                outcome.measurement = event
            elif event.phase is Phase.MEASURE:
                outcome.samples.append(event)


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


def lab_of(config: pytest.Config) -> Lab:
    """The session's lab, planned on first use."""
    if LAB not in config.stash:
        settings = replace(PROFILES[profile_of(config)], pin=not config.getoption("--when-no-pin"))
        specs, runners = config.getoption("--when-workload"), config.getoption("--when-runner")
        known = catalogue(specs, runners)
        selection = select(known, specs, runners, settings.profile)
        pythons = config.getoption("--when-python")
        environments: list[Environment | Missing] = (
            named(pythons, known.modules, requirements=REQUIREMENTS, progress=lambda text: print(text, file=sys.stderr))
            if pythons
            else [default(known.modules)]
        )
        config.stash[LAB] = Lab(build(selection.points, selection.runners, environments, settings), config)
    return config.stash[LAB]


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    able = config.pluginmanager.has_plugin("benchmark")
    for item in items:
        if FIXTURE not in getattr(item, "fixturenames", ()):
            continue
        if not able:
            item.add_marker(pytest.mark.skip(NO_BENCHMARK))
        else:
            item.add_marker(pytest.mark.benchmark(timer=InnerClock(), disable_gc=False))


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        if FIXTURE in getattr(item, "fixturenames", ()) and isinstance(item, pytest.Function):
            lab_of(session.config).wanted.add(str(item.callspec.params["cell"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    lab = config.stash.get(LAB, None)
    if lab and lab.host:
        lab.host.reaper.close()


@dataclass
class MeasuredCell:
    """A cell that came out OK, ready to be handed to pytest-benchmark."""

    cell: Cell
    samples: list[Sample]
    clock: InnerClock

    def replay(self, benchmark: Any) -> None:
        """Hand the samples over, and what its JSON has no place for."""
        self.clock.makespans = iter([sample.makespan_s for sample in self.samples])
        benchmark.group = self.cell.comparison
        benchmark.extra_info.update(self._extra())
        benchmark.pedantic(self.clock.step, rounds=len(self.samples), iterations=1)

    def _extra(self) -> dict[str, Any]:
        samples = self.samples
        return {
            "workload": self.cell.workload,
            "params": dict(self.cell.params),
            "concurrency": self.cell.concurrency,
            "contestant": self.cell.contestant,
            "python": self.cell.python,
            "reference": self.cell.reference,
            "ops": samples[0].ops_ok,
            "answer": samples[0].answer,
            "digest": samples[0].digest,
            "affinity": [list(sample.affinity) for sample in samples],
            "fork": [sample.fork for sample in samples],
            "round": [sample.round for sample in samples],
            "start_ns": [sample.start_ns for sample in samples],
            "pid": [sample.pid for sample in samples],
            "cpu_s": [sample.cpu_user_s + sample.cpu_system_s for sample in samples],
            "stall_max_s": [sample.stall_max_s for sample in samples],
        }


@pytest.fixture
def measured_cell(request: pytest.FixtureRequest, cell: str) -> MeasuredCell:
    """The measured cell of this test; skips it when UNSUPPORTED and fails it when FAILED, with the reason."""
    lab = lab_of(request.config)
    outcome = lab.outcome(cell)
    last = outcome.measurement
    if last is None or last.status is not Status.OK:
        reason = f"{last.status}: {last.reason}" if last else "never decided"
        if last and last.status is Status.UNSUPPORTED:
            pytest.skip(reason)
        pytest.fail(reason, pytrace=False)
    marker = request.node.get_closest_marker("benchmark")
    return MeasuredCell(lab.cells[cell], outcome.samples, marker.kwargs["timer"])
