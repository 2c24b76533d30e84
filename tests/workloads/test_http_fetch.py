"""The HTTP workload does equal work with every client, and its oracle refuses anything else."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from http.client import HTTPConnection, HTTPException, NotConnected
from typing import Any
from zlib import crc32

import pytest
from http_service import ENVIRONMENT, ROOT, HttpService, http_service

from when_async.bench.model import Unsuited, WrongAnswer
from when_async.workloads.bodies.fetch.common import IDLE_S, Place
from when_async.workloads.bodies.fetch.httpx_ import options, refuse_eager_tasks
from when_async.workloads.http_fetch import HTTP_FETCH, VARIANTS, body, expect, ideal_s, make_items

PARAMS = {"n": 130, "delay_s": 0.001, "body_bytes": 1024, "tls": 0}
ITEMS = make_items(PARAMS, seed=1)
RIGHT = [(200, 1024, crc32(body(1024, index % VARIANTS))) for index, _ in ITEMS]
SEEN = {"requests": 130, "bytes": 130 * 1024, "connections": 4, "peak_in_flight": 4}
BLOCKING = [key for key in HTTP_FETCH.bodies if key.startswith("blocking/")]


class FakeKit:
    """A kit with a stack of its own in place of a runner's."""

    sleep = None

    def __init__(self, enter: Any, address: str, in_flight: int = 1) -> None:
        self.enter, self.address, self.in_flight = enter, address, in_flight


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpService]:
    pytest.importorskip("granian")
    pytest.importorskip("uvloop")
    with http_service() as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared server with its counts at zero."""
    shared.stats()
    return shared


@pytest.mark.parametrize("key", BLOCKING)
def test_a_blocking_body_does_the_work_over_one_connection(key: str, service: HttpService) -> None:
    pytest.importorskip(key.partition("/")[2])
    with ExitStack() as stack:
        op = HTTP_FETCH.bodies[key](FakeKit(stack.enter_context, service.address), PARAMS)
        results = [op(item) for item in ITEMS]
    assert HTTP_FETCH.check(PARAMS, ITEMS, results) == "130 bodies of 1024 B"
    assert expect(PARAMS, 1, service.stats()) is None


async def test_the_async_body_does_the_work_over_no_more_connections_than_ops_in_flight(service: HttpService) -> None:
    pytest.importorskip("aiohttp")
    async with AsyncExitStack() as stack:
        kit = FakeKit(stack.enter_async_context, service.address, in_flight=4)
        op = await HTTP_FETCH.bodies["asyncio/aiohttp"](kit, PARAMS)
        results = await asyncio.gather(*map(op, ITEMS))
    HTTP_FETCH.check(PARAMS, ITEMS, results)
    assert expect(PARAMS, 4, service.stats()) is None


@pytest.mark.parametrize("key", ["asyncio/httpx", "trio/httpx"])
def test_the_async_body_of_httpx_has_one_connection_for_each_op_in_flight(key: str, service: HttpService) -> None:
    """On the loop of its key, 130 requests by four workers."""
    pytest.importorskip("httpx")
    library = pytest.importorskip(key.partition("/")[0])

    async def fetch() -> list[Any]:
        results: list[Any] = [None] * len(ITEMS)
        left = list(enumerate(ITEMS))

        async def work() -> None:
            while left:
                place, item = left.pop()
                results[place] = await op(item)

        async with AsyncExitStack() as stack:
            kit = FakeKit(stack.enter_async_context, service.address, in_flight=4)
            op = await HTTP_FETCH.bodies[key](kit, PARAMS)
            if library is asyncio:
                await asyncio.gather(*(work() for _ in range(4)))
            else:
                async with library.open_nursery() as nursery:
                    for _ in range(4):
                        nursery.start_soon(work)
        return results

    results = asyncio.run(fetch()) if library is asyncio else library.run(fetch)
    HTTP_FETCH.check(PARAMS, ITEMS, results)
    assert expect(PARAMS, 4, service.stats()) is None


def test_httpx_drops_no_idle_connection_between_rounds() -> None:
    pytest.importorskip("httpx")
    limits = options(Place("http://127.0.0.1:1", ""))["limits"]
    assert (limits.max_connections, limits.max_keepalive_connections, limits.keepalive_expiry) == (1, 1, IDLE_S)


def test_no_body_of_httpx_is_offered_to_curio_which_httpx_does_not_know() -> None:
    assert not any(key.startswith(("async/", "curio")) for key in HTTP_FETCH.bodies)


async def test_the_async_body_keeps_idle_connections_while_others_have_their_turn() -> None:
    pytest.importorskip("aiohttp")
    async with AsyncExitStack() as stack:
        entered = []

        def enter(session: Any) -> Any:
            entered.append(session)
            return stack.enter_async_context(session)

        await HTTP_FETCH.bodies["asyncio/aiohttp"](FakeKit(enter, "127.0.0.1:1", in_flight=7), PARAMS)
        connector = entered[0].connector
        assert (connector.limit, connector._keepalive_timeout) == (7, IDLE_S)


def test_http_client_raises_when_a_kept_alive_connection_drops() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        server = threading.Thread(target=answer_once)
        server.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        op = HTTP_FETCH.bodies["blocking/http.client"](FakeKit(stack.enter_context, address), PARAMS)
        assert op(ITEMS[0]) == (200, 2, crc32(b"ok"))
        server.join()
        with pytest.raises((HTTPException, OSError)):
            op(ITEMS[1])
        with pytest.raises(NotConnected):
            op(ITEMS[2])


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_no_client_sends_loopback_traffic_to_a_proxy(
    library: str, service: HttpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(library)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        op = HTTP_FETCH.bodies[f"blocking/{library}"](FakeKit(stack.enter_context, service.address), PARAMS)
        assert op(ITEMS[0]) == RIGHT[0]


def test_the_workload_loads_no_client_library_by_itself() -> None:
    clients = {"aiohttp", "http", "httpx", "requests", "socket"}
    code = f"import sys, when_async.workloads.http_fetch; print(sorted({clients} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_items_carry_a_ready_path_with_the_delay_in_microseconds() -> None:
    assert ITEMS[:2] == [(0, "/1000/1024/0"), (1, "/1000/1024/1")]
    assert len(ITEMS) == 130


def test_a_body_has_the_size_asked_for_and_all_variants_differ() -> None:
    bodies = [body(100, variant) for variant in range(VARIANTS)]
    assert {len(b) for b in bodies} == {100}
    assert len(set(bodies)) == VARIANTS
    assert body(99, 0) != body(100, 0)[:99]


def test_the_oracle_accepts_the_right_replies() -> None:
    assert HTTP_FETCH.check(PARAMS, ITEMS, RIGHT) == "130 bodies of 1024 B"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ((503, *RIGHT[66][1:]), "status is 503, expected 200"),
        ((200, 1023, crc32(body(1024, 2)[:-1])), "length is 1023, expected 1024"),
        (RIGHT[3], "CRC-32 of the body is"),
        (None, "no reply, got NoneType"),
        ("200", "no reply, got str"),
        (RIGHT[66][:2], "no reply, got tuple"),
        (list(RIGHT[66]), "got list, expected tuple"),
    ],
)
def test_the_oracle_names_the_first_wrong_op(wrong: Any, complaint: str) -> None:
    results: list[Any] = list(RIGHT)
    results[66] = results[99] = wrong
    with pytest.raises(WrongAnswer, match=r"op 66 \(GET /1000/1024/66\): " + complaint):
        HTTP_FETCH.check(PARAMS, ITEMS, results)


@pytest.mark.parametrize("results", [RIGHT[:-1], [*RIGHT, RIGHT[0]], []])
def test_the_oracle_refuses_a_missing_or_an_extra_reply(results: list[Any]) -> None:
    with pytest.raises(WrongAnswer, match=f"{len(results)} replies came back for 130 requests"):
        HTTP_FETCH.check(PARAMS, ITEMS, results)


def test_two_replies_in_each_others_place_are_refused() -> None:
    with pytest.raises(WrongAnswer, match="op 0 "):
        HTTP_FETCH.check(PARAMS, ITEMS, [RIGHT[1], RIGHT[0], *RIGHT[2:]])


def test_a_server_that_saw_the_work_asked_for_raises_no_complaint() -> None:
    assert expect(PARAMS, 4, SEEN) is None
    assert expect(PARAMS, 4, {**SEEN, "connections": 1, "peak_in_flight": 1}) is None


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        ({"requests": 129}, "129 requests where 130"),
        ({"requests": 131}, "131 requests where 130"),
        ({"bytes": 130 * 1024 - 1}, "body bytes"),
        ({"connections": 5}, "5 connections where a pool of 4"),
        ({"peak_in_flight": 5}, "5 requests at once where 4"),
    ],
)
def test_a_server_that_saw_other_work_raises_a_complaint(seen: dict[str, int], complaint: str) -> None:
    assert complaint in (expect(PARAMS, 4, {**SEEN, **seen}) or "")


def test_a_client_that_connects_for_each_op_is_found_out(service: HttpService) -> None:
    for _, path in ITEMS:
        with closing(HTTPConnection(service.address)) as connection:
            connection.request("GET", path)
            connection.getresponse().read()
    # On loopback the kernel gives a port again after a second, and two connections from one address count as one.
    said = expect(PARAMS, 4, service.stats()) or ""
    found = re.fullmatch(r"the server saw (\d+) connections where a pool of 4 was allowed", said)
    assert found
    assert 100 <= int(found[1]) <= 130


@pytest.mark.parametrize(("in_flight", "ideal"), [(1, 0.13), (4, 0.033), (130, 0.001), (1000, 0.001)])
def test_the_ideal_is_the_waits_of_the_busiest_slot(in_flight: int, ideal: float) -> None:
    assert ideal_s(PARAMS, in_flight) == pytest.approx(ideal)


def test_without_a_delay_there_is_no_ideal() -> None:
    assert ideal_s({**PARAMS, "delay_s": 0.0}, 4) == 0.0


def test_each_point_of_the_grid_lies_in_the_range_of_its_parameters() -> None:
    assert {"smoke", "quick", "full", "gate"} == set(HTTP_FETCH.grid)
    for points in HTTP_FETCH.grid.values():
        for point in points:
            assert set(point.params) == {param.name for param in HTTP_FETCH.params}
            assert all(param.low <= float(point.params[param.name]) <= param.high for param in HTTP_FETCH.params)
            assert point.concurrency <= int(point.params["n"])


def test_ids_show_parameters_without_their_units() -> None:
    assert [param.label for param in HTTP_FETCH.params] == ["n", "delay", "body", "tls"]


def test_httpx_says_that_it_does_not_work_with_eager_tasks() -> None:
    refuse_eager_tasks()

    async def on_a_loop(factory: Any) -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        refuse_eager_tasks()

    asyncio.run(on_a_loop(None))
    with pytest.raises(Unsuited, match=r"^httpx does not work with eager tasks"):
        asyncio.run(on_a_loop(lambda loop, coroutine, **options: asyncio.Task(coroutine, loop=loop, **options)))
