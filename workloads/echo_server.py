"""A TCP echo server under load: the server is what is measured, the clients are a load generator in another process.

Messages have a fixed size; the server reads one whole and sends it back. With `rate_per_s` the generator sends on a
schedule that does not wait for the server (open loop), and latency runs from when a message was due to its reply; at
0 each connection sends its next message when the reply is there (closed loop). Every reply is compared with what was
sent, by the generator; the server counts for itself, and both accounts must say the same (method.md, N1, N6, N13).

Each connection exchanges one message before the clock runs, so that accepting is done by then. It is in the makespan
and in the CPU of the sample, though; `served_per_s` and `cpu_per_message_s` leave it out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies.echo.blocking import open_gevent, open_processes, open_threads
from .bodies.echo.loops import open_anyio, open_curio, open_protocol, open_streams, open_trio
from .bodies.echo.sockets import open_sockets
from .bodies.heap import HEAP, check_regime, regime
from .bodies.served import FIGURES, figures_of, jain, load_service
from .bodies.steering import report

LEAST_EACH = 3
"""Messages a connection below which nothing is said of fairness: it would be chance."""


def make_items(params: Params, seed: int) -> list[int]:
    """The numbers that the messages carry, counted on from one that is drawn."""
    first = random.Random(seed).getrandbits(40)
    return list(range(first, first + int(params["n"])))


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """Every message came back whole, right and once; raises WrongAnswer that names the first that did not."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} replies came for {len(items)} messages")
    for place, (item, result) in enumerate(zip(items, results, strict=True)):
        if result != item:
            words = "had no right reply" if result is None else f"was answered with {result!r}"
            raise WrongAnswer(f"message {place} of {len(items)} {words}")
    return f"{len(items)} messages of {params['size_bytes']} B echoed"


def observe(params: Params, items: Sequence[int], results: Sequence[Any]) -> Observed:
    """Hold the generator's account against the server's, then take it apart; raises WrongAnswer where they differ."""
    line, cpu_s, connections, messages, size_bytes, faults, large = results
    told = report(line)
    refuse_losses(told, len(items))
    primed = told["primed"]
    refuse_difference("connections", told["connected"], connections)
    refuse_difference("messages", told["received"] + primed, messages)
    refuse_difference("bytes", (told["sent"] + primed) * int(params["size_bytes"]), size_bytes)
    refuse_difference("reply bytes", told["bytes_out"], told["bytes_in"])
    check_regime(int(params["heap"]), faults, len(items) if large else 0, len(items))
    missing = set(told["missing"])
    return Observed(
        results=[None if place in missing else item for place, item in enumerate(items)],
        figures=figures(params, told, cpu_s, faults),
        latencies_ns=told["latencies_ns"],
    )


def refuse_losses(told: Mapping[str, Any], asked: int) -> None:
    """Raise WrongAnswer where a message or a connection was lost, whatever else was fast."""
    why = f": {told['error']}" if told["error"] else ""
    failed, connected = told["connections_failed"], told["connected"]
    if failed:
        raise WrongAnswer(f"{failed} of {failed + connected} connections could not be made{why}")
    if told["held"] != connected:
        raise WrongAnswer(f"{connected - told['held']} of {connected} connections did not live to the end{why}")
    for what in ("wrong", "lost"):
        if told[what]:
            raise WrongAnswer(f"{told[what]} of {asked} messages were {what}{why}")
    if why:
        raise WrongAnswer(f"the load generator saw what it did not ask for{why}")
    refuse_difference("messages asked for", told["sent"], asked)
    refuse_difference("latencies", len(told["latencies_ns"]), asked)


def refuse_difference(what: str, generator: int, server: int) -> None:
    """Raise WrongAnswer where the two accounts do not say the same."""
    if generator != server:
        raise WrongAnswer(f"{what}: the load generator counts {generator}, the other side {server}")


def figures(params: Params, told: Mapping[str, Any], cpu_s: float | None, faults: int | None) -> dict[str, float]:
    """The numbers of a round beside its latencies."""
    rate_per_s = float(params["rate_per_s"])
    # With a schedule every connection gets the same number of messages, whoever starves: how long it waits shows it,
    # and by the median, so that one pause of the machine, which meets whoever is due, is not taken for unfairness.
    # In a closed loop a connection that is served late takes fewer of the messages, so there the counts show it.
    shares = told["per_connection_ns"] if rate_per_s else told["per_connection"]
    fair = {"jain": jain(shares)} if len(told["latencies_ns"]) >= LEAST_EACH * len(shares) else {}
    return {
        **figures_of(told, rate_per_s),
        "connections_held": float(told["held"]),
        **fair,
        **({} if cpu_s is None else {"cpu_per_message_s": cpu_s / len(told["latencies_ns"])}),
        **({} if faults is None else {"faults_per_message": faults / len(told["latencies_ns"])}),
    }


def ideal_s(params: Params, in_flight: int) -> float:
    """When the last message is due at the earliest, or how long connections are held; 0.0 in a closed loop."""
    rate_per_s = float(params["rate_per_s"])
    return max((int(params["n"]) - 1) / rate_per_s if rate_per_s else 0.0, float(params["hold_s"]))


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless the generator was given this load, once, and had every reply (seen without the server's help)."""
    n = int(params["n"])
    if stats["orders"] != 1:
        return f"it was asked for {stats['orders']} loads where one was to be served"
    if stats["connected"] != concurrency or stats["held"] != concurrency:
        return f"{stats['connected']} connections were made and {stats['held']} held where {concurrency} were asked for"
    if (stats["sent"], stats["received"], stats["wrong"], stats["lost"]) != (n, n, 0, 0):
        return f"{stats['received']} of {n} messages had a right reply, {stats['wrong']} a wrong one"
    if stats["bytes_out"] != n * int(params["size_bytes"]):
        return f"{stats['bytes_out']} bytes were sent where {n * int(params['size_bytes'])} were asked for"
    return None


def _point(concurrency: int, n: int, rate_per_s: int, size_bytes: int = 64, hold_s: float = 0.0) -> Point:
    given = {"n": n, "size_bytes": size_bytes, "rate_per_s": rate_per_s, "hold_s": hold_s, "heap": 0}
    return Point(concurrency, given)


ECHO_SERVER = Workload(
    name="echo_server",
    summary="a TCP echo server under a load that does not wait for it",
    shape=Shape.PROGRAM,
    bodies={
        "threading": open_threads,
        "multiprocessing": open_processes,
        "gevent": open_gevent,
        "asyncio/streams": open_streams,
        "asyncio/protocol": open_protocol,
        "asyncio/sockets": open_sockets,
        "trio": open_trio,
        "anyio": open_anyio,
        "curio": open_curio,
    },
    faces={
        "streams": "asyncio.start_server: a task for each connection reads and writes a stream",
        "protocol": "loop.create_server: an object for each connection is called with what has come",
        "sockets": "loop.sock_recv and loop.sock_sendall: a task for each connection, without a transport",
    },
    params=(
        Param("n", 1, 10_000_000, "how many messages"),
        Param("size_bytes", 8, 1 << 20, "size of each message"),
        Param("rate_per_s", 0, 1_000_000, "messages offered a second over all connections; 0 is a closed loop"),
        Param("hold_s", 0.0, 600.0, "how long the connections are held at least"),
        HEAP,
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    latency="message due to reply there",
    figures=(
        Figure("offered_per_s", "messages a second that the schedule asked for; what was served in a closed loop"),
        Figure("served_per_s", "right replies a second, from when the clock starts to the last reply", "higher"),
        Figure("jain", "Jain's index over connections: of median latencies on a schedule, else of counts", "higher"),
        Figure("connections_held", "connections that lived from the first message to the end"),
        *FIGURES,
        Figure("cpu_per_message_s", "CPU of the server a message, without what accepting connections took", "lower"),
        Figure("faults_per_message", "page faults of the server a message, over the same time", "lower"),
    ),
    ideal_s=ideal_s,
    service=load_service(expect),
    prepare=regime,
    grid={
        "smoke": (_point(10, 50, 2000),),
        "quick": (_point(100, 300, 3000),),
        "full": (
            # Offered load at 100 connections: the three rounds of a process have 1000 messages and more for its p99.
            # The load generator reached 40 700/s on a busy 2-core VM, so threefold headroom ends at 12 000/s there.
            _point(100, 400, 4000),
            _point(100, 1200, 12_000),
            _point(100, 1200, 0),
            # Connecting takes longer than the messages here. With 10 000 it takes seconds a round, so they are asked
            # for by hand and in no profile: -w echo_server:rate=1000/s,n=30000,c=10000,hold=30s.
            _point(1000, 400, 2000),
        ),
    },
    headline="cpu",
    learn=(
        "You learn what load each model serves before its latencies rise, how evenly it treats its connections and "
        "what a message costs in CPU; rows on a schedule do not show a highest rate, the makespan and CPU of a sample "
        "include accepting its connections, and nothing here does any work between reading and answering."
    ),
)
