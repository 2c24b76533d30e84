"""What the instrument costs: rounds of the instrument paired with the same loop written by hand, in one process."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any, ClassVar

from ..machine.host import Host
from ..model import Environment, Point, Runner, Workload
from ..processes.worker import ProcessFailed, ProcessTimedOut, Worker
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


class OverheadProbe:
    """Measures one runner at one size of op."""

    ERRORS: ClassVar = (ProcessFailed, ProcessTimedOut)

    def __init__(
        self, host: Host, environment: Environment, workload: Found[Workload], runner: Found[Runner], point: Point
    ) -> None:
        self.host = host
        self.environment = environment
        self.workload = workload
        self.runner = runner
        self.point = point

    def measure(self, forks: int, pairs: int) -> list[ForkOverhead]:
        """One ForkOverhead per fresh process; raises ProcessFailed or ProcessTimedOut with the reason."""
        key = next(iter(bodies_for(self.workload.value, self.runner.value)), None)
        reason = refusal(self.workload.value, self.runner.value, key, self.environment)
        if reason:
            raise ProcessFailed(reason)
        return [self._fork(fork, pairs, str(key)) for fork in range(forks)]

    def _fork(self, fork: int, pairs: int, body_key: str) -> ForkOverhead:
        cores = self.host.cores
        pinned = self.runner.value.one_core and len(cores) > 1
        worker = self.host.start_worker(
            self.environment.executable,
            self._trial(body_key),
            environ=self.host.worker_environ,
            reaper=self.host.reaper,
            affinity=[cores[fork % len(cores)]] if pinned else None,
        )
        try:
            worker.ready(TIMEOUT_S)
            worker.ask(TIMEOUT_S, do="open")
            taken = [self._pair(worker, index) for index in range(WARMUP_PAIRS + pairs)][WARMUP_PAIRS:]
        finally:
            worker.kill()
        return ForkOverhead(
            by_hand_s=median(pair["by_hand_s"] for pair in taken),
            instrument_s=median(pair["instrument_s"] for pair in taken),
            ratio=median(pair["instrument_s"] / pair["by_hand_s"] for pair in taken),
        )

    @staticmethod
    def _pair(worker: Worker, index: int) -> dict[str, Any]:
        return worker.ask(TIMEOUT_S, do="overhead", hand_first=index % 2 == 0)

    def _trial(self, body_key: str) -> dict[str, Any]:
        return {
            "workload": self.workload.value.name,
            "workload_ref": self.workload.ref,
            "runner": self.runner.value.name,
            "runner_ref": self.runner.ref,
            "body_key": body_key,
            "params": dict(self.point.params),
            "concurrency": self.point.concurrency,
            "seed": 0,
        }
