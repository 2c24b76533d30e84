"""PostgreSQL's bodies do equal work over as many connections as ops in flight; test_database_sqlite has the oracle."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from http_service import HttpService
from test_database_sqlite import FakeKit, started

from when_async.bench.model import Unsuited
from when_async.workloads.bodies.database import ROWS, check, expect, make_items, observe, row_of
from when_async.workloads.database_postgres import DATABASE_POSTGRES, ENTER, LOOK, ideal_s, numbered, read_statement
from when_async.workloads.servers.postgres_programs import Absent, find

PARAMS = {"n": 60, "writes": 50, "query_s": 0.0, "rows": ROWS}
ITEMS = make_items(PARAMS, seed=1)
SLOW = {"n": 8, "writes": 0, "query_s": 0.005, "rows": ROWS}
ASYNC = [key for key in DATABASE_POSTGRES.bodies if not key.startswith("blocking/")]
COMMAND = [sys.executable, "-m", "when_async.workloads.servers.postgres"]


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpService]:
    pytest.importorskip("psycopg")
    try:
        find()
    except Absent as error:
        pytest.skip(str(error))
    with started(COMMAND) as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared server with an empty book."""
    shared.stats()
    return shared


def judged(found: list[Any]) -> str:
    return check(PARAMS, ITEMS, observe(PARAMS, ITEMS, found).results)


def test_the_blocking_body_does_the_work_over_one_connection(service: HttpService) -> None:
    with ExitStack() as stack:
        op = DATABASE_POSTGRES.bodies["blocking/psycopg"](FakeKit(stack, service.address), PARAMS)
        service.stats()
        assert judged([op(item) for item in ITEMS]) == "30 rows and 30 transactions"
        assert service.stats() == {"entries": 30, "ops": 30, "counted": 30, "connections": 1}


def test_threads_with_a_connection_each_lose_no_update(service: HttpService) -> None:
    found: list[Any] = [None] * len(ITEMS)
    crowded = [(index, key, 1 if counter else 0) for index, key, counter in ITEMS]

    def work(first: int) -> None:
        with ExitStack() as stack:
            op = DATABASE_POSTGRES.bodies["blocking/psycopg"](FakeKit(stack, service.address), PARAMS)
            for place in range(first, len(ITEMS), 4):
                found[place] = op(crowded[place])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(PARAMS, crowded, observe(PARAMS, crowded, found).results)
    assert expect(PARAMS, 4, {**service.stats(), "connections": 4}) is None


async def run(op: Any, items: list[Any], in_flight: int) -> list[Any]:
    """All ops, so many at once."""
    work, found = iter(items), {}

    async def pull() -> None:
        for item in work:
            found[item[0]] = await op(item)

    await asyncio.gather(*(pull() for _ in range(in_flight)))
    return [found[index] for index in range(len(items))]


@pytest.mark.parametrize("key", ASYNC)
async def test_an_async_body_does_the_work_over_no_more_connections_than_ops_in_flight(
    key: str, service: HttpService
) -> None:
    pytest.importorskip(key.partition("/")[2].partition("_")[0])
    async with AsyncExitStack() as stack:
        op = await DATABASE_POSTGRES.bodies[key](FakeKit(stack, service.address, in_flight=4), PARAMS)
        service.stats()
        judged(await run(op, ITEMS, 4))
        stats = service.stats()
    assert expect(PARAMS, 4, stats) is None
    # What blocks the loop never needs a second connection, however many it has.
    assert stats["connections"] == (1 if key.endswith("_sync") else 4)


@pytest.mark.parametrize("key", ASYNC)
async def test_a_slow_query_gives_the_same_row_and_takes_no_less_than_it_was_asked_for(
    key: str, service: HttpService
) -> None:
    pytest.importorskip(key.partition("/")[2].partition("_")[0])
    items = make_items(SLOW, seed=1)
    async with AsyncExitStack() as stack:
        op = await DATABASE_POSTGRES.bodies[key](FakeKit(stack, service.address, in_flight=2), SLOW)
        seen = observe(SLOW, items, await run(op, items, 2))
    assert check(SLOW, items, seen.results) == "8 rows"
    assert min(seen.latencies_ns) >= ideal_s({**SLOW, "n": 1}, 1) * 1e9


def test_drivers_give_rows_of_one_type(service: HttpService) -> None:
    with ExitStack() as stack:
        op = DATABASE_POSTGRES.bodies["blocking/psycopg"](FakeKit(stack, service.address), PARAMS)
        row, _ = op((0, 5, 0))
    assert repr(row) == repr(row_of(5))


async def test_statements_are_prepared_before_the_first_op(service: HttpService) -> None:
    psycopg = pytest.importorskip("psycopg")
    with ExitStack() as stack:
        entered: list[Any] = []
        kit = FakeKit(stack, service.address)
        enter = kit.enter
        kit.enter = lambda resource: entered.append(resource) or enter(resource)  # type: ignore[method-assign]
        op = DATABASE_POSTGRES.bodies["blocking/psycopg"](kit, PARAMS)
        prepared = [row[0] for row in entered[0].execute("SELECT statement FROM pg_prepared_statements ORDER BY 1")]
        for item in ITEMS[:4]:
            op(item)
        again = [row[0] for row in entered[0].execute("SELECT statement FROM pg_prepared_statements ORDER BY 1")]
        assert isinstance(entered[0], psycopg.Connection)
    own = {numbered(statement) for statement in (read_statement(PARAMS), LOOK, ENTER)}
    assert own <= set(prepared)
    assert [statement for statement in again if "pg_prepared" not in statement] == [
        statement for statement in prepared if "pg_prepared" not in statement
    ]


async def test_the_bad_example_without_psycopg_is_unsuited_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    async with AsyncExitStack() as stack:
        kit = FakeKit(stack, "/nowhere", in_flight=2)
        with pytest.raises(Unsuited, match=r"pip install 'when-async\[postgres\]'"):
            await DATABASE_POSTGRES.bodies["async/psycopg_sync"](kit, PARAMS)


def test_placeholders_are_numbered_in_order() -> None:
    assert numbered("UPDATE a SET b = %s WHERE c = %s") == "UPDATE a SET b = $1 WHERE c = $2"
    assert numbered("COMMIT") == "COMMIT"


@pytest.mark.parametrize(
    ("change", "in_flight", "ideal"),
    [({}, 1, 1.2), ({}, 10, 0.12), ({}, 50, 0.04), ({"writes": 50}, 10, 0.06), ({"query_s": 0.0}, 1, 0.0)],
)
def test_the_ideal_time_is_a_share_of_the_slow_queries(change: dict[str, Any], in_flight: int, ideal: float) -> None:
    params = {**PARAMS, "writes": 0, "query_s": 0.02, **change}
    assert ideal_s(params, in_flight) == pytest.approx(0.99 * ideal)
