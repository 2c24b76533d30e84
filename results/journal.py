"""Writing a run file: one JSON object a line, appended as things happen, so that a crash loses at most one line.

`Journal` writes, `read` (from `results.runfile`) reads. The parent process that measures imports this module, so it
stays with the standard library and `bench.model`. The format is documented in results/SCHEMA.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from when_async.bench.model import SCHEMA_VERSION

from .files import os_words
from .runfile import TOOL, RunFileError, content, parse_header, parse_line


def refuse_existing(path: Path) -> None:
    """Raise RunFileError where there is such a file already: measurements are not overwritten."""
    if path.exists():
        raise RunFileError(
            f"{path} exists already and is not overwritten; name another file, or go on with --resume {path}"
        )


class Journal:
    """Append-only writer of one run file; use it as a context manager.

    `repaired` says in words what `resume` had to cut off, to be told to the user, or is None.
    """

    def __init__(self, path: Path, descriptor: int, size: int, repaired: str | None = None) -> None:
        self.path = path
        self.repaired = repaired
        self._descriptor = descriptor
        self._size = size

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any]) -> Self:
        """Start a new run file with its header, making the folder if need be.

        `kind`, `schema` and `tool` may be left out of `header`. Raises RunFileError where the file exists already
        or cannot be written.
        """
        refuse_existing(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise RunFileError(f"cannot create {path}: {os_words(error)}; name a file in a writable folder") from None
        journal = cls(path, descriptor, 0)
        try:
            journal.append({"kind": "run", "schema": SCHEMA_VERSION, "tool": TOOL} | dict(header))
        except BaseException:
            # An empty file would stand in the way of the next try.
            journal.close()
            with suppress(OSError):
                path.unlink()
            raise
        return journal

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Open an interrupted run file to go on with it, after cutting off a torn last line.

        Raises RunFileError as `read` does for a file that is missing, empty, not ours or newer than this program.
        """
        data = content(path)
        parse_header(path, data.partition(b"\n")[0])
        kept = data.rstrip()
        start = kept.rfind(b"\n") + 1
        repaired = None
        try:
            parse_line(kept[start:])
        except ValueError:
            repaired = f"cut off an unfinished last line of {path.name} ({len(data) - start} bytes)"
            kept = data[:start].rstrip()
        try:
            os.truncate(path, len(kept))
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise RunFileError(f"cannot write to {path}: {os_words(error)}; check its permissions") from None
        journal = cls(path, descriptor, len(kept), repaired)
        try:
            journal._write(b"\n")
        except BaseException:
            journal.close()
            raise
        return journal

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
                f"cannot write to {self.path}: {os_words(error)}; all before it is kept: "
                f"make room, then go on with --resume {self.path}"
            ) from None
