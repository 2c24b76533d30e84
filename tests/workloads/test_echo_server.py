"""Every echo server serves the same load, and what is lost, doubled or changed on the way fails its row."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from http_service import ENVIRONMENT, ROOT, http_service
from test_load import COMMAND

from when_async.bench.machine.host import Host, make_host
from when_async.bench.model import Runner, Unsuited, WrongAnswer
from when_async.bench.processes.service import RunningService
from when_async.bench.processes.worker import ProcessFailed
from when_async.bench.registry import collect
from when_async.workloads.bodies.echo import blocking as echo_bodies
from when_async.workloads.bodies.served import jain
from when_async.workloads.bodies.steering import HOST, Stopped
from when_async.workloads.echo_server import ECHO_SERVER, check, expect, ideal_s, make_items, observe

pytest.importorskip("uvloop")

PARAMS = {"n": 40, "size_bytes": 16, "rate_per_s": 0, "hold_s": 0.0, "heap": 0}
ITEMS = make_items(PARAMS, 1)
CONNECTIONS = 4
REPORT: dict[str, Any] = {
    "sent": 40, "received": 40, "wrong": 0, "lost": 0, "missing": [], "connected": 4, "connections_failed": 0,
    "held": 4, "primed": 4, "seconds": 0.02, "latencies_ns": [1000] * 40, "per_connection": [10] * 4,
    "per_connection_ns": [1000] * 4, "bytes_out": 640, "bytes_in": 640, "late_max_ns": 100, "cpu_s": 0.01,
    "error": None,
}  # fmt: skip
SEEN = {"orders": 1, "connected": 4, "held": 4, "sent": 40, "received": 40, "wrong": 0, "lost": 0, "bytes_out": 640}


def results(**changes: Any) -> list[Any]:
    """What an op returns, with a report that is changed in places."""
    return [json.dumps({**REPORT, **changes}).encode() + b"\n", 0.004, 4, 44, 44 * 16, 80, True]


SERVERS = [
    ("threading", "threading", None),
    ("multiprocessing", "multiprocessing", None),
    ("gevent", "gevent", "gevent"),
    ("asyncio", "asyncio/streams", None),
    ("asyncio", "asyncio/protocol", None),
    ("asyncio", "asyncio/sockets", None),
    ("uvloop", "asyncio/streams", "uvloop"),
    ("uvloop", "asyncio/protocol", "uvloop"),
    ("uvloop", "asyncio/sockets", "uvloop"),
    ("rloop", "asyncio/streams", "rloop"),
    ("rloop", "asyncio/sockets", "rloop"),
    ("rloop", "asyncio/protocol", "rloop"),
    ("trio", "trio", "trio"),
    ("anyio", "anyio", "anyio"),
    ("anyio+trio", "anyio", "trio"),
    ("curio", "curio", "curio"),
]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    made = make_host()
    yield made
    made.reaper.close()


@pytest.fixture(scope="module")
def service(host: Host) -> Iterator[RunningService]:
    assert ECHO_SERVER.service is not None
    running = RunningService(ECHO_SERVER.service, environ=host.service_environ, reaper=host.reaper, affinity=None)
    yield running
    running.stop()


def trial(runner: str, body_key: str, address: str, params: dict[str, Any]) -> dict[str, Any]:
    found = collect("when_async.bench.runners", Runner)[runner]
    return {
        "workload": "echo_server", "workload_ref": "when_async.workloads.echo_server",
        "runner": runner, "runner_ref": found.ref,
        "body_key": body_key, "params": params, "concurrency": CONNECTIONS, "seed": 1, "address": address,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runner", "body_key", "module", "rate_per_s"),
    [
        *(pytest.param(*each, 0, id=f"{each[0]}-{each[1]}") for each in SERVERS),
        pytest.param("threading", "threading", None, 4000, id="threading-on-schedule"),
        pytest.param("asyncio", "asyncio/streams", None, 4000, id="asyncio-on-schedule"),
    ],
)
def test_every_server_serves_each_message_once_over_equal_connections(
    host: Host, service: RunningService, runner: str, body_key: str, module: str | None, rate_per_s: int
) -> None:
    if module:
        pytest.importorskip(module, exc_type=ImportError)
    if runner == "curio" and sys.version_info >= (3, 12):
        pytest.skip("curio does not run on 3.12")
    params = {**PARAMS, "rate_per_s": rate_per_s}
    worker = host.start_worker(
        sys.executable,
        trial(runner, body_key, service.address, params),
        environ=host.worker_environ,
        reaper=host.reaper,
    )
    try:
        worker.ready(30)
        worker.ask(30, do="open")
        answers = []
        for prove in (True, False):
            service.stats()
            answers.append(worker.ask(30, do="round", prove=prove, sweep=True))
            assert expect(params, CONNECTIONS, service.stats()) is None
        worker.ask(30, do="close")
    finally:
        worker.kill()
    first, second = answers
    assert first["digest"] == second["digest"]
    for answer in answers:
        assert answer["answer"] == "40 messages of 16 B echoed"
        assert (answer["ops_ok"], len(answer["latencies_ns"])) == (40, 40)
        assert answer["figures"]["connections_held"] == CONNECTIONS
        assert set(answer["figures"]) == {figure.name for figure in ECHO_SERVER.figures}


def test_the_row_of_a_server_whose_load_generator_dies_fails(host: Host) -> None:
    assert ECHO_SERVER.service is not None
    running = RunningService(ECHO_SERVER.service, environ=host.service_environ, reaper=host.reaper, affinity=None)
    worker = host.start_worker(
        sys.executable,
        trial("asyncio", "asyncio/streams", running.address, PARAMS),
        environ=host.worker_environ,
        reaper=host.reaper,
    )
    try:
        worker.ready(30)
        worker.ask(30, do="open")
        running._process.kill()
        with pytest.raises(ProcessFailed, match=r"Stopped|Connection|Broken"):
            worker.ask(30, do="round", prove=False, sweep=True)
    finally:
        worker.kill()
        running.stop()


class FakeKit:
    """A kit with a stack of its own in place of a runner's."""

    sleep = None

    def __init__(self, stack: AsyncExitStack, address: str, in_flight: int) -> None:
        self.stack, self.address, self.in_flight = stack, address, in_flight

    def enter(self, resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return self.stack.enter_async_context(resource)
        return self.stack.enter_context(resource)


@pytest.mark.parametrize("rate_per_s", [0, 2000])
@pytest.mark.parametrize("body_key", ["asyncio/streams", "asyncio/protocol"])
async def test_a_row_fails_when_one_of_its_clients_is_killed(
    monkeypatch: pytest.MonkeyPatch, body_key: str, rate_per_s: int
) -> None:
    from when_async.workloads.load import generator as load

    class Killing(load.Drive):
        def right(self, *arguments: Any) -> None:
            super().right(*arguments)
            if self.received == 5:
                self.clients[0].transport.abort()

    monkeypatch.setattr(load, "Drive", Killing)
    params = {**PARAMS, "rate_per_s": rate_per_s}
    async with await asyncio.start_server(load.Generator().take, HOST, 0) as control, AsyncExitStack() as stack:
        address = f"{HOST}:{control.sockets[0].getsockname()[1]},{HOST}:1"
        op = await ECHO_SERVER.bodies[body_key](FakeKit(stack, address, CONNECTIONS), params)
        done = await op(ITEMS)
    with pytest.raises(WrongAnswer, match=r"1 of 4 connections did not live to the end: connection 0 was lost"):
        observe(params, ITEMS, done)


def test_right_accounts_are_accepted_and_hold_no_time() -> None:
    one = observe(PARAMS, ITEMS, results())
    other = observe(PARAMS, ITEMS, results(latencies_ns=[7] * 40, seconds=1.0))
    assert one.results == other.results == ITEMS
    assert check(PARAMS, ITEMS, one.results) == "40 messages of 16 B echoed"
    assert one.figures["served_per_s"] == pytest.approx(2000)
    assert one.figures["cpu_per_message_s"] == pytest.approx(0.0001)
    assert one.figures["generator_late_max_s"] == pytest.approx(1e-7)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"connected": 3, "connections_failed": 1, "error": "no files"}, "1 of 4 connections could not be made: no"),
        ({"held": 3}, "1 of 4 connections did not live to the end"),
        ({"wrong": 1, "received": 39, "missing": [3]}, "1 of 40 messages were wrong"),
        ({"lost": 2, "received": 38, "missing": [3, 4]}, "2 of 40 messages were lost"),
        ({"error": "4 bytes came that nobody asked for"}, "what it did not ask for: 4 bytes"),
        ({"sent": 39}, "messages asked for: the load generator counts 39, the other side 40"),
        ({"latencies_ns": [1] * 39}, "latencies: the load generator counts 39"),
        ({"primed": 3}, "messages: the load generator counts 43, the other side 44"),
        ({"bytes_in": 639}, "reply bytes: the load generator counts 640, the other side 639"),
    ],
)  # fmt: skip
def test_an_account_that_is_not_even_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        observe(PARAMS, ITEMS, results(**changes))


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (2, 5, "connections: the load generator counts 4, the other side 5"),
        (3, 45, "messages: the load generator counts 44, the other side 45"),
        (4, 44 * 16 + 1, "bytes: the load generator counts 704, the other side 705"),
    ],
)
def test_a_server_that_counts_otherwise_is_refused(place: int, value: int, complaint: str) -> None:
    told = results()
    told[place] = value
    with pytest.raises(WrongAnswer, match=complaint):
        observe(PARAMS, ITEMS, told)


def test_a_report_that_did_not_come_is_no_result() -> None:
    with pytest.raises(Stopped):
        observe(PARAMS, ITEMS, [b"", None, 0, 0, 0, None, False])


def test_the_oracle_names_the_first_message_that_was_lost_doubled_or_changed() -> None:
    with pytest.raises(WrongAnswer, match="39 replies came for 40 messages"):
        check(PARAMS, ITEMS, ITEMS[:-1])
    with pytest.raises(WrongAnswer, match="41 replies came for 40 messages"):
        check(PARAMS, ITEMS, [*ITEMS, ITEMS[0]])
    with pytest.raises(WrongAnswer, match="message 7 of 40 had no right reply"):
        check(PARAMS, ITEMS, [*ITEMS[:7], None, *ITEMS[8:]])
    with pytest.raises(WrongAnswer, match="message 0 of 40 was answered with"):
        check(PARAMS, ITEMS, [ITEMS[1], ITEMS[0], *ITEMS[2:]])


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        ({}, None),
        ({"orders": 0, "connected": 0, "sent": 0}, "asked for 0 loads"),
        ({"orders": 2}, "asked for 2 loads"),
        ({"connected": 3}, "3 connections were made and 4 held where 4"),
        ({"held": 3}, "4 connections were made and 3 held where 4"),
        ({"received": 39, "lost": 1}, "39 of 40 messages had a right reply"),
        ({"bytes_out": 320}, "320 bytes were sent where 640"),
    ],
)
def test_the_generator_tells_the_parent_of_a_load_that_was_not_served(seen: dict[str, int], complaint: Any) -> None:
    found = expect(PARAMS, CONNECTIONS, {**SEEN, **seen})
    assert found is None if complaint is None else complaint in str(found)


@pytest.mark.parametrize(
    ("shares", "index"), [([5, 5, 5, 5], 1.0), ([1, 0, 0, 0], 0.25), ([2, 2, 0, 0], 0.5), ([], 1.0), ([0, 0], 1.0)]
)
def test_jains_index_is_one_where_all_have_the_same(shares: list[float], index: float) -> None:
    assert jain(shares) == pytest.approx(index)


def test_fairness_is_of_waiting_on_a_schedule_and_of_counts_without() -> None:
    uneven = {"per_connection": [40, 0, 0, 0], "per_connection_ns": [1000, 1000, 1000, 5000]}
    assert observe(PARAMS, ITEMS, results(**uneven)).figures["jain"] == pytest.approx(0.25)
    paced = observe({**PARAMS, "rate_per_s": 2000}, ITEMS, results(**uneven)).figures
    assert paced["jain"] == pytest.approx(8000**2 / (4 * 28e6))
    assert paced["offered_per_s"] == 2000


def test_of_fairness_nothing_is_said_where_a_connection_has_hardly_a_message() -> None:
    few = {"sent": 8, "received": 8, "latencies_ns": [1] * 8, "bytes_out": 128, "bytes_in": 128}
    done = [*results(**few, per_connection=[2] * 4)[:3], 12, 12 * 16, 0, True]
    assert "jain" not in observe({**PARAMS, "n": 8}, ITEMS[:8], done).figures


def test_no_round_is_shorter_than_its_schedule_or_its_hold() -> None:
    assert ideal_s(PARAMS, 4) == 0.0
    assert ideal_s({**PARAMS, "rate_per_s": 100}, 4) == pytest.approx(0.39)
    assert ideal_s({**PARAMS, "rate_per_s": 100, "hold_s": 2.0}, 4) == 2.0


def test_items_are_numbers_counted_on_from_one_that_is_drawn() -> None:
    assert [item - ITEMS[0] for item in ITEMS] == list(range(40))
    assert make_items(PARAMS, 1) == ITEMS != make_items(PARAMS, 2)


def test_more_connections_than_open_files_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    echo_bodies.check_files(36)
    with pytest.raises(Unsuited, match="37 connections need 101 open files and the limit is 100; raise it with ulimit"):
        echo_bodies.check_files(37)


def test_the_workload_loads_no_event_loop_by_itself() -> None:
    names = "{'asyncio', 'trio', 'uvloop', 'gevent'}"
    code = f"import sys, when_async.workloads.echo_server; print(sorted({names} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_the_helper_says_where_to_steer_and_where_the_backend_is() -> None:
    with http_service(COMMAND) as running:
        assert [part.rpartition(":")[0] for part in running.address.split(",")] == [HOST, HOST]


def test_a_server_tells_its_page_faults_a_message_and_must_be_in_the_regime_that_was_asked_for() -> None:
    assert observe(PARAMS, ITEMS, results()).figures["faults_per_message"] == 2.0
    assert observe({**PARAMS, "heap": 2}, ITEMS, results()).figures["faults_per_message"] == 2.0
    without = [*results()[:5], None, True]
    assert "faults_per_message" not in observe(PARAMS, ITEMS, without).figures
    with pytest.raises(WrongAnswer, match="gives its memory back, and took 0 page faults in 40 large reads"):
        observe({**PARAMS, "heap": 2}, ITEMS, [*results()[:5], 0, True])
    # uvloop and threads read into a buffer that they keep, and fault in neither regime.
    assert observe({**PARAMS, "heap": 2}, ITEMS, [*results()[:5], 0, False]).figures["faults_per_message"] == 0.0
