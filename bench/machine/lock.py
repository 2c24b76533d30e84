"""One measuring run at a time on a machine: two would spoil each other.

Who waits gets a ticket, a file with the time at which it began, and whoever has the oldest one is next. It keeps its
ticket locked, so that one which can be locked is of a process that is gone, counts for nothing and is removed; the
number of a process would not tell, since another gets it some day. Any user of the machine can take part: files are
open to all.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ..model import WhenAsyncError

POLL_S = 0.2
"""So often a waiting run looks whether it is its turn."""
HOLDER, TICKETS = ".holder", ".queue"


class Busy(WhenAsyncError):
    """Another run holds the machine; the text says which, and what to do."""


class NoLock(WhenAsyncError):
    """The file that is locked cannot be used; the text says why and what to do."""


def lock_path() -> Path:
    """The file that is locked; WHEN_ASYNC_LOCK names another one."""
    return Path(os.environ.get("WHEN_ASYNC_LOCK") or Path(tempfile.gettempdir()) / "when-async.lock")


@contextlib.contextmanager
def machine(
    *, wait: bool, say: Callable[[str], None] = lambda text: None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the machine; where another run has it, wait after saying so, or raise Busy. Raises NoLock."""
    path = lock_path()
    held = FileLock(path, mode=0o666)
    if _waiting(path) or not _taken(held):
        if not wait:
            raise Busy(
                f"{_who(path)} is measuring on this machine, and both would be spoiled; try later, or wait for it with "
                "--queue"
            )
        say(f"waiting for {_who(path)} to end{_ahead(path)}")
        with _ticket(path) as mine:
            while min(_waiting(path), default=mine) != mine or not _taken(held):
                sleep(POLL_S)
    try:
        _note(path)
        yield
    finally:
        with contextlib.suppress(OSError):
            _beside(path, HOLDER).unlink()
        held.release()


def _taken(held: FileLock) -> bool:
    try:
        held.acquire(timeout=0)
    except Timeout:
        return False
    except OSError as error:
        raise NoLock(
            f"the lock of this machine cannot be used ({error.strerror or error}); remove what is in its place, or "
            "name another file with WHEN_ASYNC_LOCK"
        ) from None
    return True


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _note(path: Path) -> None:
    """Say who holds it, for whoever comes next; a machine that cannot keep that measures all the same."""
    command = " ".join(["when-async", *(word for word in sys.argv[1:2] if not word.startswith("-"))])
    told = {"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds"), "command": command}
    with contextlib.suppress(OSError):
        _beside(path, HOLDER).write_text(json.dumps(told), encoding="utf-8")
        _beside(path, HOLDER).chmod(0o644)


def _who(path: Path) -> str:
    """`when-async run (process 4711, since 14:03)`; `another when-async run` where nobody says."""
    try:
        told = json.loads(_beside(path, HOLDER).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(told["since"])
        if not _lives(int(told["pid"])):
            # It was killed, or belongs to a user whose file nobody else can change.
            return "another when-async run"
        # It may be another user's, who can write there what he likes.
        command = "".join(letter for letter in str(told["command"])[:40] if letter.isprintable())
        return f"another run ({command}, process {int(told['pid'])}, since {since:%H:%M})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another when-async run"


def _ahead(path: Path) -> str:
    count = len(_waiting(path))
    return f", after {count} that {'waits' if count == 1 else 'wait'} already" if count else ""


@contextlib.contextmanager
def _ticket(path: Path) -> Iterator[tuple[int, int]]:
    """A place in the queue: when it was taken, and by which process."""
    mine = (time.time_ns(), os.getpid())
    folder = _beside(path, TICKETS)
    file = folder / f"{mine[0]}-{mine[1]}"
    try:
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            folder.chmod(0o1777)
        held = _locked(file)
    except OSError as error:
        raise NoLock(f"there is no queue for this machine ({error.strerror or error}); try again later") from None
    try:
        yield mine
    finally:
        file.unlink(missing_ok=True)
        os.close(held)


def _locked(file: Path) -> int:
    """An open file of that name which nobody else can lock until it is closed."""
    while True:
        opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.suppress(OSError):
            os.fchmod(opened, 0o666)
        fcntl.flock(opened, fcntl.LOCK_EX)
        # Whoever looked before it was locked took it for a dead one and removed it.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(opened), file.stat()):
                return opened
        os.close(opened)


def _waiting(path: Path) -> list[tuple[int, int]]:
    """The tickets of all processes that live; what is left of others is removed."""
    found = []
    with contextlib.suppress(OSError):
        for file in _beside(path, TICKETS).iterdir():
            began, _, pid = file.name.partition("-")
            if began.isdigit() and pid.isdigit() and not _swept(file):
                found.append((int(began), int(pid)))
    return found


def _swept(file: Path) -> bool:
    """Whether nobody holds that ticket any more; then it is removed, unless it is another user's."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(OSError):
            file.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(opened)
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
