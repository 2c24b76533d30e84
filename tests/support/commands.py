"""Runs the real command line in processes of its own, away from everything else on the machine.

A `Shell` owns a folder: its lock, its cache and whatever its commands write lie in there, and every process that
comes of it carries the shell's mark in its environment, so that survivors can be found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]
FRONT = "when_async.bench.cli.main"
CONTESTANTS = ROOT / "tests" / "support" / "contestants"
MARK = "WHEN_ASYNC_TEST_MARK"
PATIENCE_S = 60.0

HEED_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Heeds Ctrl-C and becomes the command behind it, under the same process id.

Where SIGINT is ignored (a shell's `&`, nohup, some CI) all that is started inherits that, and Python leaves it so. A
program does it and no `preexec_fn`, which is Python code between fork and exec: unsafe where there are threads.
"""

Call = Callable[..., Result]
"""`when-async ARGUMENTS` inside this process."""


@dataclass
class Shell:
    """A folder to run commands in; `extra` are environment variables that its commands get."""

    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid4().hex)

    @property
    def environ(self) -> dict[str, str]:
        outer = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        mine = {
            "PYTHONPATH": str(ROOT / "src"),
            "WHEN_ASYNC_LOCK": str(self.folder / "lock"),
            "WHEN_ASYNC_CACHE": str(self.folder / "cache"),
            # A pytest that shares our folder clears away at its end what earlier sessions left: minutes of it.
            "PYTEST_DEBUG_TEMPROOT": str(self.folder),
            MARK: self.mark,
        }
        return {**outer, **mine, **self.extra}

    def start(self, *arguments: object, module: str = FRONT, **options: Any) -> subprocess.Popen[str]:
        """`when-async ARGUMENTS` in the background, as in a terminal: Ctrl-C ends it. Its output goes to pipes."""
        started = subprocess.Popen(
            # -P, as the installed script has it: the folder may hold a package that is called like one of ours.
            [
                *(sys.executable, "-I", "-S", "-c", HEED_CTRL_C),
                *(sys.executable, "-P", "-m", module, *map(str, arguments)),
            ],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.mark = self.mark  # type: ignore[attr-defined]
        return started

    def run(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """`when-async ARGUMENTS` to its end."""
        return finish(self.start(*arguments, **options))

    def survivors(self) -> list[psutil.Process]:
        """What still runs of all that the shell ever started."""
        return survivors_of(self.mark)

    def left_behind(self) -> list[str]:
        """The survivors after giving them some seconds to die, in words."""
        wait_until(lambda: not self.survivors(), 15, insist=False)
        return [" ".join(process.cmdline()) for process in self.survivors()]

    def kill(self) -> None:
        """End what a failed test has left."""
        for process in self.survivors():
            with suppress(psutil.Error):
                process.kill()


def survivors_of(mark: str) -> list[psutil.Process]:
    """What still runs with this mark, whoever is its parent now."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a command; one that does not end is killed with all that it started, and told with what it did last."""
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        there = survivors_of(process.mark)  # type: ignore[attr-defined]
        told = "\n".join(_told(each) for each in there)
        for each in there:
            with suppress(psutil.Error):
                each.kill()
        out, err = process.communicate(timeout=PATIENCE_S)
        raise AssertionError(
            f"{process.args} did not end within {PATIENCE_S:g} s. Still there:\n{told}\nIt printed:\n{out}\n{err}"
        ) from None
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _told(process: psutil.Process) -> str:
    """What a process is and where it stands, as far as the system tells."""
    with suppress(psutil.Error, OSError):
        where = Path(f"/proc/{process.pid}/wchan").read_text()
        kept = [os.readlink(each) for each in Path(f"/proc/{process.pid}/fd").iterdir()]
        told = f"{process.pid} below {process.ppid()}, {process.status()} in {where}, {process.num_threads()} threads"
        return f"{told}: {' '.join(process.cmdline())}; open: {' '.join(sorted({*kept}))}"
    return f"{process.pid} has gone"


def interrupt_after(
    process: subprocess.Popen[str], path: Path, samples: int, number: signal.Signals
) -> subprocess.CompletedProcess[str]:
    """Send a signal once the run file holds so many measured samples, and wait for the end."""
    wait_until(lambda: process.poll() is not None or len(measured(path)) >= samples)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(number)
    return finish(process)


def wait_until(happened: Callable[[], bool], patience_s: float = PATIENCE_S, *, insist: bool = True) -> None:
    """Poll for something that another process does."""
    deadline = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() > deadline:
            assert not insist, f"it did not happen within {patience_s} s"
            return
        time.sleep(0.02)


def records(path: Path, kind: str = "") -> list[dict[str, Any]]:
    """The whole lines of a run file, all or those of one kind; an unfinished last line is left out."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    found = [json.loads(line) for line in lines if line.strip()]
    return [record for record in found if not kind or record["kind"] == kind]


def measured(path: Path) -> list[tuple[str, int, int]]:
    """(cell, fork, round) of every measured sample, in order."""
    samples = records(path, "sample")
    return [(each["cell"], each["fork"], each["round"]) for each in samples if each["phase"] == "measure"]


def verdicts(path: Path) -> dict[str, tuple[str, str]]:
    """What became of each cell by its id without interpreter: (status, reason)."""
    return {
        record["cell"].rpartition("@")[0]: (record["status"], record["reason"])
        for record in records(path, "measurement")
    }
