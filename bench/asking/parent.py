"""Imports a user's file into a command: a process of its own tries it first, so that it can neither end nor hang us.

Standard output is ours: what the file prints goes to standard error, even when Python ends. The current folder, the
handlers of signals, the timer and what it has replaced are put back, and it cannot end Python with a status of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from ..environments.provision import interpreter_options
from ..reaping.reaper import started
from ..reaping.sessions import kill_session
from ..registry import RegistryError
from . import patches

VARIABLE = "WHEN_ASYNC_IMPORT_S"
LIMIT_S = 30.0
SLACK_S = 5.0
"""It ends itself, with its stacks, this long before we do it."""
FRAME = re.compile(r'File "([^"<]+)", line (\d+) in (\S+)')
START = "import sys, json; a = json.loads(sys.argv[1]); sys.path[:], sys.argv[:] = a['path'] or sys.path, a['argv']; "
START += "from when_async.bench.asking.child import main; main(*a['main'])"
BELOW_MAIN = 'put that below `if __name__ == "__main__":`'

OURSELVES, EXIT = os.getpid(), os._exit
ASKED: set[tuple[str, int]] = set()
"""Files that were tried, with the time of their last change."""
NOTES: list[str] = []
"""What they do that was put back, until somebody tells it."""


@dataclass(frozen=True)
class There:
    """Another environment in which a file is to be imported and described, because it cannot be imported here.

    `points` (name of a workload, parameters, concurrency) are asked about beside those of its grids.
    """

    python: str
    environ: Mapping[str, str]
    points: Sequence[tuple[str, Mapping[str, Any], int]] = ()


@contextmanager
def imported_with_care(path: str) -> Iterator[None]:
    """Within it the file may be imported into this process; raises RegistryError where it may not."""
    real = os.path.realpath(path)
    with suppress(OSError):
        asked = (real, os.stat(real).st_mtime_ns)
        if asked not in ASKED:
            NOTES.extend(ask(path))
            ASKED.add(asked)
    with _output_is_ours(), _put_back(), _settings_kept():
        yield
    atexit.register(_keep_output)


def ask(path: str) -> list[str]:
    """Have a process of its own import the file; returns what it changes that can be put back. Raises RegistryError."""
    did = answer(path)["did"]
    return [f"{text}; here that is put back, in workers it stays" for text in changes(path, did)]


def answer(path: str, there: There | None = None) -> dict[str, Any]:
    """Have a process of its own import the file; returns what that says. Raises RegistryError."""
    given_s = limit_s()
    with tempfile.TemporaryFile() as stacks:
        said, status = _answer(path, stacks, given_s, there)
        stacks.seek(0)
        stack = stacks.read().decode(errors="replace")
    if status is None or "Timeout (" in stack:
        raise RegistryError(
            f"{path} is not imported within {given_s:g} s{_place(path, stack)}; what takes long belongs into the body "
            f"or into `prepare`, and {VARIABLE}={4 * given_s:g} waits longer"
        )
    return _judged(path, said, status, stack)


def _judged(path: str, answer: dict[str, Any], status: int, stack: str) -> dict[str, Any]:
    if "raises" in answer:
        raise RegistryError(f"{path} does not import: {answer['raises']}")
    if "forks" in answer:
        raise RegistryError(
            f"{path} forks while it is imported (at {answer['forks']}), and the copy goes on as a second when-async; "
            + BELOW_MAIN
        )
    if "thread" in answer:
        raise RegistryError(
            f"{path} starts a thread while it is imported that Python would wait for at its end ({answer['thread']}); "
            "give it daemon=True, or start it in `prepare`"
        )
    if "did" not in answer:
        how = answer.get("ends") or f"{_status(status)}{_place(path, stack)}"
        way_out = "" if status < 0 else f"; {BELOW_MAIN}"
        raise RegistryError(f"{path} ends Python while it is imported ({how}){way_out}")
    return answer


def changes(path: str, did: Mapping[str, str]) -> list[str]:
    """What a file does to its process while it is imported, in words."""
    words = {
        "folder": "changes the current folder", "signals": "changes the handler of a signal", "timer": "sets a timer",
    }  # fmt: skip
    file = os.path.basename(path)
    return [
        f"{file} replaces {place} while it is imported"
        if what == "functions"
        else f"{file} {words[what]} while it is imported (at {place or file})"
        for what, place in did.items()
    ]


def _answer(path: str, stacks: IO[bytes], limit_s: float, there: There | None) -> tuple[dict[str, Any], int | None]:
    """What the process said, or nothing, and how it ended; None where it did not."""
    heard, said = os.pipe()
    points = [] if there is None else [there.points]
    asked = {
        "path": None if there else sys.path, "argv": sys.argv, "main": [path, said, stacks.fileno(), limit_s, *points],
    }  # fmt: skip
    silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with open(heard, "rb"), started(
        [there.python if there else sys.executable, *interpreter_options(), "-P", "-c", START, json.dumps(asked)],
        env=dict(there.environ) if there else None, pass_fds=(said, stacks.fileno()), **silent,
    ) as process:  # fmt: skip
        os.close(said)
        line = _line(heard, limit_s + SLACK_S)
        try:
            status: int | None = process.wait(SLACK_S)
        except subprocess.TimeoutExpired:
            status = 0 if line else None
        kill_session(process.pid)
    return (json.loads(line) if line else {}), status


def _line(descriptor: int, timeout_s: float) -> bytes:
    """The first line that comes; nothing where the other end is closed without one, or says nothing in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    data = b""
    while b"\n" not in data and poll.poll(timeout_s * 1000):
        more = os.read(descriptor, 1 << 16)
        if not more:
            break
        data += more
    return data.partition(b"\n")[0]


def limit_s() -> float:
    """How long the import of a user's file may take, in seconds; raises RegistryError where that is set wrongly."""
    text = os.environ.get(VARIABLE, "")
    try:
        found_s = float(text or LIMIT_S)
    except ValueError:
        found_s = 0.0
    if not 0 < found_s < 1e6:
        raise RegistryError(f"{VARIABLE} is how many seconds the import of a file may take, and not {text!r}")
    return found_s


def _place(path: str, stack: str) -> str:
    """Where it was: in the file itself, if it is on the stack."""
    frames = FRAME.findall(stack)
    own = [frame for frame in frames if os.path.realpath(frame[0]) == os.path.realpath(path)]
    file, line, function = (own or frames or [("", "", "")])[0]
    return f": it was in {function} ({os.path.basename(file)}:{line})" if file else ""


def _status(status: int) -> str:
    return f"signal {-status} ({signal.Signals(-status).name})" if status < 0 else f"exit status {status}"


@contextmanager
def _output_is_ours() -> Iterator[None]:
    """Send what is printed meanwhile, by whatever means, to standard error."""
    sys.stdout.flush()
    try:
        kept = [(number, os.dup(number)) for number in (1, 2)]
    except OSError:  # there is no standard output
        yield
        return
    ours = sys.stdout, sys.stderr
    os.dup2(2, 1)
    # A stream of its own, which it may close, and may keep for a log; so it is left open.
    sys.stdout = sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        sys.stdout, sys.stderr = ours
        for number, descriptor in kept:
            os.dup2(descriptor, number)
            os.close(descriptor)


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Put back where modules are found and how deep calls may go; what was added there stays, for it may be needed."""
    names = ("path", "meta_path", "path_hooks")
    had = {name: list(getattr(sys, name)) for name in names}
    depth = sys.getrecursionlimit()
    try:
        yield
    finally:
        for name in names:
            there = getattr(sys, name)
            there.extend(each for each in had[name] if each not in there)
        sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))


def _keep_output() -> None:
    """What the file has printed when Python ends comes after this, and is not ours either."""
    os._exit = _kept_from_ending  # type: ignore[assignment]
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(2, 1)


def _kept_from_ending(status: int) -> None:
    """What a file gets for os._exit, which it may have asked atexit for: a gate that fails would end with 0."""
    if os.getpid() != OURSELVES:
        EXIT(status)


@contextmanager
def _put_back() -> Iterator[None]:
    """Put functions, the folder, the handlers of signals, the timer and tracers back.

    Signals belong to the main thread.
    """
    had = patches.kept()
    os._exit = _kept_from_ending  # type: ignore[assignment]
    tracers = sys.gettrace(), sys.getprofile()
    main = threading.current_thread() is threading.main_thread()
    numbers = signal.valid_signals() if main else set()
    handlers = {number: signal.getsignal(number) for number in numbers}
    timer = signal.getitimer(signal.ITIMER_REAL)
    folder = os.open(".", os.O_RDONLY)
    try:
        yield
    finally:
        patches.put_back(had)
        os.fchdir(folder)
        os.close(folder)
        if (sys.gettrace(), sys.getprofile()) != tracers:
            sys.settrace(tracers[0])
            sys.setprofile(tracers[1])
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) != handler:
                signal.signal(number, handler)
        if signal.getitimer(signal.ITIMER_REAL) != timer == (0.0, 0.0):
            signal.setitimer(signal.ITIMER_REAL, 0)


def told() -> Iterator[str]:
    """What is to be said of the files that were imported, once."""
    while NOTES:
        yield NOTES.pop(0)
