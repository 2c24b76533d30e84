"""The pytest plugin: silent, and next to nothing to import, in a session that holds no cell of ours.

It is there in every session of an environment that has when-async installed, so all that it does hangs on tests that
ask for `models` or `measured_cell`. A project that names it with `-p` wants more: without an option of pytest-benchmark
that asks for figures, its benchmarks are run once as a check.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .cells import MeasuredCell
    from .models import Models

FIXTURE, MODELS = "measured_cell", "models"
MARK = "models(forks=, ops=, runners=, in_flight=, any_result=, python=): how the fixture models measures in this test"
PROPERTY = "when-async"
"""Under this name a report has a sentence for each measurement of its test."""
ALONE = "measured in one worker at a time, as two would spoil each other; pytest-benchmark has no table under xdist"
PROFILES = ("smoke", "quick", "full")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("when-async", "concurrency models, measured in isolated workers")
    group.addoption(
        "--when-profile",
        choices=PROFILES,
        help="grid and repetitions; default: quick with --benchmark-only, else smoke",
    )
    group.addoption(
        "--when-workload",
        action="append",
        default=[],
        metavar="NAME",
        help="a workload, a point such as sleep:wait=1ms,n=20,c=4, or a file; repeatable",
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
    for name, meaning in (
        ("forks", "fresh processes per row at most for the fixture models; default: 6"),
        ("ops", "calls in a round for the fixture models; default: what takes about 0.2 s"),
        ("python", "an interpreter for the fixture models to measure in; default: this one"),
    ):
        metavar = "VERSION" if name == "python" else "N"
        group.addoption(f"--models-{name}", type=str if name == "python" else int, metavar=metavar, help=meaning)
        parser.addini(f"models_{name}", meaning)


def ours(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests that show a cell."""
    return [item for item in items if FIXTURE in getattr(item, "fixturenames", ())]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)
    if __name__ not in config.known_args_namespace.plugins or not hasattr(config.option, "benchmark_disable"):
        return
    from .cells import timed

    if not timed(config):
        config.option.benchmark_disable = True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if FIXTURE in metafunc.fixturenames:
        from .cells import parametrise

        parametrise(metafunc)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, Any, Any]:
    cells = ours(items)
    if cells:
        from .cells import mark

        if config.getoption("benchmark_only", False):
            deselect_others(config, items)
        mark(config, cells)
    chosen = any(config.getoption(name, False) for name in ("benchmark_only", "benchmark_skip"))
    # A test with the fixture models is a benchmark too, where pytest-benchmark is to run these only, or none of them.
    shown = [names for item in items if chosen and (names := measures(item)) and "benchmark" not in names]
    for names in shown:
        names.append("benchmark")
    result = yield
    for names in shown:
        names.remove("benchmark")
    return result


def measures(item: pytest.Item) -> list[str]:
    """The names of the fixtures of a test that asks for ours named models, and for no other of that name."""
    info = getattr(item, "_fixtureinfo", None)
    found = info.name2fixturedefs.get(MODELS) if info is not None else None
    return item.fixturenames if found and found[-1].func.__module__ == __name__ else []  # type: ignore[attr-defined]


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is no benchmark: pytest-benchmark would skip it, and a thousand skips would bury the table."""
    others = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ()) and not measures(item)]
    if others:
        left_out = set(map(id, others))
        items[:] = [item for item in items if id(item) not in left_out]
        config.hook.pytest_deselected(items=others)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    if not ours(items):
        return None
    from .cells import header

    return header(config)


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in ours(session.items):
        if isinstance(item, pytest.Function):
            from .cells import lab_of

            lab_of(session.config).wanted.add(str(item.callspec.params["cell"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    lab = lab_in(config)
    if lab:
        lab.close()


def lab_in(config: pytest.Config) -> Any:
    """The session's lab, if there is one."""
    cells = sys.modules.get(f"{__package__}.cells")
    return config.stash.get(cells.LAB, None) if cells else None


@pytest.fixture
def measured_cell(request: pytest.FixtureRequest, cell: str) -> MeasuredCell:
    """The cell of this test, not measured yet."""
    from .cells import cell_of

    return cell_of(request, cell)


@pytest.fixture
def models(request: pytest.FixtureRequest) -> Iterator[Models]:
    """Measure a function of yours under several concurrency models, each in fresh processes.

    `result = models(fetch, args=["tea"], runners=["threading", "asyncio"], in_flight=50)`; in an async test it is
    awaited. `result["asyncio"].faster_than("threading")` is True only beyond doubt, `.against(...)` is the ratio with
    its interval. It takes what `when_async.measure` takes, and from the mark, the command line or the settings (in this
    order) what is not given: `forks`, `ops`, `python`.
    """
    from .models import Models

    fixture = Models(request, PROPERTY)
    yield fixture
    fixture.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    said: dict[str, list[str]] = {}
    for report in (each for reports in terminalreporter.stats.values() for each in reports):
        own = [str(value) for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
        if own:
            said[report.nodeid] = own
    if not said:
        return
    terminalreporter.section("when-async")
    for test, sentences in said.items():
        for sentence in sentences:
            terminalreporter.line(f"{test}: {sentence}")
    if config.pluginmanager.has_plugin("dsession"):
        terminalreporter.line(ALONE)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the machine, and the status of every cell: a failed benchmark has no other place in this file (T13)."""
    lab = lab_in(config)
    if lab is not None:
        from ..machine.fingerprint import fingerprint

        output_json["when_async"] = {"machine": fingerprint(), "cells": lab.statuses()}
