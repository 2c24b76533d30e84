"""Every model's chat room delivers each line to each member, and the oracle refuses any that does not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.in_process import HERE, RUNNERS
from when_async.bench.model import Job, Runner, Unsuited, WrongAnswer
from when_async.bench.registry import bodies_for, refusal
from when_async.workloads.bodies.chat.asyncio_ import ProtocolMember, ProtocolRoom, StreamMember, StreamRoom
from when_async.workloads.bodies.chat.gevent_ import GreenletMember, GreenletRoom
from when_async.workloads.bodies.chat.tasks import ChannelRoom
from when_async.workloads.bodies.chat.threads import Count, Splitter, ThreadMember, members_of
from when_async.workloads.chat import CHAT, bounds, check, expect, make_items, observe

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
PARAMS = {"n": 60, "gap_s": 0.0005, "size_bytes": 64, "heap": 0}
MEMBERS = 6
ITEMS = make_items(PARAMS, 3)
IN_PROCESS = ("threading", "asyncio", "asyncio+eager", "uvloop", "trio", "anyio", "anyio+trio", "curio")
ELSEWHERE = ("gevent", "rloop")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the load generator takes orders."""
    pytest.importorskip("uvloop")
    command = [sys.executable, "-m", "when_async.workloads.load.chat"]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.kill()


def contestants(*names: str) -> list[Any]:
    """Each body that each of these runners can run; skipped with the reason where it cannot run here."""
    given = []
    for name in names:
        for key in bodies_for(CHAT, RUNNERS[name]):
            reason = refusal(CHAT, RUNNERS[name], key, HERE)
            marks = [pytest.mark.skip(reason=reason)] if reason else []
            given.append(pytest.param(RUNNERS[name], key, id=f"{name}-{key}", marks=marks))
    return given


@pytest.mark.parametrize("gap_s", [0.0005, 0.0], ids=["scheduled", "in turn"])
@pytest.mark.parametrize(("runner", "key"), contestants(*IN_PROCESS))
def test_a_room_serves_one_talk_after_another(runner: Runner, key: str, gap_s: float, address: str) -> None:
    params = {**PARAMS, "gap_s": gap_s}
    assert runner.program is not None
    with runner.program(Job(CHAT, key, params, 1, address, within=MEMBERS)) as session:
        rounds = [session.run([ITEMS], prove=False) for _ in range(2)]
    for done in rounds:
        assert done.failures == []
        seen = observe(params, ITEMS, done.results[0])
        assert check(params, ITEMS, seen.results) == "10 lines to each of 6 members"
        assert set(seen.figures) == {figure.name for figure in CHAT.figures}
        assert len(seen.latencies_ns) == 60
        assert 0 < seen.figures["fairness"] <= 1.0000001


SCRIPT = """
import json, sys
from when_async.bench.model import Job
from when_async.bench.registry import find_runner
ref, name, key, params, address = json.loads(sys.argv[1])
runner = find_runner(ref, name)
runner.prepare and runner.prepare()
from when_async.workloads.chat import CHAT
items = CHAT.make_items(params, 3)
with runner.program(Job(CHAT, key, params, 1, address, within=6)) as session:
    for _ in range(2):
        done = session.run([items], prove=False)
        assert not done.failures, done.failures
        print(CHAT.check(params, items, CHAT.observe(params, items, done.results[0]).results))
"""


@pytest.mark.parametrize(("runner", "key"), contestants(*ELSEWHERE))
def test_a_room_that_needs_a_process_of_its_own_does_the_same(runner: Runner, key: str, address: str) -> None:
    given = json.dumps([f"when_async.bench.runners.{runner.name}_", runner.name, key, PARAMS, address])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, given], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.splitlines() == ["10 lines to each of 6 members"] * 2, done.stderr


def test_every_runner_that_has_a_room_is_tried() -> None:
    able = {name for name, runner in RUNNERS.items() if bodies_for(CHAT, runner)}
    assert able - {"uvloop+eager"} == {*IN_PROCESS, *ELSEWHERE}


def test_the_workload_loads_no_event_loop_and_no_library_by_itself() -> None:
    watched = "{'asyncio', 'uvloop', 'gevent', 'trio', 'anyio', 'curio', 'socket', 'selectors'}"
    code = f"import sys, when_async.workloads.chat; print(sorted({watched} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
    code = "import sys, when_async.workloads.bodies.chat.threads; print('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_n_that_is_no_multiple_of_the_members_is_refused_with_the_one_to_write() -> None:
    kit: Any = SimpleNamespace(in_flight=7)
    with pytest.raises(ValueError, match="must be a multiple of 7 members; write n=63"):
        members_of(kit, PARAMS)


def test_more_members_than_open_files_are_refused_in_words() -> None:
    kit: Any = SimpleNamespace(in_flight=10**9)
    with pytest.raises(Unsuited, match="a room of 1000000000 members needs 1000000064 open files"):
        members_of(kit, {**PARAMS, "n": 10**9})


REPORT = {
    "said": 10, "delivered": 60, "expected": 60, "wrong": 0, "lost": 0, "doubled": 0, "out_of_order": 0,
    "connected": 6, "seconds": 0.5, "late_max_ns": 2000, "cpu_s": 0.1, "sampled": False, "latencies_ns": [5] * 60,
    "per_member": [10] * 6, "member_mean_ns": [5.0] * 6, "fault": "", "error": "",
}  # fmt: skip
SERVER = {
    "joined": 6, "dropped": 0, "lines_in": 10, "lines_out": 60, "talk_cpu_s": 0.0006,
    "talk_faults": 20, "large_reads": 10, "resident_bytes": 30_000,
}  # fmt: skip


def seen(report: dict[str, Any], server: dict[str, Any]) -> Any:
    return observe(PARAMS, ITEMS, [json.dumps({**REPORT, **report}).encode(), {**SERVER, **server}])


def test_figures_come_from_the_report_and_from_the_server() -> None:
    observed = seen({}, {})
    assert observed.figures == pytest.approx(
        {
            "delivered_per_s": 120.0, "cpu_per_line_s": 1e-5, "faults_per_line": 1 / 3, "fairness": 1.0,
            "generator_late_max_s": 2e-6, "members": 6, "resident_bytes": 30_000,
        }
    )  # fmt: skip
    assert "resident_bytes" not in seen({}, {"resident_bytes": 0}).figures
    assert observed.results == [member for member in range(6) for _ in range(10)]
    assert observed.latencies_ns == [5] * 60


def test_fairness_falls_where_one_member_waits_longer_than_the_others() -> None:
    one_slow = seen({"member_mean_ns": [1.0] * 5 + [1000.0]}, {})
    assert one_slow.figures["fairness"] == pytest.approx(1 / 6, rel=0.02)


@pytest.mark.parametrize(
    ("report", "server", "words"),
    [
        ({"error": "member 2 was disconnected"}, {"dropped": 1}, r"disconnected \(1 members were too far behind and"),
        ({"said": 9, "expected": 54, "delivered": 54}, {}, "9 lines to 6 members made 54 deliveries, not 60"),
        ({"connected": 5}, {}, "10 lines to 5 members made 60 deliveries, not 60"),
        ({}, {"lines_in": 9}, "the server counted 9 lines in, it should be 10"),
        ({}, {"lines_out": 61}, "the server counted 61 lines out, it should be 60"),
        ({}, {"joined": 7}, "the server counted 7 joined, it should be 6"),
        ({"latencies_ns": []}, {}, "0 latencies came of 60 deliveries"),
    ],
)
def test_counts_that_do_not_agree_are_refused(report: Any, server: Any, words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        seen(report, server)


RIGHT = [member for member in range(6) for _ in range(10)]


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (RIGHT[:-1], "59 lines were delivered where 60 were asked for"),
        ([*RIGHT, 5], "61 lines were delivered"),
        ([*RIGHT[:-1], 0], "one member got 11 lines and another 9"),
        ([member + 1 for member in RIGHT], "there is no member 0"),
    ],
)
def test_the_oracle_refuses_lost_doubled_and_misdirected_lines(results: list[int], words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        check(PARAMS, ITEMS, results)


def test_other_work_than_was_asked_for_is_seen_by_the_service() -> None:
    right = {"orders": 1, "members": 6, "said": 10, "delivered": 60, "cpu_s": 0.1}
    assert expect(PARAMS, 6, right) is None
    assert expect(PARAMS, 6, {**right, "orders": 2}) == "2 talks were ordered in a round"
    assert expect(PARAMS, 6, {**right, "members": 5}) == "5 members came where 6 were asked for"
    assert expect(PARAMS, 6, {**right, "delivered": 59}) == "10 lines were said and 59 heard, 60 were to be heard"


@pytest.mark.parametrize("point", [point for points in CHAT.grid.values() for point in points], ids=str)
def test_every_point_has_whole_lines_for_its_members(point: Any) -> None:
    assert point.params["n"] % point.concurrency == 0
    lines = point.params["n"] // point.concurrency
    assert bounds(point.params, point.concurrency) == {"all lines said": lines * point.params["gap_s"]}


def test_lines_are_put_together_from_pieces() -> None:
    splitter = Splitter()
    assert [splitter.feed(data) for data in (b"a", b"b\nc\nd", b"", b"\n")] == [[], [b"ab\n", b"c\n"], [], [b"d\n"]]


def test_a_thread_drops_a_member_whose_kernel_buffer_is_full_and_does_not_wait() -> None:
    here, there = socket.socketpair()
    with here, there:
        member = ThreadMember(here)
        line = b"x" * 65535 + b"\n"
        while member.send(line):
            pass
        assert member.dropped
        assert not member.send(line)


class FakeQueue:
    """A queue that holds `waiting` lines already."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.lines: list[bytes] = []
        self.cancelled = False

    def qsize(self) -> int:
        return self.waiting

    def put_nowait(self, line: bytes) -> None:
        self.lines.append(line)

    put = put_nowait

    def send_nowait(self, line: bytes) -> None:
        if self.waiting:
            raise BlockingIOError
        self.lines.append(line)

    def shutdown(self, how: int) -> None:
        self.cancelled = True

    def cancel(self) -> None:
        self.cancelled = True

    abort = cancel

    def set_write_buffer_limits(self, *, high: int) -> None:
        assert high == 1 << 20

    write = put_nowait


def test_greenlets_drop_a_member_that_is_too_far_behind_and_serve_the_others() -> None:
    room = GreenletRoom(Count(2), size_bytes=1 << 20)
    quick, slow = FakeQueue(0), FakeQueue(1)
    for queue in (quick, slow):
        connection: Any = queue
        room.members[GreenletMember(connection, queue)] = None
    room.tell(b"a\n")
    assert (quick.lines, slow.lines, slow.cancelled, room.count.dropped) == ([b"a\n"], [], True, 1)
    assert len(room.members) == 1


async def test_streams_drop_a_member_that_is_too_far_behind_and_serve_the_others() -> None:
    room = StreamRoom(Count(2), size_bytes=1 << 20)
    quick, slow = FakeQueue(0), FakeQueue(1)
    for queue in (quick, slow):
        writer: Any = SimpleNamespace(transport=queue)
        member: Any = StreamMember(writer)
        member.queue = queue
        room.members[member] = None
    room.tell(b"a\n")
    assert (quick.lines, slow.lines, slow.cancelled, room.count.dropped) == ([b"a\n"], [], True, 1)


async def test_a_protocol_drops_a_member_that_is_too_far_behind() -> None:
    room = ProtocolRoom(Count(2))
    transport = FakeQueue(0)
    member = ProtocolMember(room)
    member.connection_made(transport)
    assert transport.lines == [b"joined\n"]
    member.pause_writing()
    assert (transport.cancelled, room.count.dropped, list(room.members)) == (True, 1, [])
    member.connection_lost(None)
    assert room.empty.done()


def test_channels_drop_a_member_that_is_too_far_behind_and_serve_the_others() -> None:
    room = ChannelRoom(Count(2), 64, BlockingIOError)
    quick, slow = FakeQueue(0), FakeQueue(1)
    room.members = {quick: quick, slow: slow}
    room.tell(b"a\n")
    assert (quick.lines, slow.lines, slow.cancelled, room.count.dropped) == ([b"a\n"], [], True, 1)
