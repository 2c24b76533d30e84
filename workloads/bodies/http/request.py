"""One request to the servers of workloads/http_server.py: its path, the work that it asks for, and the right reply.

`GET /wait/MS` asks the backend once, for MS milliseconds. `GET /wait/MS/QUERIES/TURNS/VALUE` asks it so many times, one
query after the other, and then turns a generator on from VALUE (bodies/thinking.py). The reply holds every answer of
the backend and, where there was something to compute, the value that was arrived at: none of it can be left out.

Only the standard library is imported up here, because this is loaded into the measured process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from when_async.bench.model import Params

from .. import steering
from ..thinking import MODULUS, churn, churned, turns_of

IDLE_S = 3600
"""How long an idle connection is kept: a server that dropped one would make the load connect again inside the clock."""

MOST_DIGITS = 5
"""A wait of 100 s or more is a mistake."""

NUMBER_DIGITS = 10
"""More than any other number of a path has."""

ANSWER = b"the backend says "
"""What comes before the backend's lines in a reply."""

FOUND = b"computed %d\n"
"""What comes behind them where something was computed."""

Item = tuple[int, str, int]
"""(index, path, seed of the load's schedule): the path is ready, so that nothing is formatted in the clock."""

Outcome = list[Any]
"""What an op returns: the report as the line that came, replies that the application made, connections asked for, the
CPU seconds of this process from the announced start of the load's clock to the report, or None, and its resident
memory in bytes when the report had come, 0 where that is not known.
"""

Op = Callable[[Sequence[Item]], Outcome]


class Work(NamedTuple):
    """What one request asks for: `line` goes to the backend `queries` times, then `turns` are computed from `value`."""

    line: bytes
    queries: int = 1
    turns: int = 0
    value: int = 1


def queries_of(params: Params) -> int:
    """How many queries a request makes; what an id leaves out is 0, and asks once as well."""
    return max(1, int(params.get("queries", 0)))


def turns_in(params: Params) -> int:
    """How many turns a request computes."""
    return turns_of(float(params.get("cpu_s", 0.0)))


def path_of(params: Params, seed: int) -> str:
    """The path of all requests of a round; the seed decides from where they compute."""
    path, queries, turns = f"/wait/{round(float(params['wait_s']) * 1000)}", queries_of(params), turns_in(params)
    if (queries, turns) == (1, 0):
        return path
    return f"{path}/{queries}/{turns}/{1 + seed % (MODULUS - 1)}"


def work_of(path: str) -> Work | None:
    """What a path asks for; None for one that nobody serves."""
    _, *parts = path.split("/")
    if len(parts) not in (2, 5) or parts[0] != "wait":
        return None
    if len(parts[1]) > MOST_DIGITS or not all(part.isdecimal() and len(part) <= NUMBER_DIGITS for part in parts[1:]):
        return None
    return Work(parts[1].encode() + b"\n", *map(int, parts[2:]))


def body_of(work: Work, answers: Sequence[bytes]) -> bytes:
    """The body of a reply, made of what the backend answered; this is where a handler computes."""
    body = ANSWER + b"".join(answers)
    return body + FOUND % churn(work.value, work.turns) if work.turns else body


def expected_text(path: str) -> str:
    """The body of the right reply, found without its computing."""
    work = work_of(path)
    if work is None:
        raise ValueError(f"nothing is served at {path}")
    body = ANSWER + b"ok %b" % work.line * work.queries
    return (body + FOUND % churned(work.value, work.turns) if work.turns else body).decode()


def order(params: Params, items: Sequence[Item], connections: int, port: int) -> bytes:
    """The line that tells the load generator what to send.

    In an open loop each connection is primed with one request, so that latencies are those of connections that are
    there. A closed loop is about how long all of it takes, so it has no request that does not count.
    """
    _, path, seed = items[0]
    rate_per_s = float(params["rate_per_s"])
    return steering.order(
        protocol=steering.HTTP,
        port=port,
        connections=connections,
        messages=len(items),
        rate_per_s=rate_per_s,
        path=path,
        seed=seed,
        expect_text=expected_text(path),
        prime=rate_per_s > 0,
        announce=True,
    )
