"""Every server of the workload serves the load that was ordered, keeps its connections, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from http.client import HTTPConnection
from queue import Empty
from typing import Any

import pytest
from http_service import ENVIRONMENT, ROOT

from docs.evidence.against_wrk import Failed, Shot, corrected, read_wrk, verdict
from docs.evidence.against_wrk import main as check_against_wrk
from when_async.bench.model import Estimate, WrongAnswer
from when_async.bench.quantity import comparison_id
from when_async.workloads.bodies.http.blocking import HOST, Pool
from when_async.workloads.bodies.http.request import Work, expected_text, order, work_of
from when_async.workloads.bodies.spent import Spent
from when_async.workloads.bodies.steering import GO
from when_async.workloads.bodies.thinking import churn
from when_async.workloads.http_server import HTTP_SERVER, bounds, expect, ideal_s, make_items, observe

PARAMS = {"n": 12, "rate_per_s": 500, "wait_s": 0.02, "queries": 0, "cpu_s": 0.0}
CLOSED = {**PARAMS, "rate_per_s": 0}
SERVICE = {**PARAMS, "queries": 3, "cpu_s": 1e-6}
ITEMS = make_items(PARAMS, seed=1)
CONNECTIONS = 4
REPORT: dict[str, Any] = {
    "sent": 12, "received": 12, "wrong": 0, "lost": 0, "missing": [], "connected": 4, "connections_failed": 0,
    "primed": 4, "seconds": 0.5, "latencies_ns": [21_000_000] * 12, "per_connection": [3, 3, 3, 3],
    "per_connection_ns": [63_000_000] * 4, "late_max_ns": 80_000, "cpu_s": 0.05, "error": None,
}  # fmt: skip


class BackendHandler(socketserver.StreamRequestHandler):
    """Answers `20` with `ok 20`, at once: what a server does while it waits is not tested here."""

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(b"ok " + line)


class LoadHandler(socketserver.StreamRequestHandler):
    """A load generator without a schedule: each connection has a thread that sends its share."""

    def handle(self) -> None:
        for line in self.rfile:
            wanted = json.loads(line)
            self.server.orders.append(wanted)  # type: ignore[attr-defined]
            if wanted["announce"]:
                self.wfile.write(GO)
            self.wfile.write(json.dumps(drive(wanted)).encode() + b"\n")


class Servers(socketserver.ThreadingTCPServer):
    """One of the two servers of the fake."""

    request_queue_size = 64

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__((HOST, 0), handler)
        self.orders: list[dict[str, Any]] = []


def drive(wanted: dict[str, Any]) -> dict[str, Any]:
    """Send what was ordered over connections that are kept, and report as the real load generator does."""
    right = [0] * wanted["connections"]
    wrong = [0] * wanted["connections"]

    def send(place: int) -> None:
        with closing(HTTPConnection(wanted["host"], wanted["port"])) as connection:
            connection.connect()
            # A connection that the server drops must not be made again in secret.
            connection.auto_open = 0
            for _ in range(share + bool(wanted["prime"])):
                connection.request("GET", wanted["path"])
                response = connection.getresponse()
                body = response.read().decode()
                sound = response.status == 200 and response.headers["Content-Length"] == str(len(body))
                (right if sound and body == wanted["expect_text"] else wrong)[place] += 1
            # What is not served has an end as well.
            connection.request("GET", "/elsewhere")
            assert connection.getresponse().status == 404

    share = wanted["messages"] // wanted["connections"]
    threads = [threading.Thread(target=send, args=(place,)) for place in range(wanted["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    primed = wanted["connections"] if wanted["prime"] else 0
    received = sum(right) - primed
    lost = wanted["messages"] - received - sum(wrong)
    return {**REPORT, "received": received, "wrong": sum(wrong), "lost": lost, "primed": primed,
            "connected": wanted["connections"], "per_connection": right,
            "per_connection_ns": [1_000_000 * count for count in right]}  # fmt: skip


class Fake:
    """Where the fake load generator and its backend listen, and what was ordered."""

    def __init__(self, control: Servers, backend: Servers) -> None:
        self.orders = control.orders
        self.address = ",".join(f"{HOST}:{each.server_address[1]}" for each in (control, backend))


@pytest.fixture
def fake() -> Iterator[Fake]:
    with Servers(LoadHandler) as control, Servers(BackendHandler) as backend:
        threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in (control, backend)]
        for thread in threads:
            thread.start()
        try:
            yield Fake(control, backend)
        finally:
            control.shutdown()
            backend.shutdown()
            for thread in threads:
                thread.join()


class FakeKit:
    """A kit with a stack of its own in place of a runner's."""

    sleep = None

    def __init__(self, enter: Callable[[Any], Any], address: str, in_flight: int) -> None:
        self.enter, self.address, self.in_flight = enter, address, in_flight


def entering(stack: AsyncExitStack) -> Callable[[Any], Any]:
    """The `enter` of a kit on a loop: it is awaited where the resource is asynchronous."""

    def enter(resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return stack.enter_async_context(resource)
        return stack.enter_context(resource)

    return enter


def judged(params: Any, results: Any) -> str:
    """What the oracle says of a round."""
    return HTTP_SERVER.check(params, ITEMS, observe(params, ITEMS, results).results)


DONE = {id(PARAMS): "12 replies after 20 ms", id(CLOSED): "12 replies after 20 ms",
        id(SERVICE): "12 replies after 3 queries of 20 ms and 11 turns"}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "connections", "params"),
    [
        ("sync/wsgiref", 1, PARAMS),
        ("sync/wsgiref", 1, CLOSED),
        ("threading/waitress", 4, CLOSED),
        ("threading/waitress", 4, SERVICE),
        ("threading/wsgiref", 4, PARAMS),
        ("threading/gunicorn", 4, SERVICE),
    ],
)
def test_a_server_on_threads_serves_each_round_and_ends(key: str, connections: int, params: Any, fake: Fake) -> None:
    if not key.endswith("wsgiref"):
        pytest.importorskip(key.partition("/")[2])
    before = set(threading.enumerate())
    with ExitStack() as stack:
        op = HTTP_SERVER.bodies[key](FakeKit(stack.enter_context, fake.address, connections), params)
        for _ in range(2):
            assert judged(params, op(make_items(params, 1))) == DONE[id(params)]
    left = [thread.name for thread in set(threading.enumerate()) - before]
    # The fake has a thread for each connection to it, and those end when they notice.
    assert [name for name in left if "process_request_thread" not in name] == []
    assert [each["connections"] for each in fake.orders] == [connections] * 2


@pytest.mark.parametrize(
    ("key", "loop", "kept"),
    [
        ("asyncio/uvicorn", "asyncio", 0),
        ("asyncio/uvicorn", "uvloop", 0),
        ("asyncio/aiohttp", "asyncio", 0),
        ("asyncio/hypercorn", "asyncio", 0),
        ("asyncio/granian", "uvloop", 3),
    ],
)
def test_a_server_on_a_loop_serves_each_round_and_leaves_no_task_of_it(
    key: str, loop: str, kept: int, fake: Fake
) -> None:
    pytest.importorskip(key.partition("/")[2])
    factory = pytest.importorskip("uvloop").new_event_loop if loop == "uvloop" else None
    before = set(threading.enumerate())

    async def main() -> list[tuple[str, int, int]]:
        seen = []
        async with AsyncExitStack() as stack:
            op = await HTTP_SERVER.bodies[key](FakeKit(entering(stack), fake.address, CONNECTIONS), SERVICE)
            for _ in range(2):
                answer = judged(SERVICE, await op(make_items(SERVICE, 1)))
                ours = [thread for thread in set(threading.enumerate()) - before if "process_req" not in thread.name]
                seen.append((answer, len(asyncio.all_tasks()), len(ours)))
        return seen

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(main()) == [(DONE[id(SERVICE)], 1 + kept, 0)] * 2


def test_hypercorn_on_trio_serves_each_round(fake: Fake) -> None:
    trio = pytest.importorskip("trio")
    pytest.importorskip("hypercorn")

    async def main() -> list[str]:
        async with AsyncExitStack() as stack:
            kit = FakeKit(entering(stack), fake.address, CONNECTIONS)
            op = await HTTP_SERVER.bodies["trio/hypercorn"](kit, SERVICE)
            return [judged(SERVICE, await op(make_items(SERVICE, 1))) for _ in range(2)]

    assert trio.run(main) == [DONE[id(SERVICE)]] * 2


IN_GEVENT = """
from gevent import monkey
monkey.patch_all()
import json, sys, threading
from contextlib import ExitStack
from types import SimpleNamespace
from when_async.workloads.http_server import HTTP_SERVER, make_items, observe
params = json.loads(sys.argv[1])
items = make_items(params, 1)
with ExitStack() as stack:
    kit = SimpleNamespace(enter=stack.enter_context, address=sys.argv[2], in_flight=4)
    op = HTTP_SERVER.bodies["gevent/pywsgi"](kit, params)
    told = [HTTP_SERVER.check(params, items, observe(params, items, op(items)).results) for _ in range(2)]
print(told, threading.active_count())
"""


def test_the_server_on_greenlets_serves_each_round_without_a_thread(fake: Fake) -> None:
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", IN_GEVENT, json.dumps(PARAMS), fake.address],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("['12 replies after 20 ms', '12 replies after 20 ms'] 1", "")


def test_a_server_with_more_requests_than_it_may_have_does_not_wait_for_a_connection(fake: Fake) -> None:
    with ExitStack() as stack:
        pool = Pool(FakeKit(stack.enter_context, fake.address, in_flight=1))
        assert pool.reply(Work(b"20\n")) == b"the backend says ok 20\n"
        taken = pool.free.get()
        with pytest.raises(Empty):
            pool.reply(Work(b"20\n"))
        pool.free.put(taken)
        assert pool.served == 1


def test_a_backend_that_hangs_up_is_an_error_and_no_reply() -> None:
    with socket.create_server((HOST, 0)) as listener, ExitStack() as stack:
        address = f"127.0.0.1:1,127.0.0.1:{listener.getsockname()[1]}"
        pool = Pool(FakeKit(stack.enter_context, address, in_flight=1))
        listener.accept()[0].close()
        with pytest.raises(OSError):  # noqa: PT011  either end may notice first
            pool.reply(Work(b"20\n"))
        assert pool.served == 0


def test_the_order_names_the_whole_load_and_the_right_reply() -> None:
    asked = json.loads(order(PARAMS, ITEMS, connections=4, port=99))
    expected = {
        "protocol": "http", "host": HOST, "port": 99, "connections": 4, "messages": 12, "rate_per_s": 500.0,
        "path": "/wait/20", "seed": 1, "expect_text": "the backend says ok 20\n", "prime": True, "announce": True,
    }  # fmt: skip
    assert {name: asked[name] for name in expected} == expected


def test_only_an_open_loop_is_primed() -> None:
    assert json.loads(order(CLOSED, ITEMS, connections=4, port=99))["prime"] is False


@pytest.mark.parametrize(
    "path",
    ["/", "/wait/", "/wait/x", "/wait/-1", "/wait/123456", "/waiting/20", "/a/wait/20", "/wait/5/3", "/wait/5/3/1/x",
     "/wait/5/3/1/12345678901"],
)  # fmt: skip
def test_other_paths_ask_the_backend_for_nothing(path: str) -> None:
    assert work_of(path) is None
    with pytest.raises(ValueError, match="nothing is served"):
        expected_text(path)


def test_a_request_of_one_query_that_computes_nothing_has_the_path_it_always_had() -> None:
    assert {make_items({**PARAMS, "queries": queries}, 7)[0][1] for queries in (0, 1)} == {"/wait/20"}
    id_of_old = "http_server[rate=500/s,wait=5ms,n=60,c=50]"
    assert id_of_old in {comparison_id(HTTP_SERVER, point) for point in HTTP_SERVER.grid["quick"]}


def test_a_reply_holds_the_answer_of_each_query_and_what_was_computed_from_the_seed() -> None:
    for seed in (1, 2**40):
        path = make_items(SERVICE, seed)[0][1]
        work = work_of(path)
        assert work is not None
        assert (work.line, work.queries, work.turns) == (b"20\n", 3, 11)
        told = "the backend says " + "ok 20\n" * 3
        assert expected_text(path) == f"{told}computed {churn(work.value, 11)}\n"


def changed(served: int = 16, **changes: Any) -> list[Any]:
    """What an op returns when the load generator reports the right round with `changes`."""
    return [json.dumps({**REPORT, **changes}).encode() + b"\n", served, CONNECTIONS, Spent(0.006, 24), 30_000_000]


def test_the_right_round_is_accepted() -> None:
    assert judged(PARAMS, changed()) == "12 replies after 20 ms"


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        (changed(received=11, lost=1, served=15), "no reply"),
        (changed(received=11, wrong=1), "a wrong reply"),
        (changed(sent=13, served=16), "not asked for"),
        (changed(served=17), "did not arrive"),
        (changed(served=15), "did not make"),
        (changed(sent=24, received=24, served=28), "12 requests were asked for, 24 were answered"),
        (changed(sent=11, received=11, served=15), "12 requests were asked for, 11 were answered"),
        (changed(connected=3, connections_failed=1, error="refused"), "3 of 4 connections were made: refused"),
        (changed(connected=3), "3 of 4 connections"),
        (changed(received=11, wrong=1, error="a status of 500"), r"a status of 500 \(\{'a wrong reply': 1\}\)"),
        ([b'{"error": "no such protocol"}\n', 0, 4, None, 0], "refused the order: no such protocol"),
        ([b"", 0, 4, None, 0], "the load generator is gone"),
    ],
)
def test_a_round_that_is_not_the_one_asked_for_is_refused(results: list[Any], complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        judged(PARAMS, results)


def test_a_paced_round_tells_its_load_its_cost_its_fairness_and_how_late_the_generator_was() -> None:
    seen = observe(PARAMS, ITEMS, changed())
    assert seen.figures == {"served_per_s": 24.0, "offered_per_s": 500.0, "cpu_per_request_s": 0.0005, "jain": 1.0,
                            "faults_per_request": 2.0,
                            "resident_bytes": 30e6, "generator_late_max_s": 80e-6, "generator_busy": 0.1}  # fmt: skip
    assert seen.latencies_ns == [21_000_000] * 12
    assert set(seen.figures) == {figure.name for figure in HTTP_SERVER.figures}


def test_a_neglected_connection_waits_longer_on_a_schedule_and_asks_less_often_in_a_closed_loop() -> None:
    slow = {"per_connection_ns": [63, 63, 63, 630]}
    few = {"per_connection": [4, 4, 4, 0]}
    assert observe(PARAMS, ITEMS, changed(**slow)).figures["jain"] == pytest.approx(13**2 / (4 * 103))
    assert observe(CLOSED, ITEMS, changed(primed=0, served=12, **few)).figures["jain"] == pytest.approx(0.75)


def test_a_closed_loop_is_offered_what_it_is_served() -> None:
    seen = observe(CLOSED, ITEMS, changed(primed=0, served=12)).figures
    assert seen["offered_per_s"] == seen["served_per_s"] == 24.0


SEEN = {"received": 12, "wrong": 0, "primed": 4, "backend_requests": 16, "backend_peak_in_flight": 4}


def test_a_backend_that_was_asked_as_often_as_the_replies_take_raises_no_complaint() -> None:
    assert expect(PARAMS, 4, SEEN) is None
    assert expect(SERVICE, 4, {**SEEN, "backend_requests": 48}) is None
    assert "16 times for 16 replies" in (expect(SERVICE, 4, SEEN) or "")


def test_a_process_whose_memory_is_not_known_has_no_figure_of_it() -> None:
    line, served, connections, spent, _ = changed()
    assert "resident_bytes" not in observe(PARAMS, ITEMS, [line, served, connections, spent, 0]).figures


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        ({"received": 11, "backend_requests": 15}, "11 right replies where 12"),
        ({"backend_requests": 1}, "asked 1 times for 16 replies"),
        ({"backend_peak_in_flight": 5}, "5 times at once where 4"),
    ],
)
def test_a_backend_that_saw_other_work_raises_a_complaint(seen: dict[str, int], complaint: str) -> None:
    assert complaint in (expect(PARAMS, 4, {**SEEN, **seen}) or "")


def test_the_waits_of_the_busiest_connection_bound_a_closed_loop_and_the_schedule_an_open_one() -> None:
    assert ideal_s(CLOSED, 5) == pytest.approx(0.06)
    assert bounds(CLOSED, 5) == {"waiting alone": pytest.approx(0.06)}
    assert ideal_s({**CLOSED, "queries": 3}, 5) == pytest.approx(0.18)
    assert bounds(PARAMS, 5) == {"as offered": pytest.approx(0.024)}


def test_each_point_of_the_grid_lies_in_the_range_of_its_parameters() -> None:
    for points in HTTP_SERVER.grid.values():
        for point in points:
            assert set(point.params) == {param.name for param in HTTP_SERVER.params}
            assert all(param.low <= float(point.params[param.name]) <= param.high for param in HTTP_SERVER.params)
            assert point.concurrency <= int(point.params["n"])
            assert float(point.params["wait_s"]) * 1000 % 1 == 0


def test_the_workload_loads_no_server_and_no_event_loop_by_itself() -> None:
    names = {"asyncio", "http", "wsgiref", "socketserver", "uvicorn", "aiohttp", "waitress", "gevent",
             "gunicorn", "hypercorn", "granian", "trio"}
    code = f"import sys, when_async.workloads.http_server; print(sorted({names!r} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


WRK_PRINTS = """Running 2s test @ http://127.0.0.1:1/wait/20
  1 threads and 10 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.51ms    3.86ms  51.28ms   78.81%
    Req/Sec     1.97k   501.33     3.11k    66.67%
  Latency Distribution
     50%  805.00us
     75%    7.33ms
  4128 requests in 2.10s, 673.06KB read
Requests/sec:   1964.17
Transfer/sec:    320.26KB
"""


def test_what_wrk_prints_is_read_in_seconds() -> None:
    assert read_wrk(WRK_PRINTS, busy=0.3) == Shot(1964.17, pytest.approx(805e-6), 0.3)


@pytest.mark.parametrize(
    "line", ["  Socket errors: connect 0, read 3, write 0, timeout 0", "  Non-2xx or 3xx responses: 7"]
)
def test_a_run_of_wrk_with_errors_is_not_compared(line: str) -> None:
    with pytest.raises(Failed, match=line.strip().partition(":")[0]):
        read_wrk(WRK_PRINTS + line + "\n", busy=0.3)


def test_a_stall_counts_for_the_requests_that_it_hid_by_the_rule_of_wrk() -> None:
    # Four turns of two connections in 400 us: a cycle is 100 us, and 450 us hide requests of 350, 250 and 150 us.
    assert corrected([90, 100, 450, 100, 90, 199, 100, 100], 2, 400e-6)[8:] == [350, 250, 150]
    assert corrected([90], 2, 400e-6) == [90]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.97, 1.04, "within 5%"), (0.9, 0.94, "differ by more than 5%"), (0.94, 1.01, "undecided at 5%")],
)
def test_generators_agree_only_where_the_whole_interval_does(low: float, high: float, words: str) -> None:
    assert verdict(Estimate((low + high) / 2, low, high, "x", 8)) == words


def test_without_wrk_the_check_says_how_to_get_it_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert check_against_wrk([]) == 0
    assert capsys.readouterr().out.startswith("skipped: wrk is not installed")
