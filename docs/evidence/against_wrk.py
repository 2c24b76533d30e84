"""Hold our load generator against wrk: the same server, the same connections, in turns, closed loop.

    python -m docs.evidence.against_wrk [--pairs 8] [--seconds 2] [--only granian]

A generator that is slow makes every server look slow, and one that looks at its clock late makes every server look
late; wrk is written in C and does not share our mistakes. Both run on one core in turn (ABBA), the server on the
others. Two things are compared: responses per second, and the median latency. What wrk prints of latencies has always
been through its correction for coordinated omission (stats_correct, since wrk 4.0), which where a server stalls moves
even the median; so ours are put through the same rule first. Where the server is the limit, throughput only says that
the generator is not; how busy each generator's core was says which of the two it is.
"""

from __future__ import annotations

import argparse
import math
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from docs.evidence.http_servers import CASES, HELLO_S, Case, bound, divided, served, service
from when_async.bench.machine.lock import machine
from when_async.bench.model import Estimate
from when_async.results.stats.estimate import paired_interval
from when_async.workloads.bodies.http.request import expected_text
from when_async.workloads.bodies.steering import HTTP, Control, order

HOW_TO_GET_IT = "skipped: wrk is not installed; `apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS"
MARGIN = 0.05

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
MEDIAN = re.compile(r"^\s+50%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
TROUBLE = re.compile(r"(Socket errors:.*|Non-2xx or 3xx responses:.*)")


@dataclass(frozen=True)
class Shot:
    """What one run of one generator says; `busy` is the share of a core that the generator itself used."""

    rate_per_s: float
    median_s: float
    busy: float


class Failed(Exception):
    """A run that compares nothing; the text is the reason."""


def read_wrk(text: str, busy: float) -> Shot:
    """The numbers in what wrk printed; raises Failed where it had errors."""
    if trouble := TROUBLE.search(text):
        raise Failed(f"wrk says {trouble[1]!r}")
    rate, median = RATE.search(text), MEDIAN.search(text)
    if not rate or not median:
        raise Failed(f"wrk printed something else: {text[-300:]!r}")
    return Shot(float(rate[1]), float(median[1]) * UNITS[median[2]], busy)


def shoot_wrk(case: Case, port: int, seconds: float, core: Sequence[int]) -> Shot:
    """One run of wrk; it counts its time in whole seconds."""
    whole_s = max(1, round(seconds))
    command = [
        "wrk",
        "-t1",
        f"-c{case.connections}",
        f"-d{whole_s}s",
        "--latency",
        f"http://127.0.0.1:{port}{case.path}",
    ]
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with bound(core):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=whole_s + HELLO_S)
    spent, took_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu_s = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
    if done.returncode:
        raise Failed(f"wrk ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return read_wrk(done.stdout, cpu_s / took_s)


def shoot_ours(case: Case, port: int, messages: int, control: Control) -> Shot:
    """One run of our generator."""
    told = control.ask(
        order(
            protocol=HTTP,
            port=port,
            connections=case.connections,
            messages=messages,
            path=case.path,
            expect_text=expected_text(case.path) if case.body else None,
            prime=True,
        )
    )
    if told["error"] or told["received"] != messages:
        raise Failed(f"our generator had {told['received']} of {messages} replies: {told['error']}")
    seconds = told["seconds"]
    latencies_us = corrected([ns // 1000 for ns in told["latencies_ns"]], case.connections, seconds)
    return Shot(messages / seconds, median(latencies_us) / 1e6, told["cpu_s"] / seconds)


def corrected(latencies_us: list[int], connections: int, seconds: float) -> list[int]:
    """Latencies by wrk's rule: one of k mean cycles hides k - 2 requests, which would have waited a cycle less each."""
    turns = len(latencies_us) // connections
    if not turns:
        return latencies_us
    cycle_us = max(1, int(seconds * 1e6 / turns))
    hidden = [us for long in latencies_us for us in range(long - cycle_us, cycle_us, -cycle_us)]
    return latencies_us + hidden


def compared(case: Case, port: int, control: Control, options: argparse.Namespace, core: Sequence[int]) -> list[Any]:
    """Pairs of (wrk's, ours), run in the order ABBA."""
    # The first two runs warm the server up and say how many messages take so long.
    warm = shoot_wrk(case, port, 1, core)
    shoot_ours(case, port, max(case.connections, math.ceil(warm.rate_per_s)), control)
    messages = max(case.connections, math.ceil(warm.rate_per_s * options.seconds))
    pairs = []
    for index in range(options.pairs):
        if index % 2:
            ours = shoot_ours(case, port, messages, control)
            pairs.append((shoot_wrk(case, port, options.seconds, core), ours))
        else:
            wrks = shoot_wrk(case, port, options.seconds, core)
            pairs.append((wrks, shoot_ours(case, port, messages, control)))
    return pairs


def verdict(ratio: Estimate) -> str:
    """Whether the two agree, by the whole interval."""
    low, high = 1 / (1 + MARGIN), 1 + MARGIN
    if low <= ratio.low and ratio.high <= high:
        return f"within {MARGIN:.0%}"
    if ratio.high < low or ratio.low > high:
        return f"differ by more than {MARGIN:.0%}"
    return f"undecided at {MARGIN:.0%}"


def lines(case: Case, pairs: Sequence[tuple[Shot, Shot]]) -> list[str]:
    """What is printed of one case."""
    head = f"{case.name}, {case.path}, {case.connections} connections"
    busy = [median([pair[side].busy for pair in pairs]) for side in (0, 1)]
    told = [f"{head} (generator busy: wrk {busy[0]:.0%}, ours {busy[1]:.0%} of a core)"]
    for what, unit, scale, values in (
        ("throughput", "/s", 1.0, [(wrks.rate_per_s, ours.rate_per_s) for wrks, ours in pairs]),
        ("p50", "ms", 1e3, [(wrks.median_s, ours.median_s) for wrks, ours in pairs]),
    ):
        ratio = paired_interval(math.log(ours / wrks) for wrks, ours in values)
        assert ratio is not None, "two pairs or more"
        sides = [median([value[side] for value in values]) * scale for side in (0, 1)]
        told.append(
            f"  {what:<10}  wrk {sides[0]:>9.2f} {unit:<2}  ours {sides[1]:>9.2f} {unit:<2}  "
            f"ours/wrk {ratio.point:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]  {verdict(ratio)}"
        )
    return told


def median(values: Sequence[float]) -> float:
    """The middle one; the higher of the middle two."""
    return sorted(values)[len(values) // 2]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=8, help="runs of each generator in a case, 2 or more")
    parser.add_argument("--seconds", type=int, default=2, help="length of a run")
    parser.add_argument("--only", default="", help="only cases whose server is named like this")
    options = parser.parse_args(argv)
    if shutil.which("wrk") is None:
        print(HOW_TO_GET_IT)
        return 0
    if options.pairs < 2:
        parser.error("an interval needs 2 pairs or more")
    servers, core = divided()
    where = f"servers on core {servers}, generators on core {core}" if core else "nothing is bound to a core"
    print(f"closed loop, {options.pairs} pairs of runs of {options.seconds} s; {where}", flush=True)
    with machine(wait=True, say=print), ExitStack() as stack:
        load = stack.enter_context(service("when_async.workloads.load.generator", core))
        control = stack.enter_context(Control(load))
        for case in CASES:
            if options.only in case.name:
                with served(case, load, servers) as port:
                    print(*lines(case, compared(case, port, control, options, core)), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
