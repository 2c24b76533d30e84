"""Hold many connections for a while and say what was held, what was lost and which limit stopped it.

    python -m docs.evidence.hold [--connections 10000] [--seconds 30] [--runner asyncio --runner trio]

Each runner serves the workload `echo_server` in a worker of its own, as a run would have it; the load generator opens
the connections and sends a message over each of them every ten seconds. What is held and lost is the generator's own
account, which it gives whether or not the worker's round was accepted.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from when_async.bench.environments.provision import default
from when_async.bench.machine.host import Host, make_host
from when_async.bench.machine.lock import machine
from when_async.bench.model import Environment
from when_async.bench.processes.service import RunningService, ServiceFailed
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut
from when_async.bench.registry import Found, bodies_for, refusal
from when_async.bench.selection import Catalogue, catalogue

WORKLOAD = "echo_server"
RUNNERS = ("asyncio", "uvloop", "trio")
PAUSE_S = 10.0
"""Between two messages of one connection."""
SIZE_BYTES = 64
BEYOND_S = 120.0
"""For connecting, and for servers that fall behind."""


@dataclass(frozen=True)
class Held:
    """What became of one runner's connections; `stopped` is empty where nothing stopped it."""

    runner: str
    asked: int
    counts: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    stopped: str = ""

    def cells(self) -> list[str]:
        """The row of the table."""
        count = {name: int(self.counts.get(name, 0)) for name in ("connected", "held", "sent", "received", "lost")}
        peak = self.answer.get("peak_rss_bytes", 0) / 2**20
        return [
            self.runner, str(self.asked), str(count["connected"]), str(count["held"]), str(count["sent"]),
            str(count["received"]), str(count["lost"]), f"{peak:.0f} MiB" if peak else "-",
            self.stopped or "nothing",
        ]  # fmt: skip


HEAD = ["runner", "asked", "connected", "held", "sent", "answered", "lost", "peak memory", "stopped by"]


def trial(runner: Found, body_key: str | None, workload: Found, connections: int, seconds: float) -> dict[str, Any]:
    """One round of `echo_server` that lasts as long as the connections are to be held."""
    rate_per_s = max(1.0, connections / PAUSE_S)
    params = {
        "n": max(1, int(rate_per_s * seconds)),
        "size_bytes": SIZE_BYTES,
        "rate_per_s": rate_per_s,
        "hold_s": seconds,
    }
    return {
        "workload": workload.value.name,
        "workload_ref": workload.ref,
        "runner": runner.value.name,
        "runner_ref": runner.ref,
        "body_key": body_key,
        "params": params,
        "concurrency": connections,
        "seed": 0,
    }


def hold(host: Host, known: Catalogue, environment: Environment, name: str, connections: int, seconds: float) -> Held:
    """Let one runner hold them; whatever stops it becomes part of what is returned."""
    runner, workload = known.runners[name], known.workloads[WORKLOAD]
    body_key = next(iter(bodies_for(workload.value, runner.value)), None)
    if reason := refusal(workload.value, runner.value, body_key, environment):
        return Held(name, connections, stopped=reason)
    try:
        service = RunningService(
            workload.value.service, environ=host.service_environ, reaper=host.reaper, affinity=None
        )
    except ServiceFailed as error:
        return Held(name, connections, stopped=str(error))
    asked = {**trial(runner, body_key, workload, connections, seconds), "address": service.address}
    answer: Mapping[str, Any] = {}
    stopped = ""
    try:
        with ExitStack() as stack:
            worker = host.start_worker(environment.executable, asked, environ=host.worker_environ, reaper=host.reaper)
            stack.callback(worker.kill)
            try:
                worker.ready(BEYOND_S)
                worker.ask(BEYOND_S, do="open")
                answer = worker.ask(seconds + BEYOND_S, do="round", prove=False, sweep=True)
                worker.ask(BEYOND_S, do="close")
            except (ProcessFailed, ProcessTimedOut) as error:
                stopped = str(error)
        counts = service.stats()
    except (ProcessFailed, ServiceFailed) as error:
        return Held(name, connections, answer=answer, stopped=stopped or str(error))
    finally:
        service.stop()
    return Held(name, connections, counts, answer, stopped or counts["error"] or "")


def table(rows: list[Held]) -> str:
    """The rows with their head, in columns."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                     for line in lines)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--runner", action="append", default=[], help="may be given again; asyncio, uvloop and trio")
    options = parser.parse_args()
    known = catalogue()
    environment = default(known.modules(options.runner))
    host = make_host()
    try:
        with machine(wait=True, say=print):
            rows = [
                hold(host, known, environment, name, options.connections, options.seconds)
                for name in options.runner or RUNNERS
            ]
    finally:
        host.reaper.close()
    print(f"{options.connections} connections for {options.seconds:g} s, Python {environment.version}, "
          f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open files a process")  # fmt: skip
    print(table(rows))


if __name__ == "__main__":
    main()
