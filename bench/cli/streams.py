"""Standard streams that may be closed or full: what is measured must not depend on who reads."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from when_async.results.files import os_words


class Unwritten(Exception):
    """The output cannot be written to the end; the text says why, and nothing where its reader wants no more.

    No OSError: click and rich would end with 1 on one, which of a gate is a slow-down.
    """


class _Output(io.TextIOWrapper):
    """Standard output, which raises Unwritten where it cannot be written."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise _unwritten(error) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise _unwritten(error) from None


class _Remarks(io.TextIOWrapper):
    """Standard error, on which all is said in vain where it cannot be written."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            discard(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            discard(self)


def _unwritten(error: OSError) -> Unwritten:
    return Unwritten("" if isinstance(error, BrokenPipeError) else f"the output ends early: {os_words(error)}")


def discard(stream: TextIO) -> None:
    """Have nothing more written to it; Python would complain at its end of what it still holds."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def secure() -> None:
    """See that all three are open, and that a fault of one never ends a measurement; a test's own are left alone."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else the run file would get this number, and all that is printed would be written into it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _wrapped(_Output, 1, sys.__stdout__)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _wrapped(_Remarks, 2, sys.__stderr__)


def _wrapped(cls: type[io.TextIOWrapper], number: int, old: TextIO | None) -> io.TextIOWrapper:
    """A stream on the same descriptor, which closes it as little as the old one, None where that was closed."""
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    encoding, errors = (old.encoding, old.errors) if old else ("utf-8", "backslashreplace")
    return cls(raw, encoding=encoding, errors=errors, line_buffering=number == 2 or os.isatty(number))
