"""`file_append`: many writers append records to one file or to many, and each has to wait for its own append.

It isolates handing a small or a large record over to the operating system. An append is done when the kernel has the
record in its cache; nobody asks for it to be on the disk, so no round measures a disk. Every contestant has as many
writers as are in flight, and writer w appends records w, w + writers, and so on. Writers, threads and open files are
there before the clock starts.

Handles are unbuffered and opened with O_APPEND, so that one append is one `write` of a whole record. The kernel puts
it at the end of the file and holds the file's lock meanwhile, so writers with a handle each need no lock of their own
on a local file system. A write that took less than the record is an error. What the files hold is read back after each
round, outside of the clock: a record that is torn, lost, doubled or in the wrong file is found.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies.file_append.common import DIGITS, make_items, record
from .bodies.file_append.pools import multiprocess, serial, threads_lock, threads_own
from .bodies.file_append.tasks import BATCH, aiofiles_body, anyio_body, batches, direct, trio_body

Found = tuple[int, int, int]
"""Number of a record that a file holds, number of the file, CRC-32 of the record."""


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Read back what the files hold, in order of the records, and empty them for the next round."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(items)} appends were asked for, {len(results)} returned")
    found: list[Found] = []
    for path in sorted(Path(results[0][1]).parent.iterdir(), key=lambda path: int(path.stem)):
        found += read_back(path, int(params["size_bytes"]))
        os.truncate(path, 0)
    calls_ns = [call_ns for _, _, call_ns in results]
    return Observed(sorted(found), {"call_max_s": max(calls_ns) / 1e9}, calls_ns)


def read_back(path: Path, size: int) -> list[Found]:
    """The records of a file in order of their places; raises WrongAnswer at the first byte that belongs to none."""
    found = []
    with open(path, "rb") as file:
        for place in range(0, os.stat(path).st_size, size):
            line = file.read(size)
            number = line[:DIGITS]
            if not number.isdigit() or line != record(int(number), size):
                raise WrongAnswer(f"{path.name} has no whole record at byte {place}: {line[: 2 * DIGITS]!r}...")
            found.append((int(number), int(path.stem), crc32(line)))
    return found


@lru_cache(maxsize=4096)
def expected_sum(index: int, size: int) -> int:
    """The CRC-32 of a record; remembered, because the rounds of a trial append the same ones."""
    return crc32(record(index, size))


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many records were found; raises WrongAnswer unless each is in its file once and in no other."""
    size = int(params["size_bytes"])
    wanted, held = set(items), [(index, file) for index, file, _ in results]
    for index, file in held:
        if (index, file) not in wanted:
            raise WrongAnswer(f"record {index} is in file {file}, where it was not to be")
    if len(held) > len(set(held)):
        twice = next(one for one, other in pairwise(held) if one == other)
        raise WrongAnswer(f"record {twice[0]} was appended twice to file {twice[1]}")
    if len(held) < len(wanted):
        index, file = min(wanted - set(held))
        raise WrongAnswer(f"{len(wanted) - len(held)} records are lost, such as record {index} of file {file}")
    for index, _, sum_ in results:
        if sum_ != expected_sum(index, size):
            raise WrongAnswer(f"record {index} is not what was appended")
    return f"{len(held)} records of {size} B in {int(params['files'])} file(s)"


def point(concurrency: int, n: int, size_bytes: int, files: int) -> Point:
    """One grid point."""
    return Point(concurrency, {"n": n, "size_bytes": size_bytes, "files": files})


KIB = 1024

FILE_APPEND = Workload(
    name="file_append",
    summary="many writers append records to one file or to many; isolates handing a write to the system",
    bodies={
        "sync": serial,
        "threading/own": threads_own,
        "threading/lock": threads_lock,
        "gevent/own": threads_own,
        "multiprocessing": multiprocess,
        "asyncio/aiofiles": aiofiles_body,
        "asyncio/batch": batches,
        "asyncio/direct": direct,
        "trio/open_file": trio_body,
        "anyio/open_file": anyio_body,
    },
    faces={
        "own": "each writer has handles of its own, and the kernel keeps their records apart",
        "lock": "all writers share a handle and a lock for each file",
        "batch": f"an append that fills a batch of {BATCH} records, or is the last, hands it to a thread and waits",
        "open_file": "the library's own asynchronous files, which send every write to a thread",
        "direct": "the coroutine calls the blocking write itself, and the loop has a turn between two appends",
    },
    params=(
        Param("n", 1, 10_000_000, "how many records a round appends"),
        Param("size_bytes", 16, 16 * KIB * KIB, "size of each record"),
        Param("files", 1, 1000, "how many files the records are dealt out to"),
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    shape=Shape.PROGRAM,
    threaded=("aiofiles", "batch", "open_file"),
    figures=(Figure("call_max_s", "the longest that a writer waited for one append to return", "lower"),),
    latency="append called to append returned",
    grid={
        "smoke": (point(4, 40, 128, 2),),
        "quick": (point(8, 800, 128, 1),),
        # Small records to one file and to many, then ever larger ones.
        "full": (
            point(8, 800, 128, 1),
            point(8, 800, 128, 8),
            point(64, 2048, 128, 64),
            point(8, 200, 64 * KIB, 1),
            point(8, 16, KIB * KIB, 1),
        ),
    },
    learn=(
        "You learn what it costs to hand a write over to a thread, and how long the caller waits meanwhile; you do not "
        "learn how fast a disk is, because an append ends in the kernel's cache and nobody asks for a sync."
    ),
)
