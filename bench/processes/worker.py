"""The parent's side of one helper or worker: start, pin, talk in JSON lines, time out, kill, bury."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..environments.provision import interpreter_options
from ..model import FailedError, Point, Runner, Workload
from ..reaping.reaper import Reaper, held
from ..reaping.sessions import kill_session
from ..registry import Found
from .complaints import Complaints, trim_all
from .undisturbed import quiet_options

STDERR_LINES = 4
STACK_WAIT_S = 0.5
LOOK_S = 0.5
"""So often it is looked, while we wait for an answer, how much the processes print: seldom, for a round may run."""
FRAME = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')


class ProcessFailed(FailedError):
    """The process ended, or answered that it cannot; the text is the reason."""


class ProcessUnsuited(ProcessFailed):
    """It answered that this machine cannot give what is asked."""


class ProcessTimedOut(FailedError):
    """No answer came in time; the text says what the process was doing."""


class LineProcess:
    """A child that answers one JSON line to one line; it has a session of its own, which dies as a whole.

    `affinity` pins it, and all that it starts, to these cores; None leaves it free.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        reaper: Reaper,
        affinity: Sequence[int] | None = None,
    ) -> None:
        self._stderr = Complaints()
        self._reaper = reaper
        self._buffer = b""
        self.started = time.monotonic()
        try:
            # Whoever interrupts us while it is started would leave it to nobody.
            with held():
                self._popen = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._stderr.fileno(),
                    env=dict(environ),
                    cwd=tempfile.gettempdir(),
                    start_new_session=True,
                )
                reaper.watch(self.pid)
        except OSError as error:
            self._stderr.close()
            raise ProcessFailed(f"the process did not start: {error.strerror}") from error
        if affinity is not None and hasattr(os, "sched_setaffinity"):
            # The child is still one thread that has started nothing, so this holds for all that it will start.
            os.sched_setaffinity(self.pid, affinity)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def alive(self) -> bool:
        return self._popen.poll() is None

    def send(self, line: str) -> None:
        """Write one line; raises ProcessFailed when nobody reads any more."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(line.encode() + b"\n")
            self._popen.stdin.flush()
        except (BrokenPipeError, OSError):
            raise ProcessFailed(self._obituary()) from None

    def receive(self, timeout_s: float) -> dict[str, Any]:
        """The next JSON line; raises ProcessFailed when the process has died, ProcessTimedOut when it says nothing."""
        assert self._popen.stdout is not None
        descriptor = self._popen.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise ProcessTimedOut(f"no answer within {timeout_s:g} s{self._where()}")
            if not poll.poll(min(left_s, LOOK_S) * 1000):
                trim_all()
                continue
            data = os.read(descriptor, 1 << 16)
            if not data:
                raise ProcessFailed(self._obituary())
            self._buffer += data
        self._stderr.trim()
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ProcessFailed(f"the process answered nonsense: {line[:80]!r}")
        return answer

    def _where(self) -> str:
        """What the main thread was doing, from the stacks that the process dumps on a signal."""
        if not self.alive():
            return ""
        os.kill(self.pid, signal.SIGUSR1)
        time.sleep(STACK_WAIT_S)
        frames = FRAME.findall("\n".join(self._stderr.lines(400)).rpartition("Current thread")[2])
        inner = next(iter(frames), None)
        return f"; it was in {inner[2]} ({Path(inner[0]).name}:{inner[1]})" if inner else ""

    def _obituary(self) -> str:
        status = self._ended(5)
        if status is None:
            return "the process closed its pipe but lives on"
        cause = f"signal {-status} ({signal.Signals(-status).name})" if status < 0 else f"exit status {status}"
        said = " | ".join(self._stderr.lines(STDERR_LINES))
        return f"the process died with {cause}" + (f": {said}" if said else "")

    def wait(self, timeout_s: float) -> None:
        """Close its standard input and let it end by itself; raises ProcessTimedOut when it does not."""
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        if self._ended(timeout_s) is None:
            raise ProcessTimedOut(f"did not end within {timeout_s:g} s")

    def _ended(self, timeout_s: float) -> int | None:
        """Its exit status once it has ended; None where it does not."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._popen.wait(min(left_s, LOOK_S))
            trim_all()
        return None

    def kill(self) -> None:
        """Kill it with all that it started and release what we hold of it; safe to call twice."""
        kill_session(self.pid)
        self._popen.wait()
        self._reaper.forget(self.pid)
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._stderr.close()


class Worker(LineProcess):
    """One measured process with the trial it was started for."""

    def __init__(self, executable: str, trial: Mapping[str, Any], **options: Any) -> None:
        command = [executable, *quiet_options(interpreter_options()), "-P", "-m", "when_async.bench.worker"]
        super().__init__(command, **options)
        self.launch_s = 0.0
        try:
            self.send(json.dumps(trial))
        except ProcessFailed:
            self.kill()
            raise

    def ask(self, timeout_s: float, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; raises ProcessFailed with the worker's reason when it cannot."""
        self.send(json.dumps(command))
        return self.expect("done", timeout_s)

    def ready(self, timeout_s: float) -> None:
        """Wait until imports are done; notes how long process start and imports took."""
        answer = self.expect("ready", timeout_s)
        # Both stamps are of the system-wide monotonic clock.
        self.launch_s = answer["launched_ns"] / 1e9 - self.started

    def pin(self, cores: Sequence[int]) -> None:
        """Bind every thread that it has, and so all that these will start, to `cores`."""
        if not hasattr(os, "sched_setaffinity"):
            return
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread), cores)

    def expect(self, kind: str, timeout_s: float) -> dict[str, Any]:
        answer = self.receive(timeout_s)
        if answer["say"] != kind:
            failure = ProcessUnsuited if answer.get("unsuited") else ProcessFailed
            raise failure(str(answer.get("reason", answer)))
        return answer


def trial(
    workload: Found[Workload], runner: Found[Runner], body_key: str, point: Point, seed: int = 0, **more: Any
) -> dict[str, Any]:
    """What a worker is told when it is started: whose body it is to open, and with which parameters."""
    return {
        "workload": workload.value.name,
        "workload_ref": workload.ref,
        "runner": runner.value.name,
        "runner_ref": runner.ref,
        "body_key": body_key,
        "params": dict(point.params),
        "concurrency": point.concurrency,
        "seed": seed,
        # A file of somebody's own opens its data by a relative path as well.
        **({"folder": os.getcwd()} if workload.ref.endswith(".py") else {}),
        **more,
    }
