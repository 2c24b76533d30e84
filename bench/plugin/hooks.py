"""The pytest plugin: silent, and next to nothing to import, in a session that holds no cell of ours.

It is there in every session of an environment that has when-async installed, so all that it does hangs on tests that
ask for `measured_cell`. A project that names it with `-p` wants more: without an option of pytest-benchmark that asks
for figures, its benchmarks are run once as a check.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .cells import MeasuredCell

FIXTURE = "measured_cell"
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


def ours(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests that show a cell."""
    return [item for item in items if FIXTURE in getattr(item, "fixturenames", ())]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if __name__ not in config.known_args_namespace.plugins or not hasattr(config.option, "benchmark_disable"):
        return
    from .cells import timed

    if not timed(config):
        config.option.benchmark_disable = True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if FIXTURE in metafunc.fixturenames:
        from .cells import parametrise

        parametrise(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    cells = ours(items)
    if not cells:
        return
    from .cells import mark

    if config.getoption("benchmark_only", False):
        deselect_others(config, items)
    mark(config, cells)


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is no benchmark: pytest-benchmark would skip it, and a thousand skips would bury the table."""
    others = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ())]
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


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the machine, and the status of every cell: a failed benchmark has no other place in this file (T13)."""
    lab = lab_in(config)
    if lab is not None:
        from ..machine.fingerprint import fingerprint

        output_json["when_async"] = {"machine": fingerprint(), "cells": lab.statuses()}
