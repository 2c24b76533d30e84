"""All units of a ladder are in flight at once, and a limit that stops them is named."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import Unsuited, WrongAnswer
from when_async.workloads import ladder
from when_async.workloads.bodies.ladder import limit as ladder_limit
from when_async.workloads.bodies.ladder.common import TOP
from when_async.workloads.bodies.ladder.limit import limited
from when_async.workloads.ladder import LADDER

PARAMS = {"n": 8, "hold_s": 0.001, "task_limit": 0, "connected": 0}
CONNECTED = {**PARAMS, "connected": 1}
ITEMS = LADDER.make_items(PARAMS, 1)


def kit(sleep: Any = time.sleep) -> Any:
    return SimpleNamespace(sleep=sleep, in_flight=8, address=None)


def judged(results: Any) -> str:
    observed = LADDER.observe(PARAMS, ITEMS, results)
    assert observed.figures["creation_s"] > 0
    return LADDER.check(PARAMS, ITEMS, observed.results)


@pytest.mark.parametrize("params", [PARAMS, CONNECTED], ids=["idle", "connected"])
@pytest.mark.parametrize("key", ["threading", "multiprocessing"])
def test_threads_and_processes_are_all_open_at_once_in_every_round(key: str, params: dict[str, Any]) -> None:
    op = LADDER.bodies[key](kit(), params)
    assert judged(op(ITEMS)) == judged(op(ITEMS)) == "8 units were in flight at once"


def on_asyncio(key: str, params: dict[str, Any]) -> str:
    async def run() -> Any:
        op = await LADDER.bodies[key](kit(asyncio.sleep), params)
        return await op(ITEMS)

    return judged(asyncio.run(run()))


def on_trio(key: str, params: dict[str, Any]) -> str:
    trio = pytest.importorskip("trio")

    async def run() -> Any:
        op = await LADDER.bodies[key](kit(trio.sleep), params)
        return await op(ITEMS)

    return judged(trio.run(run))


@pytest.mark.parametrize("params", [PARAMS, CONNECTED], ids=["idle", "connected"])
@pytest.mark.parametrize(
    ("key", "run"), [("asyncio", on_asyncio), ("anyio", on_asyncio), ("trio", on_trio), ("anyio", on_trio)]
)
def test_tasks_are_all_open_at_once(key: str, run: Callable[..., str], params: dict[str, Any]) -> None:
    pytest.importorskip(key)
    assert run(key, params) == "8 units were in flight at once"


@pytest.mark.parametrize(("key", "least"), [("threading", "Thread"), ("multiprocessing", "Process")])
def test_where_the_system_gives_no_more_the_words_say_how_many_there_were_and_the_limit(
    key: str, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import multiprocessing
    import threading

    owner: Any = threading if key == "threading" else type(multiprocessing.get_context())
    usual, given = getattr(owner, least), []

    class Scarce(usual):  # type: ignore[misc]
        def start(self) -> None:
            if len(given) == 5:
                raise (RuntimeError("can't start new thread") if key == "threading" else BlockingIOError(11, "no more"))
            given.append(self)
            super().start()

    monkeypatch.setattr(owner, least, Scarce)
    op = LADDER.bodies[key](kit(), {**PARAMS, "task_limit": 6})
    with pytest.raises(Unsuited, match=r"after 5 of 8 units, under pids\.max 6"):
        op(ITEMS)
    assert len(given) == 5


ROWS = [(index, 100 + index, 2_000_000 + index) for index in range(8)]
TOPS = [(TOP, 1000, 9000)]


def test_what_a_unit_took_is_reckoned_from_its_stamps_and_from_the_memory_at_the_top(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ladder, "LEAST_UNITS", 8)
    observed = LADDER.observe(PARAMS, ITEMS, [*reversed(ROWS), *TOPS])
    assert observed.results == ITEMS
    assert observed.figures == {"creation_s": pytest.approx(1e-9), "unit_bytes": 1000.0}


def test_the_memory_of_few_units_is_not_told() -> None:
    assert set(LADDER.observe(PARAMS, ITEMS, [*ROWS, *TOPS]).figures) == {"creation_s"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        pytest.param([*ROWS[:-1], (7, 1_500_108, 2_000_107), *TOPS], "not all units were open", id="one began late"),
        pytest.param([*ROWS[:-1], (7, 107, 500_106), *TOPS], "not all units were open", id="one ended early"),
        pytest.param(ROWS, "0 tops", id="no top"),
        pytest.param(TOPS, "0 units", id="no unit"),
    ],
)
def test_units_that_were_not_all_open_at_once_are_refused(rows: Any, complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        LADDER.observe(PARAMS, ITEMS, rows)


def test_a_timer_that_counts_from_the_beginning_of_its_turn_may_end_a_millisecond_early() -> None:
    params = {**PARAMS, "hold_s": 0.05}
    early = [(index, 100 + index, 49_100_000 + index) for index in range(8)]
    assert LADDER.observe(params, ITEMS, [*early, *TOPS]).results == ITEMS
    too_early = [(index, began, ended - 200_000) for index, began, ended in early]
    with pytest.raises(WrongAnswer, match="not all units were open"):
        LADDER.observe(params, ITEMS, [*too_early, *TOPS])


@pytest.mark.parametrize(
    "results", [ITEMS[:-1], [*ITEMS, 7], [0, *ITEMS[:-1]], [*ITEMS[:-1], 9]], ids=["lost", "extra", "doubled", "other"]
)
def test_a_unit_that_is_lost_or_came_back_twice_is_refused(results: list[int]) -> None:
    with pytest.raises(WrongAnswer):
        LADDER.check(PARAMS, ITEMS, results)


def test_the_ideal_is_the_hold() -> None:
    assert LADDER.ideal_s is not None
    assert LADDER.ideal_s({**PARAMS, "hold_s": 0.25}, 8) == 0.25


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the control groups of the system; this process is in its root."""
    root = tmp_path / "pids"
    root.mkdir()
    monkeypatch.setattr(ladder_limit, "GROUPS", (root,))
    monkeypatch.setattr(ladder_limit, "group_of_this_process", lambda root: "/")
    # A control group has its files by itself and is removed with them.
    monkeypatch.setattr(Path, "rmdir", lambda path: [*(file.unlink() for file in path.iterdir()), os.rmdir(path)])
    return root


def test_without_a_limit_no_group_is_made(groups: Path) -> None:
    with limited(PARAMS):
        assert list(groups.iterdir()) == []


def test_a_limit_is_a_group_of_its_own_that_is_left_and_removed_at_the_end(groups: Path) -> None:
    me = str(os.getpid())
    with limited({**PARAMS, "task_limit": 512}):
        (group,) = groups.iterdir()
        assert (group / "pids.max").read_text() == "512"
        assert (group / "cgroup.procs").read_text() == me
    assert not group.exists()
    assert (groups / "cgroup.procs").read_text() == me


def test_groups_of_processes_that_have_gone_are_removed(groups: Path) -> None:
    stale, alive = groups / "when-async-4194305", groups / f"when-async-{os.getppid()}"
    stale.mkdir()
    alive.mkdir()
    with limited({**PARAMS, "task_limit": 512}):
        assert not stale.exists()
        assert alive.exists()


def test_where_no_group_may_be_made_the_row_says_why(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mkdir(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(Unsuited, match=r"a limit of 512 tasks cannot be set here .*Operation not permitted"):  # noqa: SIM117
        with limited({**PARAMS, "task_limit": 512}):
            raise AssertionError("it went on without the limit")
