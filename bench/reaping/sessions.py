"""Ends sessions: what a process started as the leader of one, and all that was started there.

As a script, `python -I -S sessions.py`, it ends what a killed parent leaves behind. It reads lines, `+` or `-` with the
number of a session or the path of a folder; when its standard input closes, which the kernel sees to even after `kill
-9` of the parent, it kills every session still listed, has everybody end whose temporary files lie in a folder, and
removes the folders. Children cannot do this for themselves: their siblings hold the other end of every pipe.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

GRACE_S = 8.0
"""For so long a process may clear away what it made; the keeper of a database server needs 5 s where that hangs."""
LOOK_S = 0.01
LOOKS = 200
"""So often it is looked whether all of a session have gone; one that waits for a broken disk never does."""


class Seen(NamedTuple):
    """What the kernel says of a process."""

    parent: int
    session: int


def kill_session(leader: int) -> None:
    """Kill a process that we started in a session of its own with all that it started; one that is gone is no error.

    Its group dies in one step. Shells and build tools give their children groups of their own in its session.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    _kill_all(lambda: {pid for pid, seen in processes().items() if seen.session == leader})


def clear(folders: Sequence[str]) -> None:
    """End all whose temporary files lie in one of the folders, and remove the folders.

    A keeper is in a session of its own, so that it outlives who was killed and clears away; it ignores SIGTERM.
    """
    deadline, told = time.monotonic() + GRACE_S, set[int]()
    while (left := set(_users(folders))) and time.monotonic() < deadline:
        _send(left - told, signal.SIGTERM, signal.SIGCONT)
        told |= left
        time.sleep(LOOK_S)
    doomed = left | _below(left)
    _kill_all(lambda: doomed & processes().keys())
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _kill_all(find: Callable[[], set[int]]) -> None:
    """Kill what is found until nothing is."""
    for _ in range(LOOKS):
        if not (left := find()):
            return
        _send(left, signal.SIGKILL)
        time.sleep(LOOK_S)


def processes() -> dict[int, Seen]:
    """Every process that lives, by its id; none where the system has no /proc."""
    found = {}
    for pid in _ids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as stat:
            state, parent, _, session = stat.read().rpartition(b")")[2].split()[:4]
            if state not in (b"Z", b"X"):
                found[pid] = Seen(int(parent), int(session))
    return found


def _ids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _users(folders: Iterable[str]) -> Iterator[int]:
    """Who was started with one of the folders for its temporary files."""
    wanted = {b"TMPDIR=" + os.fsencode(folder) for folder in folders}
    for pid in processes():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environ:
            if not wanted.isdisjoint(environ.read().split(b"\0")):
                yield pid


def _below(pids: Iterable[int]) -> set[int]:
    """Their children, and the children of these."""
    all_, found, above = processes(), set[int](), set(pids)
    while above := {pid for pid, seen in all_.items() if seen.parent in above} - found:
        found |= above
    return found


def _send(pids: Iterable[int], *numbers: signal.Signals) -> None:
    for pid in pids:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def main() -> int:
    watched: set[str] = set()
    for line in sys.stdin:
        sign, what = line[:1], line[1:].removesuffix("\n")
        if sign == "+":
            watched.add(what)
        else:
            watched.discard(what)
    for session in filter(str.isdigit, watched):
        kill_session(int(session))
    clear([folder for folder in watched if not folder.isdigit()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
