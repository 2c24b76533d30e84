"""The HTTP server keeps the protocol of bench.model.Service, and its load generator counts what came back."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest
from http_service import COMMAND, ENVIRONMENT, ROOT, HttpService, http_service

from when_async.workloads.http_fetch import VARIANTS, body
from when_async.workloads.load.alarm import LoopTimer, Timerfd
from when_async.workloads.load.http import Connection

pytest.importorskip("granian")
pytest.importorskip("uvloop")

from when_async.workloads.servers.http_server import App

RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"

LOAD = [sys.executable, "-m", "when_async.workloads.load.http"]


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpService]:
    with http_service() as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared server with its counts at zero."""
    shared.stats()
    return shared


@pytest.fixture
def get(service: HttpService) -> Iterator[Callable[[str], tuple[int, bytes]]]:
    """GET over one kept-alive connection."""
    with closing(HTTPConnection(service.address)) as connection:

        def fetch(path: str) -> tuple[int, bytes]:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()

        yield fetch


def test_it_names_what_serves(service: HttpService) -> None:
    assert service.facts["server"].startswith("granian 2.")
    assert service.facts["loop"] == "uvloop"


@pytest.mark.parametrize("size", [64, 1024, 65536])
def test_it_sends_the_body_that_the_oracle_knows(get: Callable[[str], tuple[int, bytes]], size: int) -> None:
    for index in (0, 1, VARIANTS - 1, VARIANTS, 999_999):
        assert (200, body(size, index % VARIANTS)) == get(f"/0/{size}/{index}")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/0/64",
        "/0/64/",
        "/0/64/x",
        "/x/64/0",
        "/0/x/0",
        "//64/0",
        "/-1/64/0",
        "/0/64/-1",
        "/0/64/1_0",
        "/0/64/0/0",
        "/0/999999999/0",
        "/999999999/64/0",
        "/0/64/" + "9" * 5000,
    ],
)
def test_a_path_it_does_not_serve_gets_404(
    service: HttpService, get: Callable[[str], tuple[int, bytes]], path: str
) -> None:
    assert get(path) == (404, b"")
    stats = service.stats()
    assert (stats["requests"], stats["bytes"]) == (1, 0)


def test_it_never_answers_before_the_delay_is_over(get: Callable[[str], tuple[int, bytes]]) -> None:
    for delay_us in (300, 1700, 5000):
        start_ns = time.monotonic_ns()
        get(f"/{delay_us}/64/0")
        assert time.monotonic_ns() - start_ns >= delay_us * 1000


def test_stats_count_requests_and_bytes_since_the_last_stats(
    service: HttpService, get: Callable[[str], tuple[int, bytes]]
) -> None:
    for index in range(5):
        get(f"/1000/100/{index}")
    stats = service.stats()
    assert (stats["requests"], stats["bytes"], stats["connections"], stats["peak_in_flight"]) == (5, 500, 1, 1)
    assert stats["cpu_s"] > 0
    again = service.stats()
    assert (again["requests"], again["bytes"], again["connections"], again["peak_in_flight"]) == (0, 0, 0, 0)


def test_connections_are_counted_once_however_often_they_are_used(service: HttpService) -> None:
    for _ in range(3):
        with closing(HTTPConnection(service.address)) as connection:
            for _ in range(2):
                connection.request("GET", "/0/64/0")
                connection.getresponse().read()
    assert service.stats()["connections"] == 3


def test_a_connection_that_outlives_a_window_counts_in_the_next_one(
    service: HttpService, get: Callable[[str], tuple[int, bytes]]
) -> None:
    for _ in range(2):
        get("/0/64/0")
        assert service.stats()["connections"] == 1


def test_words_it_does_not_know_get_no_answer(service: HttpService) -> None:
    service.stdin.write(b"\nhello\n")
    assert service.stats()["requests"] == 0


async def test_the_peak_holds_all_requests_that_wait_at_once() -> None:
    gate = asyncio.Event()
    app = App(SimpleNamespace(wait=lambda due_ns: gate.wait()))
    sent: list[int] = []
    protocol = SimpleNamespace(response_bytes=lambda status, headers, data: sent.append(status))

    def ask(client: str) -> asyncio.Task[None]:
        scope = SimpleNamespace(client=client, path="/1000/64/0")
        return asyncio.ensure_future(app.__rsgi__(scope, protocol))

    tasks = [ask(f"127.0.0.1:{port}") for port in range(3)]
    await asyncio.sleep(0)
    assert app.stats()["peak_in_flight"] == 3
    app.reset()
    assert app.stats()["peak_in_flight"] == 3, "requests still open belong to the next window too"
    gate.set()
    await asyncio.gather(*tasks)
    app.reset()
    assert (sent, app.stats()["peak_in_flight"]) == ([200] * 3, 0)


async def test_a_request_is_counted_before_its_client_has_the_reply() -> None:
    app = App(None)
    seen: list[dict[str, Any]] = []
    protocol = SimpleNamespace(response_bytes=lambda *_: seen.append({**app.stats(), "open": app.open_now}))
    await app.__rsgi__(SimpleNamespace(client="127.0.0.1:1", path="/0/64/0"), protocol)
    assert [(s["requests"], s["bytes"], s["open"]) for s in seen] == [(1, 64, 0)]


@pytest.mark.parametrize(
    "kind",
    [
        LoopTimer,
        pytest.param(Timerfd, marks=pytest.mark.skipif(sys.platform != "linux", reason="timerfd exists on Linux only")),
    ],
)
async def test_an_alarm_wakes_all_and_none_early_and_one_timer_for_all_does_so_in_order(kind: Any) -> None:
    loop = asyncio.get_running_loop()
    alarm, woken = kind(loop), []

    async def sleeper(due_ns: int) -> None:
        await alarm.wait(due_ns)
        assert time.monotonic_ns() >= due_ns
        woken.append(due_ns)

    start_ns = time.monotonic_ns()
    dues = [start_ns + after_us * 1000 for after_us in (9000, 3000, 6000, 0, 6000)]
    await asyncio.gather(*map(sleeper, dues))
    assert sorted(woken) == sorted(dues)
    if kind is Timerfd:
        assert woken == sorted(dues)
        loop.remove_reader(alarm.fd)
        os.close(alarm.fd)


def test_the_end_of_its_input_ends_it_after_the_last_answer() -> None:
    with http_service() as service:
        rest = service.process.communicate(b"stats\n", timeout=10)[0]
        assert service.process.returncode == 0
        assert json.loads(rest)["requests"] == 0


def test_two_servers_listen_on_two_ports(service: HttpService) -> None:
    with http_service() as other:
        assert other.address != service.address


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = "import signal, subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE); signal.pause()"
    command = [sys.executable, "-c", parent, *COMMAND]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert b"address" in process.stdout.readline()
        finally:
            process.kill()
        # The server holds the other end of this pipe, so its end is the server's end.
        assert process.stdout.read() == b""


def test_the_load_generator_reports_a_capacity(service: HttpService) -> None:
    command = [*LOAD, service.address, '{"body_bytes": 1024, "n": 1}']
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True, timeout=30)
    load = json.loads(done.stdout)
    assert load["requests"] > 0
    assert load["capacity_per_s"] == pytest.approx(load["requests"] / load["seconds"])
    assert service.stats()["requests"] >= load["requests"]


def test_the_load_generator_fails_on_a_server_that_does_not_serve(service: HttpService) -> None:
    command = [*LOAD, service.address, '{"body_bytes": 99999999}']
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=False, timeout=30)
    assert done.returncode != 0
    assert (done.stdout, b"404" in done.stderr) == (b"", True)


@pytest.fixture
def peer() -> Iterator[tuple[Connection, socket.socket]]:
    """A load connection and the server's end of it."""
    near, far = socket.socketpair()
    with near, far:
        yield Connection(near, b"GET"), far


def test_a_response_counts_when_its_last_byte_is_there(peer: tuple[Connection, socket.socket]) -> None:
    connection, far = peer
    counted = []
    for part in (RESPONSE[:5], RESPONSE[5:20], RESPONSE[20:-1], RESPONSE[-1:]):
        far.send(part)
        counted.append(connection.take(bytearray(100), len(RESPONSE)))
    assert counted == [False, False, False, True]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(RESPONSE + b"x", "a response has"), (RESPONSE.replace(b"200", b"503"), "the server answered")],
)
def test_a_response_that_is_not_the_expected_one_is_refused(
    peer: tuple[Connection, socket.socket], answer: bytes, complaint: str
) -> None:
    connection, far = peer
    far.send(answer)
    with pytest.raises(RuntimeError, match=complaint):
        connection.take(bytearray(100), len(RESPONSE))


def test_a_connection_that_the_server_closes_is_an_error(peer: tuple[Connection, socket.socket]) -> None:
    connection, far = peer
    far.close()
    with pytest.raises(RuntimeError, match="closed"):
        connection.take(bytearray(100), len(RESPONSE))
