"""What all writers of `file_append` have in common: records, files, and the append itself."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Kit, Params

Item = tuple[int, int]
"""Number of the record, number of its file."""

Row = tuple[int, str, int]
"""Number of the record, path of its file, nanoseconds from the call of the append to its return."""

DIGITS = 8


def record(index: int, size: int) -> bytes:
    """Line `index`: its number, then a filler that differs from line to line, and a line feed; `size` bytes."""
    filler = bytes(97 + (index + place) % 23 for place in range(23))
    head = b"%0*d " % (DIGITS, index)
    return head + (filler * (size // len(filler) + 1))[: size - len(head) - 1] + b"\n"


def make_items(params: Params, seed: int) -> list[Item]:
    """Record i goes into file i modulo their number; nothing is drawn, so the seed has nothing to decide."""
    return [(index, index % int(params["files"])) for index in range(int(params["n"]))]


class Desk:
    """What all writers of a contestant share: the folder of its files, and the records, made before the clock."""

    def __init__(self, folder: str, params: Params, writers: int) -> None:
        self.files = int(params["files"])
        self.n = int(params["n"])
        self.writers = writers
        self.paths = [os.path.join(folder, f"{file}.log") for file in range(self.files)]
        self.records = [record(index, int(params["size_bytes"])) for index in range(self.n)]

    def files_of(self, writer: int) -> list[int]:
        """Into which files this writer appends."""
        return sorted({index % self.files for index in range(writer, self.n, self.writers)})

    def row(self, item: Item, called_ns: int) -> Row:
        """Called when an append has returned."""
        return item[0], self.paths[item[1]], perf_counter_ns() - called_ns


def open_desk(kit: Kit, params: Params) -> Desk:
    """A desk in a temporary folder that is removed when the body is closed."""
    folder = TemporaryDirectory(prefix="when-async-append-")
    return Desk(kit.enter(folder), params, kit.in_flight)


@contextmanager
def opened(desk: Desk, writer: int) -> Iterator[Mapping[int, Any]]:
    """The handles of one writer, by the number of the file."""
    with ExitStack() as stack:
        yield {file: stack.enter_context(open(desk.paths[file], "ab", buffering=0)) for file in desk.files_of(writer)}


def whole(written: int | None, data: bytes) -> None:
    """Raise RuntimeError unless a write took all that it was given."""
    if written != len(data):
        raise RuntimeError(f"a write took {written} of {len(data)} bytes")


def append_all(desk: Desk, handles: Mapping[int, Any], share: Sequence[Item]) -> list[Row]:
    """Append a writer's records one after another, each by one write."""
    rows = []
    for item in share:
        data, handle = desk.records[item[0]], handles[item[1]]
        called_ns = perf_counter_ns()
        whole(handle.write(data), data)
        rows.append(desk.row(item, called_ns))
    return rows


Write = Callable[[int], Coroutine[Any, Any, None]]
"""All appends of one writer, by its number."""

Run = Callable[[int, Write], Awaitable[None]]
"""Has that many writers write at once."""


async def append_awaiting(
    desk: Desk, handles: Sequence[Mapping[int, Any]], items: Sequence[Item], run: Run
) -> list[Row]:
    """All writers append at once to files whose `write` is awaited."""
    rows: list[Row] = []

    async def write(writer: int) -> None:
        mine = handles[writer]
        for item in items[writer :: desk.writers]:
            data, handle = desk.records[item[0]], mine[item[1]]
            called_ns = perf_counter_ns()
            whole(await handle.write(data), data)
            rows.append(desk.row(item, called_ns))

    await run(desk.writers, write)
    return rows


Program = Callable[[Sequence[Item]], list[Row]]

AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Row]]]
