"""`gevent`: C greenlets pulling ops from one queue, with the standard library patched in this worker only."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.fanout import Failures, Get, Tally, prefilled, pull
from ..worker.heartbeat import HEARTBEAT_S, Lateness
from ..worker.kits import Op, open_blocking
from ..worker.probes import Stopwatch


def patch() -> None:
    """Make the standard library cooperative; must come before a client library is imported."""
    from gevent import monkey

    monkey.patch_all()


class Heartbeat(Lateness):
    """Beats by a timer of the hub."""

    def __init__(self, hub: Any) -> None:
        super().__init__()
        self.timer = hub.loop.timer(HEARTBEAT_S, HEARTBEAT_S)
        self.timer.start(self.note)

    def stop(self) -> float:
        """Ends the beat; see `Lateness.end_s`."""
        self.timer.stop()
        self.timer.close()
        return self.end_s()


class GreenletSession:
    """Opens the gate once every greenlet waits at it, and ends when the last op is done."""

    def __init__(self, ops: Sequence[Op], loop: str) -> None:
        self.ops = ops
        self.facts: Mapping[str, Scalar] = {"workers": len(ops), "loop": loop}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        import gevent
        from gevent.event import Event

        tally = Tally()
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        get = prefilled(len(items)).get_nowait
        gate = Event()
        ended_ns: list[int] = []
        watch = Stopwatch()

        def live(op: Op, get: Get) -> None:
            gate.wait()
            pull(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        greenlets = [gevent.spawn(live, tally.watch(op) if prove else op, get) for op in self.ops]
        gevent.sleep(0)
        heartbeat = Heartbeat(gevent.get_hub())
        watch.start()
        gate.set()
        gevent.joinall(greenlets, raise_error=True)
        stall_s = heartbeat.stop()
        proof = tally.proof() if prove else None
        return watch.round(results, failures, max(ended_ns), stall_max_s=stall_s, proof=proof)


@contextmanager
def open_gevent(job: Job) -> Iterator[GreenletSession]:
    import gevent

    with ExitStack() as stack:
        ops = []
        for _ in range(job.concurrency):
            op, kit = open_blocking(job, gevent.sleep)
            stack.callback(kit.close)
            ops.append(op)
        # Greenlets that a body has started begin now, so that threading has no stand-ins for them left to make later.
        gevent.sleep(0)
        loop = type(gevent.get_hub().loop)
        yield GreenletSession(ops, f"{loop.__module__}.{loop.__qualname__}")


GEVENT = Runner(
    name="gevent",
    summary="C greenlets, the standard library patched to be cooperative",
    family="greenlets",
    styles=("gevent", "blocking", "pure"),
    open=open_gevent,
    program=open_gevent,
    requires=("gevent",),
    one_core=True,
    prepare=patch,
)
