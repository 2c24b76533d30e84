"""N13, counting what was asked: clients whose futures nobody reads, so that a dead one is counted as the fastest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from when_async.bench.model import Job, Kit, Param, Params, Point, Round, Runner, Scalar, Workload
from when_async.bench.worker.fanout import Tally
from when_async.bench.worker.kits import Op, open_blocking
from when_async.bench.worker.probes import Stopwatch

SENT = "sent"
N = 8


def send(dies_at: int) -> Callable[[Kit, Params], Callable[[int], str]]:
    def body(kit: Kit, params: Params) -> Callable[[int], str]:
        def op(item: int) -> str:
            if item == dies_at:
                raise ConnectionResetError("the client was killed")
            return SENT

        return op

    return body


def messages(name: str, dies_at: int) -> Workload:
    return Workload(
        name=name,
        summary="messages to send",
        bodies={"blocking": send(dies_at)},
        params=(Param("n", 1, 1000, "how many messages"),),
        make_items=lambda params, seed: list(range(int(params["n"]))),
        check=lambda params, items, results: f"{len(results)} messages",
        grid={"quick": (Point(2, {"n": N}),)},
    )


DIES_EARLY = messages("dies_early", 3)
DIES_LAST = messages("dies_last", N - 1)
LIVES = messages("lives", N)


class Clients:
    """Each sends its share; the number of messages is known before."""

    def __init__(self, pool: ThreadPoolExecutor, op: Op, count: int) -> None:
        self.pool = pool
        self.op = op
        self.count = count
        self.facts: Mapping[str, Scalar] = {"workers": count}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        op = tally.watch(self.op) if prove else self.op

        def client(share: Sequence[Any]) -> None:
            for item in share:
                op(item)

        watch = Stopwatch()
        watch.start()
        wait([self.pool.submit(client, items[place :: self.count]) for place in range(self.count)])
        end_ns = time.perf_counter_ns()
        return watch.round([SENT] * len(items), [], end_ns, proof=tally.proof() if prove else None)


@contextmanager
def open_clients(job: Job) -> Iterator[Clients]:
    op, kit = open_blocking(job)
    with ThreadPoolExecutor(job.concurrency) as pool:
        yield Clients(pool, op, job.concurrency)
    kit.close()


CLIENTS = Runner("clients", "clients that nobody listens to", "threads", ("blocking",), open_clients)
