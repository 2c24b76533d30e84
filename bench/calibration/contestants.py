"""Who takes part where runners are measured one by one, and a fresh worker for each measurement of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..machine.host import Host
from ..model import Environment, Runner, Workload
from ..processes.worker import Worker
from ..registry import Found, bodies_for, collect, refusal
from . import held
from .watching import Watcher

HELD = Found(held.HELD, held.__name__)
SERIAL = "serves one op at a time"


@dataclass(frozen=True)
class Contestant:
    """A runner with the two bodies that it is measured by; `most` is what the machine can give it, and why."""

    found: Found
    empty: Found
    empty_body: str
    held_body: str
    most: tuple[int, str] | None = None

    @property
    def name(self) -> str:
        return str(self.runner.name)

    @property
    def runner(self) -> Runner:
        runner: Runner = self.found.value
        return runner

    def empty_trial(self, in_flight: int, ops: int) -> dict[str, Any]:
        """So many ops that do nothing."""
        return self._trial(self.empty, self.empty_body, in_flight, {"n": ops, "spin_s": 0.0})

    def held_trial(self, in_flight: int, hold_s: float) -> dict[str, Any]:
        """As many ops as there are places, each open for `hold_s`."""
        return self._trial(HELD, self.held_body, in_flight, {"n": in_flight, "hold_s": hold_s})

    def _trial(self, workload: Found, body_key: str, in_flight: int, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "workload": workload.value.name,
            "workload_ref": workload.ref,
            "runner": self.name,
            "runner_ref": self.found.ref,
            "body_key": body_key,
            "params": dict(params),
            "concurrency": in_flight,
            "seed": 0,
        }


def contestants(
    runners: Iterable[Found], environment: Environment, empty: Found | None = None
) -> tuple[list[Contestant], dict[str, str]]:
    """Those runners that can take part in this environment, and the reason for each that cannot, by name."""
    empty = empty or collect("when_async.workloads", Workload)["empty"]
    able: list[Contestant] = []
    refused: dict[str, str] = {}
    for found in runners:
        runner: Runner = found.value
        keys = [next(iter(bodies_for(workload.value, runner)), None) for workload in (empty, HELD)]
        reasons = (
            refusal(workload.value, runner, key, environment)
            for workload, key in zip((empty, HELD), keys, strict=True)
        )
        reason = next(filter(None, reasons), None)
        if reason:
            refused[runner.name] = reason
        else:
            most = runner.limit() if runner.limit else None
            able.append(Contestant(found, empty, str(keys[0]), str(keys[1]), most))
    return able, refused


@dataclass(frozen=True)
class Stand:
    """What starts workers and watches them."""

    host: Host
    executable: str
    watch: Callable[..., Watcher] = Watcher

    @contextmanager
    def worker(self, trial: Mapping[str, Any]) -> Iterator[Worker]:
        """A fresh worker, killed with all below it at the end; a session that is not closed cannot hang."""
        worker = self.host.start_worker(
            self.executable, trial, environ=self.host.worker_environ, reaper=self.host.reaper
        )
        try:
            yield worker
        finally:
            worker.kill()
