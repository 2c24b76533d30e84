"""A chat room of n members over TCP: every line that one of them says goes to all of them.

The worker hosts the room; a helper process (workloads/load/chat.py) plays all members. In a round they join,
say `n / members` lines between them at times drawn from the seed, one each `gap_s` on average, hear `n` lines, and
leave. An op is one line delivered to one member, so CPU per op is CPU per delivered line, joining and leaving included;
the figure `cpu_per_line_s` leaves these out. With `gap_s` = 0 a line is said when everybody has heard the last one.

What is equal for all: lines are cut out of the stream and sent one by one, each in a send of its own; TCP_NODELAY; the
door is open before the round, who comes in gets a thread or task within it. Nobody waits for a slow member: what it has
not read is kept for it, by the kernel and then by the model's own queue or buffer (1 MiB; the threads have only the
kernel's), and beyond that it is dropped, which the oracle refuses. There is no ideal time, since a schedule that is
drawn may end early; there is no room of processes, since its members would have to share state across them, nor one of
`sync`, which serves one connection at a time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Service, Shape, Workload, WrongAnswer

from .bodies.heap import HEAP, check_regime, regime
from .bodies.later import later, later_async
from .bodies.served import jain

SAMPLED = 20_000
"""Latencies of a round that the load generator hands over; of more lines they are a seeded uniform sample."""

Item = tuple[int, int]
"""(seed of the talk, number of the delivery)."""
Served = Sequence[Any]
"""[the load generator's report as it came, what the server counted]."""


def make_items(params: Params, seed: int) -> list[Item]:
    """`n` deliveries; who says what and when is drawn by the load generator from the seed."""
    return [(seed, index) for index in range(int(params["n"]))]


def observe(params: Params, items: Sequence[Item], results: Served) -> Observed:
    """One result for each delivered line: the number of the member that got it.

    Raises WrongAnswer where the load generator or the server tells of anything else than was asked for.
    """
    report, server = json.loads(results[0]), results[1]
    _check_talk(report, server)
    _check_server(int(params["n"]), report, server)
    check_regime(int(params["heap"]), server["talk_faults"], server["large_reads"], report["delivered"])
    delivered = report["delivered"]
    figures = {
        "delivered_per_s": delivered / report["seconds"],
        "cpu_per_line_s": server["talk_cpu_s"] / delivered,
        "faults_per_line": server["talk_faults"] / delivered,
        "fairness": jain(report["member_mean_ns"]),
        "generator_late_max_s": report["late_max_ns"] / 1e9,
        "members": float(report["connected"]),
    }
    if server["resident_bytes"]:
        figures["resident_bytes"] = float(server["resident_bytes"])
    who = [member for member, count in enumerate(report["per_member"]) for _ in range(count)]
    return Observed(who, figures, report["latencies_ns"])


def _check_talk(report: Mapping[str, Any], server: Mapping[str, Any]) -> None:
    """Refuse a talk that broke off, and one in which somebody did not hear each line once, whole and in order."""
    if report["error"]:
        dropped = f" ({server['dropped']} members were too far behind and dropped)" if server["dropped"] else ""
        raise WrongAnswer(f"{report['error']}{dropped}")
    words = (("lost", "lost"), ("wrong", "wrong"), ("doubled", "doubled"), ("out_of_order", "out of order"))
    told = [f"{report[name]} {word}" for name, word in words if report[name]]
    if told:
        raise WrongAnswer(f"of {report['expected']} deliveries {', '.join(told)}: {report['fault']}")


def _check_server(n: int, report: Mapping[str, Any], server: Mapping[str, Any]) -> None:
    """Refuse counts that do not add up to the `n` deliveries that were asked for."""
    said, members = report["said"], report["connected"]
    if said * members != n or report["delivered"] != n:
        raise WrongAnswer(f"{said} lines to {members} members made {report['delivered']} deliveries, not {n}")
    for name, expected in (("joined", members), ("lines_in", said), ("lines_out", n), ("dropped", 0)):
        if server[name] != expected:
            raise WrongAnswer(f"the server counted {server[name]} {name.replace('_', ' ')}, it should be {expected}")
    if len(report["latencies_ns"]) != min(n, SAMPLED):
        raise WrongAnswer(f"{len(report['latencies_ns'])} latencies came of {n} deliveries")


def check(params: Params, items: Sequence[Item], results: Sequence[int]) -> str:
    """Every member must have got equally many lines, and all together as many as were asked for."""
    counts = Counter(results)
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} lines were delivered where {len(items)} were asked for")
    if set(counts) != set(range(len(counts))):
        raise WrongAnswer(f"there is no member {min(set(range(max(counts))) - set(counts))} among those who got lines")
    fewest, most = min(counts.values()), max(counts.values())
    if fewest != most:
        raise WrongAnswer(f"one member got {most} lines and another {fewest}")
    return f"{most} lines to each of {len(counts)} members"


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """When the last line is said, about."""
    return {"all lines said": int(params["n"]) // concurrency * float(params["gap_s"])}


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless one talk was ordered, with as many members as asked for, and heard by all of them."""
    n = int(params["n"])
    if stats["orders"] != 1:
        return f"{stats['orders']} talks were ordered in a round"
    if stats["members"] != concurrency:
        return f"{stats['members']} members came where {concurrency} were asked for"
    if stats["said"] * concurrency != n or stats["delivered"] != n:
        return f"{stats['said']} lines were said and {stats['delivered']} heard, {n} were to be heard"
    return None


def _point(members: int, lines: int = 20, gap_s: float = 0.01) -> Point:
    """A room in which so many lines are said."""
    return Point(members, {"n": members * lines, "gap_s": gap_s, "size_bytes": 64, "heap": 0})


CHAT = Workload(
    name="chat",
    summary="a chat room of n members over TCP; a line that one says goes to all",
    shape=Shape.PROGRAM,
    bodies={
        "threading": later("chat.threads", "threads"),
        "gevent": later("chat.gevent_", "greenlets"),
        "asyncio/streams": later_async("chat.asyncio_", "streams"),
        "asyncio/protocol": later_async("chat.asyncio_", "protocol"),
        "trio": later_async("chat.tasks", "trio_room"),
        "anyio": later_async("chat.tasks", "anyio_room"),
        "curio": later_async("chat.tasks", "curio_room"),
    },
    faces={
        "streams": "StreamReader and StreamWriter, with a queue and a task that writes and drains for each member",
        "protocol": "an asyncio.Protocol for each member, and transport.write to all",
    },
    params=(
        Param("n", 1, 2_000_000, "lines delivered: lines said times members"),
        Param("gap_s", 0.0, 10.0, "mean time between two lines; 0 waits until all have heard the last"),
        Param("size_bytes", 32, 16384, "size of a line"),
        HEAP,
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    bounds=bounds,
    latency="line said to line received",
    figures=(
        Figure("delivered_per_s", "lines delivered per second of the talk, as scheduled or fewer", "higher"),
        Figure("cpu_per_line_s", "CPU of the server per delivered line, without joining and leaving", "lower"),
        Figure("faults_per_line", "page faults of the server per delivered line, over the same time", "lower"),
        Figure("fairness", "Jain's index over the members' mean latencies: 1 where all wait equally long", "higher"),
        Figure("generator_late_max_s", "how late the load generator said a line; counts as latency", "lower"),
        Figure("members", "members that were connected"),
        Figure("resident_bytes", "memory of the server's process with all members there", "lower"),
    ),
    grid={
        "smoke": (_point(5, lines=5, gap_s=0.001),),
        "quick": (_point(50, lines=12),),
        # The same 100 lines per second to ever more members, until the room breaks. Where it is sure to, a short talk
        # says so too.
        "full": (
            *(_point(members, lines=12) for members in (10, 50, 200)),
            *(_point(members, lines=8) for members in (500, 2000)),
        ),
    },
    service=Service(
        name="chat members",
        module="when_async.workloads.load.chat",
        requires=("uvloop",),
        load_module="when_async.workloads.load.chat_capacity",
        expect=expect,
    ),
    prepare=regime,
    headline="cpu",
    learn=(
        "At how many members a room that relays a fixed number of lines per second falls behind under each model, and "
        "what a delivered line costs; the members are fast readers on the same machine, so nothing is learnt of slow "
        "or lossy networks, and where the row is server-bound the members and not the room were the limit."
    ),
)
