"""Helper processes that a workload needs, such as its HTTP server: start, prove headroom, count, stop."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..asking.far import FarService
from ..model import FailedError, Params, Service
from ..reaping.reaper import Reaper, started
from .worker import LineProcess, ProcessFailed, ProcessTimedOut

START_TIMEOUT_S = 20.0
STATS_TIMEOUT_S = 10.0
LOAD_TIMEOUT_S = 30.0


class ServiceFailed(FailedError):
    """The helper process is not there or died; the text is the reason."""


class ServiceAbsent(ServiceFailed):
    """The machine has not what the helper needs; the text says what that is and how to get it."""


class RunningService:
    """One live helper process; `stats` returns its counts since they were last asked for."""

    def __init__(
        self, service: Service, *, environ: Mapping[str, str], reaper: Reaper, affinity: Sequence[int] | None
    ) -> None:
        self.service = service
        self._environ = environ
        self._gone = ""
        self._python = service.python if isinstance(service, FarService) else sys.executable
        self._process = LineProcess(
            [self._python, "-P", "-m", service.module], environ=environ, reaper=reaper, affinity=affinity
        )
        try:
            hello = self._process.receive(START_TIMEOUT_S)
        except (ProcessFailed, ProcessTimedOut) as error:
            self._process.kill()
            raise ServiceFailed(f"the {service.name} server did not start: {error}") from error
        if "absent" in hello:
            self._process.kill()
            raise ServiceAbsent(str(hello["absent"]))
        if "address" not in hello:
            self._process.kill()
            raise ServiceFailed(f"the {service.name} server did not start: it named no address but {hello}")
        self.address: str = hello["address"]
        self.facts: dict[str, Any] = hello.get("facts", {})

    def stats(self, timeout_s: float = STATS_TIMEOUT_S) -> dict[str, Any]:
        """Counts since the last call; raises ServiceFailed when the helper has died or stands still.

        From then on it is not asked again: what it says later would be the answer to another question.
        """
        if not self._gone:
            try:
                self._process.send("stats")
                return self._process.receive(timeout_s)
            except ProcessFailed as error:
                self._gone = f"the {self.service.name} server is gone: {error}"
            except ProcessTimedOut as error:
                self._gone = f"the {self.service.name} server does not answer any more: {error}"
        raise ServiceFailed(self._gone)

    def capacity_per_s(self, params: Params, concurrency: int, affinity: Sequence[int] | None) -> float | None:
        """What the service can take when nothing else is the limit, by its own load generator; None if unknown.

        Raises ServiceAbsent where the generator says that the machine has not what these parameters need.
        """
        if self.service.load_module is None:
            return None
        load = json.dumps({**params, "concurrency": concurrency})
        command = [self._python, "-P", "-m", self.service.load_module, self.address, load]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        try:
            with started(command, env=dict(self._environ), **pipes) as process:
                if affinity is not None and hasattr(os, "sched_setaffinity"):
                    os.sched_setaffinity(process.pid, affinity)
                printed, _ = process.communicate(timeout=LOAD_TIMEOUT_S)
            said = json.loads(printed)
            if "absent" in said:
                raise ServiceAbsent(str(said["absent"]))
            capacity = float(said["capacity_per_s"])
        except subprocess.TimeoutExpired as error:
            raise ServiceFailed(
                f"the load generator of the {self.service.name} server had not ended after {LOAD_TIMEOUT_S:g} s"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ServiceFailed(f"the load generator of the {self.service.name} server failed: {error}") from error
        self.stats()
        return capacity

    def stop(self) -> None:
        """Ask it to end, and kill it if it does not."""
        with contextlib.suppress(ProcessTimedOut):
            self._process.wait(5)
        self._process.kill()
