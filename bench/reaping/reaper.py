"""Our handle on the process that ends what is left when we are killed, and programs that are run under its eyes."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from . import sessions
from .sessions import GRACE_S, kill_session


class Reaper:
    """The parent's handle on the reaper process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", sessions.__file__],
            stdin=subprocess.PIPE,
            # It says nothing, and whoever reads what we print must not wait for it to end.
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def _tell(self, line: str) -> None:
        if self._process.stdin and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()

    def watch(self, what: int | str) -> None:
        """From now on a session ends with us, or a folder with all who use it for their temporary files."""
        self._tell(f"+{what}")

    def forget(self, what: int | str) -> None:
        """It has ended by itself."""
        self._tell(f"-{what}")

    def close(self) -> None:
        """End the reaper, and with it whatever is still listed."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2 * GRACE_S)


@cache
def reaper() -> Reaper:
    """The one that watches programs which are no part of a run; it ends with this process."""
    mine = Reaper()
    atexit.register(mine.close)
    return mine


@contextmanager
def scratch(prefix: str, place: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """A folder for what is needed meanwhile; it goes when we leave it, and where we are killed as well."""
    with TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as folder:
        reaper().watch(os.path.abspath(folder))
        try:
            yield Path(folder)
        finally:
            reaper().forget(os.path.abspath(folder))


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A program in a session of its own; where we are interrupted or killed it dies, with all that it started.

    `options` are those of subprocess.Popen. Raises OSError where it cannot be started.
    """
    watching, process = reaper(), None
    try:
        # Whoever interrupts us while it is started would leave it to nobody.
        with held():
            process = subprocess.Popen(list(command), start_new_session=True, **options)
            watching.watch(process.pid)
        yield process
    except BaseException:
        if process is not None:
            kill_session(process.pid)
        raise
    finally:
        if process is not None:
            process.wait()
            watching.forget(process.pid)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C and polite kills that come meanwhile count when this is over, and not before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    asked = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    own = {int(number): handler for number, handler in asked.items() if callable(handler)}
    for number in own:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in own.items():
            signal.signal(number, handler)
    for number, frame in came:
        own[number](number, frame)


def run(
    command: Sequence[str], environ: Mapping[str, str], timeout_s: float, **options: Any
) -> subprocess.CompletedProcess[str]:
    """What became of a program that reads nothing, with all that it printed as text.

    Raises OSError where it cannot be started, and subprocess.TimeoutExpired after it has killed it.
    """
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    text = {"encoding": "utf-8", "errors": "replace"}
    with started(command, env=dict(environ), **{**pipes, **text, **options}) as process:
        printed, complained = process.communicate(timeout=timeout_s)
    return subprocess.CompletedProcess(list(command), process.returncode, printed, complained)
