"""Writing a run file: one JSON object a line, appended as things happen, so that a crash loses at most one line.

`Journal` writes, `read` (from `results.runfile`) reads. The parent process that measures imports this module, so it
stays with the standard library and `bench.model`. The format is documented in results/SCHEMA.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from when_async.bench.model import SCHEMA_VERSION

from .files import os_words
from .runfile import TOOL, RunFileError, content, opened, parse_header, parse_line

AGAIN = "give the same command again"
"""How to go on where nothing can be gone on with."""


def refuse_unfit(path: Path) -> None:
    """Raise RunFileError for a file that cannot become a run file: measurements are not overwritten, nor packed."""
    if path.suffix == ".gz":
        raise RunFileError(
            f"{path} would be packed, and a run is written line by line; name {path.with_suffix('')}, and pack it with "
            "gzip when it has ended: every command reads it packed"
        )
    try:
        there = path.exists()
    except OSError as error:
        raise RunFileError(f"cannot create {path.name[:60]}: {os_words(error)}; name another file") from None
    if there:
        raise RunFileError(
            f"{path} exists already and is not overwritten; name another file, or go on with --resume {path}"
        )


class Journal:
    """Append-only writer of one run file; use it as a context manager.

    `again` says how to go on when a line could not be written.
    """

    def __init__(self, path: Path, descriptor: int, size: int, again: str) -> None:
        self.path = path
        self._again = again
        self._descriptor = descriptor
        self._size = size

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any], again: str = AGAIN) -> Self:
        """Start a new run file with its header, making the folder if need be.

        `kind`, `schema` and `tool` may be left out of `header`. Raises RunFileError where the file exists already
        or cannot be written.
        """
        refuse_unfit(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise RunFileError(f"cannot create {path}: {os_words(error)}; name a file in a writable folder") from None
        journal = cls(path, descriptor, 0, again)
        try:
            _hold(descriptor, path)
            journal.append({"kind": "run", "schema": SCHEMA_VERSION, "tool": TOOL} | dict(header))
        except BaseException as error:
            # An empty file would stand in the way of the next try.
            journal.close()
            with suppress(OSError):
                path.unlink()
            if isinstance(error, RunFileError) and isinstance(error.__context__, OSError):
                what = f"cannot write to {path}: {os_words(error.__context__)}; make room, or name a file elsewhere"
                raise RunFileError(what) from None
            raise
        return journal

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Open an interrupted run file to go on with it; nothing is changed in it before `mend` is called.

        Raises RunFileError where the file is missing or packed, cannot be written, or another process writes to it.
        """
        if path.suffix == ".gz":
            raise RunFileError(
                f"{path} is packed, and a run goes on line by line; unpack it with `gunzip --keep {path}`, then go on "
                f"with --resume {path.with_suffix('')}"
            )
        with opened(path):
            pass
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise RunFileError(f"cannot write to {path}: {os_words(error)}; check its permissions") from None
        journal = cls(path, descriptor, os.fstat(descriptor).st_size, go_on(path))
        try:
            _hold(descriptor, path)
        except BaseException:
            journal.close()
            raise
        return journal

    def mend(self) -> str | None:
        """Cut off a torn last line, before the first line is appended; returns in words what was cut off, if any.

        Raises RunFileError as `read` does for a file that is empty, not ours or newer than this program.
        """
        data = content(self.path)
        parse_header(self.path, data.partition(b"\n")[0])
        kept = data.rstrip()
        start = kept.rfind(b"\n") + 1
        repaired = None
        try:
            parse_line(kept[start:])
        except ValueError:
            repaired = f"cut off an unfinished last line of {self.path.name} ({len(data) - start} bytes)"
            kept = data[:start].rstrip()
        try:
            os.ftruncate(self._descriptor, len(kept))
        except OSError as error:
            raise RunFileError(f"cannot write to {self.path}: {os_words(error)}; check its permissions") from None
        self._size = len(kept)
        self._write(b"\n")
        return repaired

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record as one line and hand it to the operating system, so that killing us cannot lose it.

        Raises RunFileError where the line could not be written (the file then still ends with a whole line), and
        ValueError for a number that JSON cannot hold.
        """
        self._write(json.dumps(record, allow_nan=False).encode() + b"\n")

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        """Append `line` whole or not at all, also when Ctrl-C arrives between two partial writes."""
        if self._descriptor < 0:
            raise RunFileError(f"{self.path} is closed; open it again with Journal.resume")
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            self._size += len(line)
        except BaseException as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            if not isinstance(error, OSError):
                raise
            raise RunFileError(
                f"cannot write to {self.path}: {os_words(error)}; all before it is kept: make room, then {self._again}"
            ) from None


def go_on(path: Path) -> str:
    """How an interrupted run is gone on with."""
    return f"go on with: {TOOL} run --resume {shlex.quote(str(path))}"


def _hold(descriptor: int, path: Path) -> None:
    """Keep all others from writing to this file, for as long as it is open; raises RunFileError where one does."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunFileError(
            f"another process is writing to {path}; let it end first, or measure into a new file"
        ) from None
    except OSError:
        # Some network file systems have no such locks; the lock of the machine is held all the same.
        return
