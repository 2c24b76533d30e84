"""The load generator for servers counts what came back, says what did not, and measures from when it was due."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from http_service import ENVIRONMENT, ROOT, HttpService, http_service

from when_async.workloads.bodies.steering import ECHO, GO, HTTP, Control, Stopped, addresses, listen, order, report
from when_async.workloads.load import connect as load_connect
from when_async.workloads.load.clients import echo_messages
from when_async.workloads.load.connect import source, words_for
from when_async.workloads.load.drive import Drive
from when_async.workloads.load.order import BadOrder, Order, Schedule

pytest.importorskip("uvloop")

COMMAND = [sys.executable, "-m", "when_async.workloads.load.generator"]
SIZE = 16

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[int]:
    """A server under test; yields its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(handle, sock=listen()) as running:
        yield running.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(await reader.readexactly(SIZE))


def asked(port: int, **fields: Any) -> Order:
    given = {"protocol": ECHO, "connections": 2, "messages": 10, "size_bytes": SIZE, "patience_s": 5.0, **fields}
    return Order.read(order(port=port, **given))


async def drive(port: int, **fields: Any) -> dict[str, Any]:
    """The report of one order."""
    driving = Drive(asked(port, **fields))

    async def go() -> None:
        return None

    try:
        return await driving.run(go)
    finally:
        driving.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize("rate_per_s", [0, 2000])
async def test_each_message_is_sent_once_and_its_reply_counted(rate_per_s: float) -> None:
    async with server(echo) as port:
        told = await drive(port, rate_per_s=rate_per_s)
    assert (told["sent"], told["received"], told["wrong"], told["lost"], told["missing"]) == (10, 10, 0, 0, [])
    assert (told["connected"], told["connections_failed"], told["held"], told["primed"]) == (2, 0, 2, 0)
    assert (told["bytes_out"], told["bytes_in"]) == (10 * SIZE, 10 * SIZE)
    assert len(told["latencies_ns"]) == sum(told["per_connection"]) == 10
    assert all(value > 0 for value in told["latencies_ns"])
    assert told["error"] is None


async def test_on_a_schedule_every_connection_gets_its_share() -> None:
    async with server(echo) as port:
        told = await drive(port, rate_per_s=5000, connections=5, messages=20)
    assert told["per_connection"] == [4] * 5


async def test_latency_runs_from_when_a_message_was_due_and_one_is_open_at_most() -> None:
    seen: list[int] = []

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = await reader.readexactly(SIZE)
        while len(driving.clients[0].waiting) < 4:
            await asyncio.sleep(0)
        seen.append(driving.sent)
        writer.write(message)
        await echo(reader, writer)

    async with server(slow) as port:
        given = asked(port, rate_per_s=1000, connections=1, messages=5)
        driving = Drive(given)

        async def go() -> None:
            return None

        told = await driving.run(go)
        driving.close()
    due_ns = [Schedule(given, 1).due_ns(number) for number in range(5)]
    assert seen == [1], "no other message may be sent before the reply is there"
    assert told["latencies_ns"][0] >= due_ns[4] - due_ns[0], "the first reply came after the last message was due"
    assert told["received"] == 5


async def test_a_reply_that_comes_byte_by_byte_is_one_reply() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            for byte in await reader.readexactly(SIZE):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)

    async with server(dribble) as port:
        told = await drive(port)
    assert (told["received"], told["error"]) == (10, None)


async def test_priming_reaches_the_server_and_no_count_but_its_own() -> None:
    served: list[bytes] = []

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            served.append(await reader.readexactly(SIZE))
            writer.write(served[-1])

    async with server(counting) as port:
        told = await drive(port, prime=True, connections=3)
    assert len(served) == 13
    assert (told["primed"], told["sent"], told["received"], told["bytes_in"]) == (3, 10, 10, 10 * SIZE)


async def test_a_server_that_answers_more_bytes_than_were_sent_is_found_out() -> None:
    async def generous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(await reader.readexactly(SIZE) * 4)

    async with server(generous) as port:
        told = await drive(port, connections=1)
    assert (told["received"], told["wrong"], told["lost"]) == (0, 1, 9)
    assert "64 bytes or more where 16 were sent" in told["error"]


async def test_a_server_that_answers_with_an_earlier_message_is_found_out() -> None:
    async def stale(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(SIZE)
        writer.write(first)
        while True:
            await reader.readexactly(SIZE)
            writer.write(first)

    async with server(stale) as port:
        told = await drive(port, connections=1)
    assert (told["received"], told["wrong"]) == (1, 1)
    assert "message 1 on connection 0: another content" in told["error"]
    assert told["missing"] == list(range(1, 10))


async def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(SIZE))
        await writer.drain()
        while any(client.number >= 0 for client in driving.clients):
            await asyncio.sleep(0)
        writer.write(b"more")
        await reader.read()

    async with server(chatty) as port:
        driving = Drive(asked(port, connections=1, messages=1, hold_s=5.0))

        async def go() -> None:
            return None

        running = asyncio.ensure_future(driving.run(go))
        while driving.error is None:
            await asyncio.sleep(0)
        running.cancel()
        driving.close()
    assert "4 bytes came that nobody asked for" in driving.error


@pytest.mark.parametrize(("rate_per_s", "lost"), [(0, 0), (2000, 1)])
async def test_a_client_that_is_killed_is_missed(rate_per_s: float, lost: int) -> None:
    class Killing(Drive):
        def right(self, *arguments: Any) -> None:
            super().right(*arguments)
            if self.received == 3:
                self.clients[0].transport.abort()

    async def go() -> None:
        return None

    async with server(echo) as port:
        driving = Killing(asked(port, rate_per_s=rate_per_s, messages=40))
        told = await driving.run(go)
        driving.close()
    assert told["held"] == 1
    assert told["lost"] >= lost
    assert told["lost"] + told["received"] == 40
    assert told["error"].startswith("connection 0 was lost")


async def test_a_server_that_falls_silent_is_waited_for_no_longer_than_asked() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(deaf) as port:
        told = await drive(port, patience_s=0.02)
        primed = await drive(port, patience_s=0.02, prime=True)
    assert (told["received"], told["lost"], told["sent"]) == (0, 10, 2)
    assert "nothing came for 0.02 s while 2 replies were due" in told["error"]
    assert primed["primed"] == 0


async def test_where_nobody_listens_no_connection_is_counted() -> None:
    with listen() as listener:
        port = listener.getsockname()[1]
    told = await drive(port)
    assert (told["connected"], told["connections_failed"], told["lost"]) == (0, 2, 10)
    assert "connecting stopped at 0 of 2" in told["error"]


async def test_the_limit_on_open_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Scarce:
        def __call__(self) -> socket.socket:
            if len(made) == 3:
                raise OSError(errno.EMFILE, "Too many open files")
            made.append(socket.socket())
            return made[-1]

        def __getattr__(self, name: str) -> Any:
            return self if name == "socket" else getattr(socket, name)

    async with server(echo) as port:
        monkeypatch.setattr(load_connect, "socket", Scarce())
        told = await drive(port, connections=5)
    assert (told["connected"], told["connections_failed"], told["received"]) == (3, 2, 10)
    assert "connecting stopped at 3 of 5: Too many open files" in told["error"]
    assert str(OSError(errno.ECONNREFUSED, "refused")) == words_for(OSError(errno.ECONNREFUSED, "refused"))


def test_more_connections_than_an_address_has_ports_come_from_several() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has all of 127/8")
    many = asked(1, connections=60_000)
    assert source(asked(1), 0, 1) is None
    assert [source(many, 0, place) for place in (0, 24_999, 25_000, 59_999)] == [
        "127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4",
    ]  # fmt: skip
    assert source(many, 1, 0) == "127.0.0.5"


def test_a_schedule_is_drawn_from_its_seed_and_never_ahead_of_its_rate() -> None:
    one, same, other = (Schedule(asked(1, rate_per_s=100, seed=seed), 7) for seed in (1, 1, 2))
    due_ns = [one.due_ns(number) for number in range(70)]
    assert due_ns == sorted(due_ns)
    assert due_ns == [same.due_ns(number) for number in range(70)]
    assert due_ns != [other.due_ns(number) for number in range(70)]
    assert all(due >= number * 10_000_000 for number, due in enumerate(due_ns))
    assert sorted(one.place(number) for number in range(7)) == list(range(7))


@pytest.mark.parametrize("size", [1, 8, 9, 64])
def test_a_message_has_the_size_asked_for_and_none_is_like_its_neighbour(size: int) -> None:
    message = echo_messages(asked(1, size_bytes=size, seed=5))
    messages = [message(number) for number in range(200)]
    assert {len(each) for each in messages} == {size}
    assert len(set(messages)) == 200


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"nonsense\n", "this is no order"),
        (b'{"protocol": "echo"}\n', "this is no order"),
        (b'{"protocol": "echo", "port": 1, "connections": 1, "messages": 1, "speed": 1}\n', "has no speed"),
        (order(protocol="smtp", port=1, connections=1, messages=1), "known are echo and http"),
        (order(protocol=ECHO, port=1, connections=0, messages=1), "out of range"),
        (order(protocol=ECHO, port=1, connections=1, messages=1, size_bytes=0), "out of range"),
        (order(protocol=ECHO, port=1, connections=1, messages=1, rate_per_s=-1.0), "negative"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(line: bytes, complaint: str) -> None:
    with pytest.raises(BadOrder, match=complaint):
        Order.read(line)


def web(*replies: bytes) -> Handler:
    """A server that answers each request with the next of these, and then with the last."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(replies)
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            assert request.startswith(b"GET /wait/20 HTTP/1.1\r\nHost: 127.0.0.1:")
            reply = left.pop(0) if len(left) > 1 else left[0]
            for part in (reply[:20], reply[20:]):
                writer.write(part)
                await asyncio.sleep(0)

    return handle


OK = b"HTTP/1.1 200 OK\r\nserver: x\r\nCONTENT-length: 5\r\n\r\nok 20"


async def get(*replies: bytes, **fields: Any) -> dict[str, Any]:
    async with server(web(*replies)) as port:
        return await drive(port, protocol=HTTP, path="/wait/20", messages=6, **fields)


async def test_replies_with_status_200_and_their_whole_body_are_right() -> None:
    told = await get(OK, expect_text="ok 20", prime=True, connections=1)
    assert (told["received"], told["wrong"], told["error"]) == (6, 0, None)
    assert told["bytes_in"] == 6 * len(OK)


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (OK.replace(b"200 OK", b"503 Busy"), "is b'HTTP/1.1 503 Busy'"),
        (OK.replace(b"ok 20", b"ok 21"), "has the body b'ok 21'"),
        (OK.replace(b"CONTENT-length: 5", b"x: 5"), "names no Content-Length"),
        (OK + b"!", "has 6 bytes or more of a body of 5"),
    ],
)
async def test_another_reply_is_wrong_and_the_first_one_is_told(reply: bytes, complaint: str) -> None:
    told = await get(OK, reply, expect_text="ok 20", connections=1)
    assert told["received"] == 1
    assert told["wrong"] >= 1
    assert complaint in told["error"]


async def test_a_wrong_reply_that_can_be_told_apart_costs_no_other() -> None:
    told = await get(OK, OK.replace(b"200 OK", b"503 Busy"), OK, connections=1)
    assert (told["received"], told["wrong"], told["lost"], told["missing"]) == (5, 1, 0, [1])


@pytest.fixture(scope="module")
def service() -> Iterator[HttpService]:
    with http_service(COMMAND) as running:
        yield running


@contextmanager
def blocking_echo() -> Iterator[int]:
    """A server in a thread that serves one connection after the other; yields its port."""
    from threading import Thread

    def live() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(SIZE, socket.MSG_WAITALL):
                    connection.sendall(data)

    with listen() as listener:
        thread = Thread(target=live)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def line_for(port: int, **fields: Any) -> bytes:
    return order(**{"protocol": ECHO, "port": port, "connections": 1, "messages": 20, "size_bytes": SIZE, **fields})


def test_a_program_steers_it_and_the_parent_hears_of_it_too(service: HttpService) -> None:
    service.stats()
    with blocking_echo() as port, Control(service.address) as control:
        told = control.ask(line_for(port))
        control.send(line_for(port, announce=True))
        lines = [control.line(), control.line()]
    assert told["received"] == 20
    assert (lines[0], report(lines[1])["received"]) == (GO, 20)
    stats = service.stats()
    assert (stats["orders"], stats["requests"], stats["received"], stats["lost"]) == (2, 40, 40, 0)
    assert stats["cpu_s"] > 0
    assert service.stats()["orders"] == 0


def test_after_nonsense_it_takes_the_next_order(service: HttpService) -> None:
    with blocking_echo() as port, Control(service.address) as control:
        with pytest.raises(Stopped, match="refused the order: this is no order"):
            control.ask(b"nonsense\n")
        assert control.ask(line_for(port))["received"] == 20


def test_a_load_ends_with_the_program_that_asked_for_it(service: HttpService) -> None:
    with listen() as listener:
        listener.settimeout(20)
        with Control(service.address) as control:
            control.send(line_for(listener.getsockname()[1], messages=1, patience_s=600.0))
            connection, _ = listener.accept()
        connection.settimeout(20)
        with connection:
            while connection.recv(100):
                pass
    with blocking_echo() as port, Control(service.address) as control:
        assert control.ask(line_for(port))["received"] == 20


def test_the_backend_answers_after_the_delay_and_in_order(service: HttpService) -> None:
    service.stats()
    with socket.create_connection(addresses(service.address)[1], timeout=20) as sock, sock.makefile("rb") as lines:
        start_ns = time.monotonic_ns()
        sock.sendall(b"20\n")
        assert lines.readline() == b"ok 20\n"
        assert time.monotonic_ns() - start_ns >= 20_000_000
        sock.sendall(b"5\n0\nx\n-1\n")
        assert sorted(lines.readline() for _ in range(4)) == [
            b"error: -1 is no delay in ms\n", b"error: x is no delay in ms\n", b"ok 0\n", b"ok 5\n",
        ]  # fmt: skip
    stats = service.stats()
    assert (stats["backend_requests"], stats["backend_connections"], stats["backend_peak_in_flight"]) == (3, 1, 2)


@pytest.mark.parametrize("end", ["stdin", "kill"])
def test_the_backend_ends_with_the_generator_and_that_with_its_parent(end: str) -> None:
    with http_service(COMMAND) as running:
        with socket.create_connection(addresses(running.address)[1], timeout=20) as sock:
            if end == "stdin":
                running.stdin.close()
            else:
                os.kill(running.process.pid, signal.SIGKILL)
            assert sock.recv(1) == b""
        running.process.wait(20)


@pytest.mark.parametrize("params", [{"size_bytes": 64, "concurrency": 3, "n": 5}, {"concurrency": 2, "n": 5}])
def test_its_capacity_is_measured(service: HttpService, params: dict[str, int]) -> None:
    command = [sys.executable, "-m", "when_async.workloads.load.capacity", service.address, json.dumps(params)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True, timeout=30)
    load = json.loads(done.stdout)
    assert load["capacity_per_s"] == pytest.approx(load["messages"] / load["seconds"])
    assert load["messages"] >= 2000


def test_a_generator_that_is_gone_is_told_from_one_that_refuses() -> None:
    with pytest.raises(Stopped, match="is gone"):
        report(b"")
    with pytest.raises(Stopped, match="is gone"):
        report(b'{"sent": 1')
    with pytest.raises(Stopped, match="refused"):
        report(b'{"error": "no"}\n')
