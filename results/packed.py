"""The bytes of a run file, packed or not; and the error of all that can be wrong with one."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from when_async.bench.model import WhenAsyncError

from .files import os_words

TOOL = "when-async"
MOST_BYTES, SMALL_BYTES = 8 << 30, 64 << 20


class RunFileError(WhenAsyncError):
    """A run file cannot be used; the message is one line that also says what to do next."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A run file to read from, unpacked where its name ends in `.gz`; raises RunFileError where that cannot be done."""
    _refuse_special(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast(IO[bytes], file)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise RunFileError(f"{path} is no whole gzip file; take an undamaged copy, or measure again") from None
    except FileNotFoundError:
        raise RunFileError(f"there is no run file {path}; make one with `{TOOL} run`, or check the path") from None
    except OSError as error:
        raise RunFileError(f"cannot read {path}: {os_words(error)}; name a run file that `{TOOL} run` wrote") from None


def _refuse_special(path: Path) -> None:
    """Raise for a device or a pipe, which could be read for ever or not at all."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise RunFileError(f"{path} is no file but something else; name a run file that `{TOOL} run` wrote")


def content(path: Path) -> bytes:
    """The content of a run file; raises RunFileError where it cannot be read or holds nothing."""
    most = most_bytes(path)
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise RunFileError(
            f"{path} holds more than {most >> 20} MiB when it is unpacked, as no run file does; take an undamaged copy"
        )
    if not data or data.isspace():
        raise RunFileError(f"{path} is empty; delete it and start again with `{TOOL} run`")
    return data


def most_bytes(path: Path) -> int:
    """So much a file may hold: of a packed one a hundred times its size, where ours unpack to ten times theirs."""
    with suppress(OSError):
        if path.suffix == ".gz":
            return min(MOST_BYTES, SMALL_BYTES + 100 * path.stat().st_size)
    return MOST_BYTES
