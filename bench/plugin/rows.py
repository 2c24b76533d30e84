"""Rows of a measurement in the table and the JSON of pytest-benchmark, where that is at work.

It gives a test one fixture and so one row; here a test has a row for each model. Each gets a fixture of its own, with a
clock that shows the times that were taken in the measured processes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ..doors.result import Result
from ..model import Phase, Status
from .cells import InnerClock

if TYPE_CHECKING:
    from ..doors.result import Row


def show(config: pytest.Config, node: Any, result: Result, number: int) -> None:
    """Hand the rows over that have figures; `number` counts the measurements of one test."""
    theirs: Any = getattr(config, "_benchmarksession", None)
    if theirs is None or theirs.disabled or theirs.skip:
        return
    for row in result.rows:
        if row.status == Status.OK:
            _show(theirs, node, result, row, f"{label(result, row)}{f' {number}' if number > 1 else ''}")


def label(result: Result, row: Row) -> str:
    """What tells this row from the others of its measurement: the model, and where there are several the rest."""
    several = len({each.concurrency for each in result.rows}) > 1
    return f"{row.contestant} c={row.concurrency}" if several else str(row.contestant)


def _show(theirs: Any, node: Any, result: Result, row: Row, named: str) -> None:
    from pytest_benchmark.fixture import BenchmarkFixture
    from pytest_benchmark.utils import NameWrapper

    frame = result.frame
    rounds = frame[(frame["cell"] == row.cell) & (frame["phase"] != Phase.WARMUP)]
    clock = InnerClock()
    clock.makespans = iter(rounds["makespan_s"].tolist())
    name, identity = (_with(text, named) for text in (node.name, node.nodeid))
    # A test that is run again shows its last run.
    theirs.benchmarks[:] = [each for each in theirs.benchmarks if each.fullname != identity]
    options = {**theirs.options, "timer": NameWrapper(clock), "disable_gc": False, "cprofile": None}
    fixture = BenchmarkFixture(
        SimpleNamespace(name=name, nodeid=identity), add_stats=theirs.benchmarks.append, logger=theirs.logger,
        warner=node.warn, disabled=False, **options,
    )  # fmt: skip
    fixture.group = row.comparison
    fixture.extra_info.update({
        "workload": row.workload, "params": dict(row.params), "concurrency": row.concurrency,
        "contestant": row.contestant, "python": row.python, "reference": row.reference, "ops": row.ops,
        "fork": rounds["fork"].tolist(), "round": rounds["round"].tolist(),
    })  # fmt: skip
    fixture.pedantic(clock.step, rounds=len(rounds), iterations=1)


def _with(test: str, named: str) -> str:
    """`test_it[tea-asyncio]` for a test with parameters, `test_it[asyncio]` for one without."""
    return f"{test[:-1]}-{named}]" if test.endswith("]") else f"{test}[{named}]"
