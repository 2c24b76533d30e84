"""Both databases share an oracle that refuses any other work, and SQLite's bodies do the work on one file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from http_service import ROOT, HttpService

from when_async.bench.model import Point, WrongAnswer
from when_async.bench.quantity import QuantityError, override
from when_async.workloads.bodies.database import (
    COUNTERS,
    PRIMER,
    PRIMERS,
    ROWS,
    check,
    expect,
    make_items,
    observe,
    row_of,
)
from when_async.workloads.database_sqlite import DATABASE_SQLITE, STEPS_PER_S, connections, read_statement
from when_async.workloads.servers.sqlite_file import Book

PARAMS = {"n": 300, "writes": 50, "query_s": 0.0, "rows": ROWS}
ITEMS = make_items(PARAMS, seed=1)
WRITES = [place for place, item in enumerate(ITEMS) if item[2]]
READS = [place for place, item in enumerate(ITEMS) if not item[2]]
SEEN = {"entries": 150, "ops": 150, "counted": 150, "connections": 4}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
COMMAND = [sys.executable, "-m", "when_async.workloads.servers.sqlite_file"]


def results(base: int = 7) -> list[Any]:
    """Right results, the transactions done last to first, on counters that stood at `base`."""
    values = dict.fromkeys(range(1, COUNTERS + 1), base)
    found: list[Any] = [(row_of(key), 1000 + index) for index, key, _ in ITEMS]
    for place in reversed(WRITES):
        counter = ITEMS[place][2]
        values[counter] += 1
        found[place] = ((counter, values[counter]), 5)
    return found


def judged(found: list[Any]) -> str:
    return check(PARAMS, ITEMS, observe(PARAMS, ITEMS, found).results)


def test_right_results_are_accepted_in_whatever_order_the_transactions_came() -> None:
    assert judged(results()) == "150 rows and 150 transactions"


def test_what_is_compared_does_not_tell_who_came_first_nor_how_often_the_counters_were_raised_before() -> None:
    forward = results()
    twin: dict[int, list[int]] = {}
    for place in WRITES:
        twin.setdefault(ITEMS[place][2], []).append(place)
    for places in twin.values():
        values = sorted(forward[place][0][1] for place in places)
        for place, value in zip(places, values, strict=True):
            forward[place] = ((ITEMS[place][2], value), 9)
    told = [observe(PARAMS, ITEMS, found).results for found in (forward, results(), results(base=40))]
    assert told[0] == told[1] == told[2]


def test_latencies_are_told_once_for_each_op_and_compared_by_nobody() -> None:
    seen = observe(PARAMS, ITEMS, results())
    assert len(seen.latencies_ns) == 300
    assert seen.latencies_ns[READS[0]] == 1000 + READS[0]
    assert seen.results[READS[0]] == row_of(ITEMS[READS[0]][1])


def test_the_row_of_another_key_is_refused() -> None:
    wrong = results()
    wrong[READS[3]] = wrong[READS[4]]
    with pytest.raises(WrongAnswer, match=rf"^op {READS[3]} read .* for key {ITEMS[READS[3]][1]}, expected"):
        judged(wrong)


@pytest.mark.parametrize("change", [list, lambda row: (*row[:2], str(row[2]), row[3]), lambda row: None])
def test_a_row_of_another_type_is_refused(change: Callable[[Any], Any]) -> None:
    wrong = results()
    row, latency_ns = wrong[READS[0]]
    wrong[READS[0]] = (change(row), latency_ns)
    with pytest.raises(WrongAnswer, match=rf"^op {READS[0]} read"):
        judged(wrong)


def test_a_lost_op_is_refused() -> None:
    with pytest.raises(WrongAnswer, match=r"^299 results came back for 300 ops$"):
        judged(results()[1:])
    with pytest.raises(WrongAnswer, match=r"^299 results came back for 300 ops$"):
        check(PARAMS, ITEMS, observe(PARAMS, ITEMS, results()).results[1:])


def shared_counter() -> tuple[int, int]:
    """The first two transactions on one counter."""
    counter = ITEMS[WRITES[0]][2]
    first, second, *_ = [place for place in WRITES if ITEMS[place][2] == counter]
    return first, second


def test_a_lost_update_is_refused() -> None:
    first, second = shared_counter()
    wrong = results()
    wrong[first] = wrong[second]
    with pytest.raises(WrongAnswer, match="a transaction was lost or done twice"):
        judged(wrong)


def test_a_transaction_done_twice_is_refused() -> None:
    wrong = results()
    first, _ = shared_counter()
    (counter, value), latency_ns = wrong[first]
    wrong[first] = ((counter, value + 1), latency_ns)
    with pytest.raises(WrongAnswer, match="a transaction was lost or done twice"):
        judged(wrong)


def test_a_transaction_on_another_counter_is_refused() -> None:
    wrong = results()
    first, _ = shared_counter()
    (counter, value), latency_ns = wrong[first]
    wrong[first] = ((counter + 1, value), latency_ns)
    with pytest.raises(WrongAnswer, match=rf"^op {first} left counter {counter} at"):
        judged(wrong)


@pytest.mark.parametrize("result", [None, 7, (1, 2, 3), ("row", 5), ((3, None), 5)])
def test_what_is_no_result_is_refused_in_one_line(result: Any) -> None:
    wrong = results()
    wrong[WRITES[0]] = result
    with pytest.raises(WrongAnswer, match=rf"^op {WRITES[0]} gave .* instead of"):
        judged(wrong)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"entries": 149}, "149 transactions are in its book where 150 were asked for"),
        ({"entries": 151}, "151 transactions are in its book where 150 were asked for"),
        ({"ops": 149}, "1 of 150 transactions are in its book under the number of another op"),
        ({"counted": 151}, "its counters went up by 151 where 150 transactions were asked for"),
        ({"connections": 5}, "it saw 5 connections at work where a pool of 4 was allowed"),
    ],
)
def test_a_book_that_says_otherwise_is_complained_of(change: dict[str, int], complaint: str) -> None:
    assert expect(PARAMS, 4, {**SEEN, **change}) == complaint
    assert expect(PARAMS, 4, SEEN) is None


def test_items_follow_the_seed_and_spread_the_transactions_over_the_round_and_the_counters() -> None:
    assert make_items(PARAMS, seed=1) == ITEMS != make_items(PARAMS, seed=2)
    counters = [ITEMS[place][2] for place in WRITES]
    assert counters == [1 + place % COUNTERS for place in range(150)]
    assert max(b - a for a, b in pairwise(WRITES)) == 2
    assert all(1 <= key <= ROWS for _, key, _ in ITEMS)
    assert {key for _, key, _ in make_items({**PARAMS, "rows": 3}, seed=1)} == {1, 2, 3}


def test_no_seed_raises_the_counter_that_only_prepares() -> None:
    assert PRIMER not in {item[2] for item in ITEMS}
    assert PRIMERS[1][2] == PRIMER


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rows": ROWS + 1}, "write rows=20000"),
        ({"writes": 101}, "write writes=100"),
        ({"n": 20, "writes": 4}, "write n=25"),
        ({"writes": 100, "query_s": 0.02}, "write query=0s"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_in_one_line(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        make_items({**PARAMS, **change}, seed=1)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("label", "text"), [("writes", "101"), ("query", "2s"), ("rows", "0"), ("n", "many")])
def test_a_parameter_out_of_range_is_refused_in_one_line(label: str, text: str) -> None:
    with pytest.raises(QuantityError, match=f"^{label}={text} ") as refused:
        override(DATABASE_SQLITE, Point(4, PARAMS), {label: text})
    assert "\n" not in str(refused.value)


def test_a_slow_query_reads_the_same_row_and_counts_as_far_as_it_is_told() -> None:
    slow = read_statement({**PARAMS, "query_s": 0.001})
    assert f"x < {STEPS_PER_S // 1000}" in slow
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        Book(connection).fill()
        assert connection.execute(slow, (77,)).fetchone() == row_of(77)
        assert connection.execute(read_statement(PARAMS), (77,)).fetchone() == row_of(77)


class FakeKit:
    """A kit with a stack of its own in place of a runner's."""

    sleep = None

    def __init__(self, stack: Any, address: str, in_flight: int = 1) -> None:
        self.stack, self.address, self.in_flight = stack, address, in_flight

    def enter(self, resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return self.stack.enter_async_context(resource)
        return self.stack.enter_context(resource)


@contextmanager
def started(command: list[str]) -> Iterator[HttpService]:
    """A service that has said hello; it ends with its standard input."""
    process = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        yield HttpService(process)


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpService]:
    with started(COMMAND) as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared file with an empty book."""
    shared.stats()
    return shared


def test_the_blocking_body_does_the_work_and_the_book_has_it_once(service: HttpService) -> None:
    with ExitStack() as stack:
        op = DATABASE_SQLITE.bodies["blocking/sqlite3"](FakeKit(stack, service.address), PARAMS)
        assert judged([op(item) for item in ITEMS]) == "150 rows and 150 transactions"
    assert expect(PARAMS, 1, service.stats()) is None


def test_threads_with_a_connection_each_lose_no_update(service: HttpService) -> None:
    found: list[Any] = [None] * len(ITEMS)

    def work(first: int) -> None:
        with ExitStack() as stack:
            op = DATABASE_SQLITE.bodies["blocking/sqlite3"](FakeKit(stack, service.address), PARAMS)
            for place in range(first, len(ITEMS), 4):
                found[place] = op(ITEMS[place])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judged(found)
    assert expect(PARAMS, 4, service.stats()) is None


@pytest.mark.parametrize("key", ["asyncio/aiosqlite", "async/sqlite3"])
async def test_an_async_body_does_the_work_and_leaves_no_thread(key: str, service: HttpService) -> None:
    pytest.importorskip(key.partition("/")[2])
    before = threading.active_count()
    async with AsyncExitStack() as stack:
        op = await DATABASE_SQLITE.bodies[key](FakeKit(stack, service.address, in_flight=4), PARAMS)
        work = iter(ITEMS)
        found: dict[int, Any] = {}

        async def pull() -> None:
            for item in work:
                found[item[0]] = await op(item)

        await asyncio.gather(*(pull() for _ in range(4)))
    judged([found[index] for index in range(len(ITEMS))])
    assert expect(PARAMS, 4, service.stats()) is None
    assert threading.active_count() == before


async def test_aiosqlite_is_given_a_connection_for_each_op_in_flight(service: HttpService) -> None:
    pytest.importorskip("aiosqlite")
    before = threading.active_count()
    async with connections(service.address, 3) as opened:
        assert len(set(map(id, opened))) == 3
        assert threading.active_count() == before + 3


async def test_the_bad_example_never_lets_another_op_begin_before_its_own_ends(service: HttpService) -> None:
    async with AsyncExitStack() as stack:
        kit = FakeKit(stack, service.address, in_flight=2)
        op = await DATABASE_SQLITE.bodies["async/sqlite3"](kit, PARAMS)
        with pytest.raises(StopIteration) as ended:
            op(ITEMS[READS[0]]).send(None)
        assert ended.value.value[0] == row_of(ITEMS[READS[0]][1])


def test_the_book_strikes_out_what_it_told_and_the_counters_run_on(service: HttpService) -> None:
    with ExitStack() as stack:
        op = DATABASE_SQLITE.bodies["blocking/sqlite3"](FakeKit(stack, service.address), PARAMS)
        first = [op(item)[0] for item in ITEMS[:4]]
        assert service.stats()["entries"] == 2
        assert service.stats() == {"entries": 0, "ops": 0, "counted": 0}
        again = [op(item)[0] for item in ITEMS[:4]]
    for item, before, after in zip(ITEMS, first, again, strict=False):
        assert after == ((item[2], before[1] + 1) if item[2] else before)
    service.stats()


def lives_and_leaves(command: list[str], end: Callable[[subprocess.Popen[bytes], Path], None]) -> None:
    """Start a service in a session of its own, end it so, and see that its folder goes with it."""
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(theirs,),
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    with process, open(ours, "rb") as alive:
        folder = Path(HttpService(process).address)
        folder = folder if folder.is_dir() else folder.parent
        assert "when-async-" in folder.name
        end(process, folder)
        # The keeper holds the other end, and lets go when all is cleared.
        assert alive.read() == b""
        assert not folder.exists()


def close_input(process: subprocess.Popen[bytes], folder: Path) -> None:
    assert process.stdin is not None
    process.stdin.close()


def kill_group(process: subprocess.Popen[bytes], folder: Path) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def test_the_end_of_its_input_ends_it_and_its_folder() -> None:
    lives_and_leaves(COMMAND, close_input)


def test_its_folder_goes_when_its_whole_group_is_killed() -> None:
    lives_and_leaves(COMMAND, kill_group)
