"""Fresh processes of the interpreter that is calibrated: those that answer a probe, and workers for pairs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..environments.provision import interpreter_options
from ..machine.host import Host
from ..model import Point, Runner, Workload
from ..processes.worker import LineProcess, ProcessFailed, Worker, trial
from ..registry import collect

TIMEOUT_S = 30.0
Reading = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What is started, and where."""

    host: Host
    executable: str

    def readings(self, name: str, *given: Any) -> list[Reading]:
        """What one fresh process of the sealed room reads for a probe; raises ProcessFailed or ProcessTimedOut."""
        told = [name, *map(json.dumps, given)]
        process = LineProcess(
            [self.executable, *interpreter_options(), "-P", "-m", "when_async.bench.worker.calibration", *told],
            environ=self.host.worker_environ,
            reaper=self.host.reaper,
        )
        try:
            found = process.receive(TIMEOUT_S).get("readings")
        finally:
            process.kill()
        if not isinstance(found, list):
            raise ProcessFailed("the process answered without any readings")
        return found

    def worker(self) -> Worker:
        """A fresh worker for the short CPU kernel; the caller kills it."""
        return self.host.start_worker(
            self.executable, kernel_trial(), environ=self.host.worker_environ, reaper=self.host.reaper
        )


@cache
def kernel_trial() -> dict[str, Any]:
    """A round of some 3 ms on one core: 60 fits of nominally 50 us by `sync`."""
    workload = collect("when_async.workloads", Workload)["grid_search"]
    runner = collect("when_async.bench.runners", Runner)["sync"]
    return trial(workload, runner, "pure", Point(2, {"unit_s": 50e-6, "n": 60, "payload_bytes": 0}))
