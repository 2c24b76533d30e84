"""`http_server`: the contestant is the server, and the load comes from outside.

`GET /wait/20` asks a backend over a second connection, waits for its answer (20 ms) and replies with a small body made
from it: what a web application does that waits for a database. With `queries` it asks so many times, one query after
the other on one connection; with `cpu_s` the handler then computes, an amount as in `mixed`, where it runs: on a loop
nothing else happens meanwhile. Each query is a round trip to another process, and the reply holds its answer and what
was computed.

The load generator and the backend are one helper (workloads/load/generator.py); the measured process orders a load from
it, serves, and gets a report. All have equal limits: as many connections of the load, threads (where there are threads)
and backend connections as ops in flight. The servers start when the session opens and stay, but for hypercorn, which
starts in each round; the connections of the load are made in each round.

With `rate_per_s` the load is open: requests are due by a schedule whatever the server does, and their latency counts
from when they were due (method.md, R15); before the schedule begins each connection has had one request that counts
nowhere. With 0 it is closed: whichever connection has its answer asks again. Makespan and CPU of a sample hold more
than the requests: the connecting, and in an open loop that priming. `served_per_s` and `cpu_per_request_s` begin with
the load generator's own clock, when all connections are there.

Who serves: waitress, gunicorn's gthread worker and wsgiref with a thread per connection (WSGI on threads), uvicorn,
hypercorn, granian and aiohttp.web (on asyncio, uvloop and other loops of its kind), hypercorn on trio, gevent.pywsgi,
and wsgiref in one thread as the serial reference, with one connection. All serve from the one measured process, without
the master that some have to watch over workers. Rows of one server on two loops compare the loops; all others differ in
the server as well as in the model. uvicorn parses with httptools where that is installed and else with h11, in pure
Python, which is much slower; hypercorn has h11 always. granian reads and writes in a thread of its own, which runs no
Python. anyio and curio have no HTTP server among what we install, so they leave a hole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies import steering
from .bodies.http.blocking import open_pywsgi, open_waitress
from .bodies.http.request import Item, path_of, queries_of, turns_in
from .bodies.http.wsgiref_ import open_wsgiref_serial, open_wsgiref_threads
from .bodies.later import later, later_async
from .bodies.served import FIGURES, figures_of, jain, load_service
from .bodies.spent import Spent

RIGHT = "right"
WRONG = "a wrong reply"
LOST = "no reply"
DOUBLED = "a request that was not asked for"
UNMADE = "a reply that the application did not make"
UNSENT = "a reply of the application that did not arrive"
TROUBLE = (WRONG, LOST, DOUBLED, UNMADE, UNSENT)


def make_items(params: Params, seed: int) -> list[Item]:
    """`n` requests for one path; the seed decides the schedule of the load, where it has one, and what is computed."""
    path = path_of(params, seed)
    return [(index, path, seed) for index in range(int(params["n"]))]


def observe(params: Params, items: Sequence[Item], results: Sequence[Any]) -> Observed:
    """What became of each request, and what the load generator saw; raises WrongAnswer where it saw no whole round."""
    line, served, connections, spent, memory = results
    try:
        report = steering.report(line)
    except steering.Stopped as error:
        raise WrongAnswer(str(error)) from error
    if report["connections_failed"] or report["connected"] != connections:
        raise WrongAnswer(f"{report['connected']} of {connections} connections were made: {report['error']}")
    outcome = outcomes(report, served)
    if report["error"]:
        kinds = {kind: outcome.count(kind) for kind in TROUBLE if kind in outcome}
        raise WrongAnswer(f"the load generator complains of {report['error']} ({kinds})")
    told = figures(params, report, spent) | ({"resident_bytes": float(memory)} if memory else {})
    return Observed(outcome, told, report["latencies_ns"])


def outcomes(report: Mapping[str, Any], served: int) -> list[str]:
    """One entry for each request that was asked for, and one for each that the counts of the two sides differ by."""
    found = [RIGHT] * report["received"] + [WRONG] * report["wrong"] + [LOST] * report["lost"]
    doubled = report["sent"] - len(found)
    extra = served - report["primed"] - report["received"] - report["wrong"]
    return found + [DOUBLED] * doubled + [UNMADE] * -extra + [UNSENT] * extra


def figures(params: Params, report: Mapping[str, Any], spent: Spent | None) -> dict[str, float]:
    """The numbers of one round beside its latencies."""
    rate_per_s = float(params["rate_per_s"])
    counts, totals_ns = report["per_connection"], report["per_connection_ns"]
    # A schedule deals the same number of requests to each connection, so who is neglected shows it by waiting longer.
    # In a closed loop it asks less often.
    shares = [total / count for total, count in zip(totals_ns, counts, strict=True) if count] if rate_per_s else counts
    found = {**figures_of(report, rate_per_s), "jain": jain(shares)}
    if spent is None or not report["received"]:
        return found
    cpu_s, faults = spent
    return found | {"cpu_per_request_s": cpu_s / report["received"], "faults_per_request": faults / report["received"]}


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Say how many replies were right; raises WrongAnswer unless each request has exactly one."""
    for place, result in enumerate(results):
        if result != RIGHT:
            count = sum(each == result for each in results)
            raise WrongAnswer(f"{result!s} ({count} of {len(results)}, the first in place {place})")
    if len(results) != len(items):
        raise WrongAnswer(f"{len(items)} requests were asked for, {len(results)} were answered")
    queries, turns, wait_ms = queries_of(params), turns_in(params), round(float(params["wait_s"]) * 1000)
    waited = f"{wait_ms} ms" if queries == 1 else f"{queries} queries of {wait_ms} ms"
    return f"{len(items)} replies after {waited}" + (f" and {turns} turns" if turns else "")


def ideal_s(params: Params, in_flight: int) -> float:
    """The waits of the busiest connection: on each there is one request at a time, and each waits for the backend."""
    return ceil(int(params["n"]) / in_flight) * queries_of(params) * float(params["wait_s"])


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless each reply took its queries of the backend, no more at once than there are connections."""
    replies = stats["received"] + stats["wrong"] + stats["primed"]
    if stats["received"] != int(params["n"]):
        return f"the load generator got {stats['received']} right replies where {params['n']} were asked for"
    if stats["backend_requests"] != replies * queries_of(params):
        return f"the backend was asked {stats['backend_requests']} times for {replies} replies"
    if stats["backend_peak_in_flight"] > concurrency:
        return f"the backend was asked {stats['backend_peak_in_flight']} times at once where {concurrency} are allowed"
    return None


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """What the waits or the schedule alone would take."""
    if rate_per_s := float(params["rate_per_s"]):
        return {"as offered": int(params["n"]) / rate_per_s}
    return {"waiting alone": ideal_s(params, concurrency)}


def _point(
    connections: int, n: int, rate_per_s: int = 0, wait_s: float = 0.02, queries: int = 0, cpu_s: float = 0.0
) -> Point:
    """One point of the grid."""
    params = {"n": n, "rate_per_s": rate_per_s, "wait_s": wait_s, "queries": queries, "cpu_s": cpu_s}
    return Point(connections, params)


HTTP_SERVER = Workload(
    name="http_server",
    summary="serve n requests that each wait for a backend; the load generator is another process",
    shape=Shape.PROGRAM,
    bodies={
        "sync/wsgiref": open_wsgiref_serial,
        "threading/waitress": open_waitress,
        "threading/gunicorn": later("http.gunicorn_", "open_gunicorn"),
        "threading/wsgiref": open_wsgiref_threads,
        "gevent/pywsgi": open_pywsgi,
        "asyncio/uvicorn": later_async("http.asgi_servers", "open_uvicorn"),
        "asyncio/hypercorn": later_async("http.asgi_servers", "open_hypercorn"),
        "asyncio/granian": later_async("http.asgi_servers", "open_granian"),
        "asyncio/aiohttp": later_async("http.loops", "open_aiohttp"),
        "trio/hypercorn": later_async("http.trio_", "open_hypercorn"),
    },
    faces={
        "wsgiref": "the WSGI server of the standard library, made to keep connections",
        "pywsgi": "gevent's own WSGI server",
    },
    params=(
        Param("n", 1, 1_000_000, "how many requests"),
        Param("rate_per_s", 0, 100_000, "requests due per second; 0 asks again when the answer is there"),
        Param("wait_s", 0.001, 1.0, "how long the backend takes to answer, in whole milliseconds"),
        Param("queries", 0, 100, "queries of the backend in a request, one after another; 0 is one as well"),
        Param("cpu_s", 0.0, 0.1, "nominal length of what a request computes after them; fixes the amount of work"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(
        Figure("served_per_s", "right replies a second, from when the load's clock starts to the last reply", "higher"),
        Figure("offered_per_s", "requests a second that the schedule asked for; what was served in a closed loop"),
        Figure("cpu_per_request_s", "CPU of the server a request, without connecting and priming", "lower"),
        Figure("faults_per_request", "page faults of the server a request, over the same time", "lower"),
        Figure("jain", "Jain's index of the connections: of mean latencies on a schedule, of counts without", "higher"),
        Figure("resident_bytes", "memory of the server's process when the load is over, interpreter included", "lower"),
        *FIGURES,
    ),
    latency="request due to reply",
    threaded=("granian",),
    grid={
        "smoke": (_point(4, 20, wait_s=0.002),),
        # 5 ms, so that the serial reference has done its 125 requests in less than a second.
        "quick": (_point(50, 60, 500, wait_s=0.005),),
        # Two loads and a closed loop. The three rounds of a process have more than 1000 requests, which a p99 needs.
        "full": (
            _point(100, 350, 1000),
            _point(100, 350, 2000),
            _point(100, 350),
            # What a service does all day. A run that stops when it has decided has two rounds in a process, so these
            # are the fewest requests that give it a p99, in 2.5 s.
            _point(50, 500, 200, wait_s=0.005, queries=3, cpu_s=0.002),
        ),
    },
    ideal_s=ideal_s,
    bounds=bounds,
    service=load_service(expect),
    headline="cpu",
    learn=(
        "What a request costs a server in CPU and in latency while it waits for a backend, at loads that all can bear "
        "and at loads that they cannot; a row names a server and a model at once, only the same server on two loops "
        "compares loops, and a loopback load says nothing of TLS, of slow clients or of several worker processes."
    ),
)
