"""What the instrument costs: rounds of the instrument paired with the same loop written by hand, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from ..machine.host import Host
from ..model import Environment, Point, Runner, Workload
from ..processes.worker import ProcessFailed, trial
from ..registry import Found, bodies_for, refusal

TIMEOUT_S = 60.0
WARMUP_PAIRS = 2

POINTS = (
    Point(concurrency=10, params={"n": 50_000, "spin_s": 0.0}),
    Point(concurrency=10, params={"n": 200, "spin_s": 0.001}),
)
"""An empty op, where the instrument weighs most, and one of 1 ms, as real work is.

There are enough ops of 1 ms for the edges of a round, where threads wait for one another, not to count.
"""


@dataclass(frozen=True)
class ForkOverhead:
    """Medians over the pairs of one process: both times in seconds, and the median of the paired ratios."""

    by_hand_s: float
    instrument_s: float
    ratio: float


def measure(
    host: Host,
    environment: Environment,
    workload: Found[Workload],
    runner: Found[Runner],
    point: Point,
    *,
    forks: int,
    pairs: int,
) -> Iterator[ForkOverhead]:
    """One ForkOverhead per fresh process, `forks` at most; raises ProcessFailed or ProcessTimedOut with the reason."""
    key = next(iter(bodies_for(workload.value, runner.value)), None)
    reason = refusal(workload.value, runner.value, key, environment)
    if reason:
        raise ProcessFailed(reason)
    cores = host.cores if runner.value.one_core and len(host.cores) > 1 else ()
    asked = trial(workload, runner, str(key), point)
    for fork in range(forks):
        yield _fork(host, environment, asked, [cores[fork % len(cores)]] if cores else None, pairs)


def _fork(
    host: Host, environment: Environment, asked: dict[str, object], affinity: list[int] | None, pairs: int
) -> ForkOverhead:
    worker = host.start_worker(
        environment.executable, asked, environ=host.worker_environ, reaper=host.reaper, affinity=affinity
    )
    try:
        worker.ready(TIMEOUT_S)
        worker.ask(TIMEOUT_S, do="open")
        # By hand first in every second pair, so that a drift favours neither.
        taken = [
            worker.ask(TIMEOUT_S, do="overhead", hand_first=index % 2 == 0) for index in range(WARMUP_PAIRS + pairs)
        ][WARMUP_PAIRS:]
    finally:
        worker.kill()
    return ForkOverhead(
        by_hand_s=median(pair["by_hand_s"] for pair in taken),
        instrument_s=median(pair["instrument_s"] for pair in taken),
        ratio=median(pair["instrument_s"] / pair["by_hand_s"] for pair in taken),
    )
