"""The load generator of the chat room says what was ordered and sees every line that is lost, wrong or out of turn."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.bodies.chat.threads import JOINED
from when_async.workloads.chat import SAMPLED, observe
from when_async.workloads.load import chat_capacity as chat_load_capacity
from when_async.workloads.load.alarm import LoopTimer
from when_async.workloads.load.chat_room import Room
from when_async.workloads.load.chat_talk import Line, Listener, Order, Report, make_talk, pieces, read_order

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
ORDER = Order("127.0.0.1", 1, members=3, lines=8, rate_per_s=4000.0, size_bytes=64, seed=1, patience_s=0.1)
PARAMS = {"n": 24, "gap_s": 0.00025, "size_bytes": 64, "heap": 0}
SERVER = {
    "joined": 3, "dropped": 0, "lines_in": 8, "lines_out": 24, "talk_cpu_s": 0.001, "resident_bytes": 30_000_000,
    "talk_faults": 0, "large_reads": 0,
}  # fmt: skip


class FakeServer:
    """A chat server in the test's own loop; `spread` decides who gets what of a line."""

    def __init__(self, spread: Callable[[FakeServer, FakeMember, bytes], None], greeting: bytes = JOINED) -> None:
        self.spread = spread
        self.greeting = greeting
        self.members: list[FakeMember] = []
        self.lines: list[bytes] = []


class FakeMember(asyncio.Protocol):
    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.rest = b""
        self.kept: list[bytes] = []
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.server.members.append(self)
        transport.write(self.server.greeting)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.server.lines.append(line + b"\n")
            self.server.spread(self.server, self, line + b"\n")

    def write(self, data: bytes) -> None:
        self.transport.write(data)


def to_all(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    for member in server.members:
        member.write(line)


def drops_one(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    if len(server.lines) != 4:
        to_all(server, speaker, line)


def forgets_one_member(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    for member in server.members[: -1 if len(server.lines) == 4 else None]:
        member.write(line)


def doubles_one(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    to_all(server, speaker, line)
    if len(server.lines) == 4:
        server.members[0].write(line)


def doubles_the_last(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    to_all(server, speaker, line)
    if len(server.lines) == ORDER.lines:
        server.members[0].write(line)


def swaps_two(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    speaker.kept.append(line)
    if len(speaker.kept) == 1:
        return
    for each in reversed(speaker.kept) if len(speaker.kept) == 2 else [line]:
        to_all(server, speaker, each)


def garbles_one(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    to_all(server, speaker, line[:-3] + b"?!\n" if len(server.lines) == 4 else line)


def cuts_the_last(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    to_all(server, speaker, line[:-1] if len(server.lines) == ORDER.lines else line)


def throws_one_out(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
    server.members[0].transport.abort()


async def talk(server: FakeServer, order: Order = ORDER) -> Report:
    """What the generator reports of a talk with this server."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: FakeMember(server), "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        return await Room(replace(order, port=port), LoopTimer(loop)).hold()


def observed(report: Report) -> Any:
    return observe(PARAMS, [(1, index) for index in range(24)], [json.dumps(asdict(report)).encode(), SERVER])


async def test_an_honest_server_delivers_each_line_to_each_member() -> None:
    server = FakeServer(to_all)
    report = await talk(server)
    assert (report.said, report.delivered, report.expected, report.connected) == (8, 24, 24, 3)
    assert (report.lost, report.wrong, report.doubled, report.out_of_order) == (0, 0, 0, 0)
    assert (report.error, report.fault, report.sampled) == ("", "", False)
    assert report.per_member == [8, 8, 8]
    assert len(report.latencies_ns) == 24
    assert min(report.latencies_ns) >= 0
    assert sorted(server.lines) == sorted(line.text for line in make_talk(ORDER))
    assert sorted(observed(report).results) == [0] * 8 + [1] * 8 + [2] * 8


async def test_without_a_rate_a_line_is_said_when_all_have_heard_the_last() -> None:
    outstanding = []

    def spread(server: FakeServer, speaker: FakeMember, line: bytes) -> None:
        outstanding.append(len(server.lines))
        loop = asyncio.get_running_loop()
        # Nothing goes out before the loop has turned twice; a second line would have come by then.
        loop.call_soon(loop.call_soon, lambda: (outstanding.append(len(server.lines)), to_all(server, speaker, line)))

    report = await talk(FakeServer(spread), replace(ORDER, rate_per_s=0.0))
    assert (report.delivered, report.error) == (24, "")
    assert outstanding == [count for count in range(1, 9) for _ in range(2)]


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (drops_one, r"of 24 deliveries 3 lost: member 0 never got line \d of member \d"),
        (forgets_one_member, r"of 24 deliveries 1 lost: member \d never got line \d of member \d"),
        (doubles_one, r"of 24 deliveries 1 doubled: member \d got line \d of member \d twice"),
        (doubles_the_last, r"of 24 deliveries 1 doubled: member \d got line \d of member \d twice"),
        (swaps_two, r"out of order: member \d got line 0 of member \d after line 1 of member \d"),
        (garbles_one, r"of 24 deliveries 3 lost, 3 wrong: member 0 got b'.*', which nobody said"),
        (cuts_the_last, r"of 24 deliveries 3 lost, 3 wrong: member 0 got a line without an end, b'.*', which nobody"),
        (throws_one_out, r"member \d was disconnected in the middle of the talk"),
    ],
)
async def test_a_server_that_does_other_work_is_refused_in_words(spread: Any, words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        observed(await talk(FakeServer(spread)))


async def test_a_server_that_greets_with_something_else_is_told() -> None:
    report = await talk(FakeServer(to_all, greeting=b"hello\n"))
    assert (report.error, report.said) == ("member 0 was greeted with b'hello\\n', not with b'joined\\n'", 0)


async def test_a_server_that_keeps_connections_open_is_told() -> None:
    class Clinging(FakeMember):
        def eof_received(self) -> bool:
            return True

    server = FakeServer(to_all)
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Clinging(server), "127.0.0.1", 0) as listening:
        order = replace(ORDER, port=listening.sockets[0].getsockname()[1])
        report = await Room(order, LoopTimer(loop)).hold()
        for member in server.members:
            member.transport.abort()
    assert report.error == "the server kept 3 connections open after their members had left"


async def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        report = await Room(replace(ORDER, port=bound.getsockname()[1]), LoopTimer(asyncio.get_running_loop())).hold()
    assert report.error.startswith("member 1 of 3 could not connect: ")
    assert (report.connected, report.said) == (0, 0)


def test_the_seed_decides_who_says_what_and_when() -> None:
    talk = make_talk(ORDER)
    assert talk == make_talk(ORDER)
    assert talk != make_talk(replace(ORDER, seed=2))
    assert {len(line.text) for line in talk} == {64}
    assert len({line.text for line in talk}) == 8
    assert [line.due_ns for line in talk] == sorted(line.due_ns for line in talk)
    assert all(0 <= line.due_ns < 8 / 4000 * 1e9 for line in talk)
    for speaker in range(3):
        mine = [line for line in talk if line.speaker == speaker]
        assert [line.number for line in mine] == list(range(len(mine)))
        assert all(line.text.startswith(f"{speaker} {line.number} ".encode()) for line in mine)


def test_a_line_in_pieces_counts_when_its_last_piece_comes() -> None:
    assert list(pieces(([b"a", b"b\nc\nd", b"\ne"], [1, 2, 3]))) == [(b"ab", 2), (b"c", 2), (b"d", 3), (None, 3)]


def test_of_a_long_talk_a_seeded_uniform_sample_of_latencies_is_kept() -> None:
    members, said = 3, SAMPLED // 3 + 100
    lines = [Line(0, number, number, b"0 %d\n" % number) for number in range(said)]
    reports = []
    for _ in range(2):
        listener = Listener(lines, [line.due_ns for line in lines], members, seed=5)
        for member in range(members):
            listener.add(member, ([line.text for line in lines], [line.due_ns + 7 + member for line in lines]))
        reports.append(listener.report)
    assert reports[0] == reports[1]
    assert reports[0].sampled
    assert len(reports[0].latencies_ns) == SAMPLED
    assert set(reports[0].latencies_ns) == {7, 8, 9}
    assert reports[0].member_mean_ns == [7, 8, 9]
    assert reports[0].fault == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": 0}, "members is 0, it may be 1 to 100000"),
        ({"size_bytes": 31}, "size_bytes is 31, it may be 32 to 65536"),
        ({"lines": "many"}, "lines is 'many'"),
        ({"lines": 2_000_000}, "more than 2000000 deliveries"),
        ({"rooms": 2}, "and nothing else"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_order(json.dumps({**asdict(ORDER), **change}).encode())


def test_an_order_that_lacks_something_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lacks something: .*'seed'"):
        read_order(json.dumps({key: value for key, value in asdict(ORDER).items() if key != "seed"}).encode())


@contextmanager
def generator() -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    pytest.importorskip("uvloop")
    command = [sys.executable, "-m", "when_async.workloads.load.chat"]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_the_process_takes_orders_counts_them_and_ends_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_load_capacity, "DELIVERIES", 60)
    with generator() as (process, hello):
        assert hello["facts"]["loop"] == "uvloop"
        host, _, port = hello["address"].rpartition(":")
        with socket.create_connection((host, int(port))) as control, control.makefile("rb") as reports:
            for _ in range(2):
                control.sendall(b'{"members": 1}\n')
                assert "lacks something" in json.loads(reports.readline())["error"]
        found = chat_load_capacity.measure(hello["address"], {"size_bytes": 64, "concurrency": 3})
        assert found["delivered"] == 60
        assert found["capacity_per_s"] > 0
        rest = process.communicate(b"stats\nnonsense\nstats\n", timeout=10)[0].splitlines()
        assert process.returncode == 0
    first, second = map(json.loads, rest)
    assert {**first, "cpu_s": 0} == {"orders": 3, "members": 3, "said": 20, "delivered": 60, "cpu_s": 0}
    assert second["orders"] == 0
