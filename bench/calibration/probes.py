"""Fresh processes that answer a probe, workers for pairs, and how much is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..environments.provision import interpreter_options
from ..machine.host import Host
from ..model import Runner, Workload
from ..processes.worker import LineProcess, ProcessFailed, Worker
from ..registry import collect

TIMEOUT_S = 30.0
Reading = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is measured: passes are fresh processes per figure, `share` scales the repeats within one.

    `pairs` of each kind are measured in a pass, of `pair_rounds` rounds a side; `idle_s` is how long the machine is
    watched at rest.
    """

    passes: int
    share: float
    pairs: int
    pair_rounds: int
    idle_s: float


EFFORT = Effort(passes=8, share=0.5, pairs=2, pair_rounds=24, idle_s=1.0)
"""Some 15 s on two cores, less than 30 s beside other work; a rank interval takes six processes or more."""


@dataclass(frozen=True)
class Subject:
    """What is started: the interpreter that is calibrated, and how its processes come to be."""

    host: Host
    executable: str
    start: Callable[..., LineProcess] = LineProcess
    trial: Mapping[str, Any] = field(default_factory=lambda: kernel_trial())

    def helper(self, *arguments: str) -> LineProcess:
        """A fresh process of the sealed room that answers lines; the caller kills it."""
        return self.start(
            [self.executable, *interpreter_options(), "-P", "-m", "when_async.bench.worker.calibration", *arguments],
            environ=self.host.worker_environ,
            reaper=self.host.reaper,
        )

    def worker(self) -> Worker:
        """A fresh worker for the short CPU kernel; the caller kills it."""
        return self.host.start_worker(
            self.executable, self.trial, environ=self.host.worker_environ, reaper=self.host.reaper
        )


def kernel_trial() -> dict[str, Any]:
    """A round of some 3 ms on one core: 60 fits of nominally 50 us by `sync`."""
    workload = collect("when_async.workloads", Workload)["grid_search"]
    runner = collect("when_async.bench.runners", Runner)["sync"]
    return {
        "workload": "grid_search",
        "workload_ref": workload.ref,
        "runner": "sync",
        "runner_ref": runner.ref,
        "body_key": "pure",
        "params": {"unit_s": 50e-6, "n": 60, "payload_bytes": 0},
        "concurrency": 2,
        "seed": 0,
    }


def readings(subject: Subject, name: str, effort: Effort) -> list[Reading]:
    """What one fresh process reads for a probe; raises ProcessFailed or ProcessTimedOut."""
    process = subject.helper(name, str(effort.share))
    try:
        found = process.receive(TIMEOUT_S).get("readings")
    finally:
        process.kill()
    if not isinstance(found, list):
        raise ProcessFailed("the process answered without any readings")
    return found
