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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter_ns
from typing import Any
from zlib import crc32

from bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

Item = tuple[int, int]
"""Number of the record, number of its file."""
Row = tuple[int, str, int]
"""Number of the record, path of its file, nanoseconds from the call of the append to its return."""
Found = tuple[int, int, int]
"""Number of a record that a file holds, number of the file, CRC-32 of the record."""

DIGITS = 8
BATCH = 50
"""Records that the face `batch` hands over in one hop."""
LEAVE_S = 15.0
"""How long idle threads of a library may take to end; trio's take 10 s when left alone."""


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
    folder: Any = TemporaryDirectory(prefix="when-async-append-")
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


Program = Callable[[Sequence[Item]], list[Row]]


def serial(kit: Kit, params: Params) -> Program:
    """One writer in the main thread."""
    desk = open_desk(kit, params)
    handles = kit.enter(opened(desk, 0))
    return lambda items: append_all(desk, handles, items)


def primed(kit: Kit, count: int) -> Any:
    """A thread pool whose `count` threads are all up; it ends with the body."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    pool: Any = kit.enter(ThreadPoolExecutor(count))
    together = Barrier(count)
    for _ in pool.map(lambda _: together.wait(), range(count)):
        pass
    return pool


def threads_own(kit: Kit, params: Params) -> Program:
    """A thread for each writer, each with handles of its own; the kernel keeps their records apart."""
    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)
    handles = [kit.enter(opened(desk, writer)) for writer in range(desk.writers)]

    def op(items: Sequence[Item]) -> list[Row]:
        shares = [items[writer :: desk.writers] for writer in range(desk.writers)]
        return [row for rows in pool.map(append_all, [desk] * desk.writers, handles, shares) for row in rows]

    return op


def threads_lock(kit: Kit, params: Params) -> Program:
    """A thread for each writer; they share one handle and one lock for each file, as most programs do."""
    from threading import Lock

    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)
    places: Any = [(kit.enter(open(path, "ab", buffering=0)), Lock()) for path in desk.paths]  # noqa: SIM115

    def write(share: Sequence[Item]) -> list[Row]:
        rows = []
        for item in share:
            data, (handle, lock) = desk.records[item[0]], places[item[1]]
            called_ns = perf_counter_ns()
            with lock:
                whole(handle.write(data), data)
            rows.append(desk.row(item, called_ns))
        return rows

    def op(items: Sequence[Item]) -> list[Row]:
        shares = [items[writer :: desk.writers] for writer in range(desk.writers)]
        return [row for rows in pool.map(write, shares) for row in rows]

    return op


def serve(connection: Any, folder: str, params: Params, writers: int, writer: int) -> None:
    """A writer that is a process: append its share whenever it is told to, until it is told to end."""
    desk = Desk(folder, params, writers)
    share = make_items(params, 0)[writer::writers]
    with opened(desk, writer) as handles:
        connection.send(None)
        while connection.recv():
            connection.send(append_all(desk, handles, share))


@contextmanager
def processes(folder: str, params: Params, writers: int) -> Iterator[list[Any]]:
    """Connections to as many writers, all of which are up."""
    from multiprocessing import get_context

    context = get_context()
    pipes = [context.Pipe() for _ in range(writers)]
    children = [
        context.Process(target=serve, args=(far, folder, dict(params), writers, writer), daemon=True)
        for writer, (_, far) in enumerate(pipes)
    ]
    for child, (_, far) in zip(children, pipes, strict=True):
        child.start()
        far.close()
    ends = [near for near, _ in pipes]
    try:
        for near in ends:
            near.recv()
        yield ends
        for near in ends:
            near.send(False)
    except BaseException:
        for child in children:
            child.terminate()
        raise
    finally:
        for child in children:
            child.join()
        for near in ends:
            near.close()


def multiprocess(kit: Kit, params: Params) -> Program:
    """A process for each writer, each with handles of its own; every process makes its own records beforehand."""
    folder: Any = TemporaryDirectory(prefix="when-async-append-")
    ends = kit.enter(processes(kit.enter(folder), params, kit.in_flight))

    def op(items: Sequence[Item]) -> list[Row]:
        for near in ends:
            near.send(True)
        return [row for near in ends for row in near.recv()]

    return op


async def run_tasks(writers: int, write: Callable[[int], Any]) -> None:
    """Run `write(writer)` for each writer as a task of its own."""
    import asyncio

    async with asyncio.TaskGroup() as group:
        for writer in range(writers):
            group.create_task(write(writer))


async def aiofiles_body(kit: Kit, params: Params) -> Any:
    """A task for each writer with handles of its own; aiofiles sends every write to a thread, as many as writers."""
    import aiofiles

    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)

    async def open_one(file: int) -> Any:
        return await kit.enter(aiofiles.open(desk.paths[file], "ab", buffering=0, executor=pool))

    handles = [{file: await open_one(file) for file in desk.files_of(writer)} for writer in range(desk.writers)]

    async def op(items: Sequence[Item]) -> list[Row]:
        return await append_awaiting(desk, handles, items, run_tasks)

    return op


async def append_awaiting(
    desk: Desk, handles: Sequence[Mapping[int, Any]], items: Sequence[Item], run: Callable[..., Any]
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


async def batches(kit: Kit, params: Params) -> Any:
    """A task for each writer, which gathers records and hands a batch over to a thread by asyncio.to_thread."""
    import asyncio

    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)
    # The loop shuts it down too, when it is closed; that comes after the body and finds it shut.
    asyncio.get_running_loop().set_default_executor(pool)
    handles = [kit.enter(opened(desk, writer)) for writer in range(desk.writers)]

    def flush(handle: Any, batch: Sequence[bytes]) -> None:
        data = b"".join(batch)
        whole(handle.write(data), data)

    async def op(items: Sequence[Item]) -> list[Row]:
        rows: list[Row] = []

        async def write(writer: int) -> None:
            mine: Any = handles[writer]
            waiting: dict[int, list[bytes]] = {file: [] for file in mine}
            share = items[writer :: desk.writers]
            left = dict.fromkeys(mine, 0)
            for _, file in share:
                left[file] += 1
            for item in share:
                file, batch = item[1], waiting[item[1]]
                called_ns = perf_counter_ns()
                batch.append(desk.records[item[0]])
                left[file] -= 1
                if len(batch) == BATCH or not left[file]:
                    waiting[file] = []
                    await asyncio.to_thread(flush, mine[file], batch)
                rows.append(desk.row(item, called_ns))

        await run_tasks(desk.writers, write)
        return rows

    return op


async def direct(kit: Kit, params: Params) -> Any:
    """A task for each writer that calls the blocking write itself; between two appends the loop has a turn."""
    from asyncio import sleep

    desk = open_desk(kit, params)
    handles = [kit.enter(opened(desk, writer)) for writer in range(desk.writers)]

    async def op(items: Sequence[Item]) -> list[Row]:
        rows: list[Row] = []

        async def write(writer: int) -> None:
            mine: Any = handles[writer]
            for item in items[writer :: desk.writers]:
                data, handle = desk.records[item[0]], mine[item[1]]
                called_ns = perf_counter_ns()
                whole(handle.write(data), data)
                rows.append(desk.row(item, called_ns))
                await sleep(0)

        await run_tasks(desk.writers, write)
        return rows

    return op


@contextmanager
def threads_ended() -> Iterator[None]:
    """Wait at the end for the threads that a library started meanwhile and keeps for later."""
    import threading

    before = set(threading.enumerate())
    yield
    hurry_trio()
    until_s = monotonic() + LEAVE_S
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, until_s - monotonic()))


def hurry_trio() -> None:
    """Have the idle threads of trio end now and not in ten seconds; without effect where trio is built otherwise."""
    import sys
    from threading import Barrier

    cache: Any = sys.modules.get("trio._core._thread_cache")
    idle = len(getattr(getattr(cache, "THREAD_CACHE", None), "_idle_workers", ()))
    if not idle or not hasattr(cache, "IDLE_TIMEOUT"):
        return
    import trio

    # An idle thread takes the time it waits when it begins to wait, so each is given something to do once more.
    usual_s, cache.IDLE_TIMEOUT = cache.IDLE_TIMEOUT, 0.01
    together = Barrier(idle + 1)
    for _ in range(idle):
        trio.lowlevel.start_thread_soon(together.wait, lambda _: None)
    together.wait()
    for thread in [worker._thread for worker in list(cache.THREAD_CACHE._idle_workers)]:
        thread.join(LEAVE_S)
    cache.IDLE_TIMEOUT = usual_s


async def in_group(library: Any, kit: Kit, params: Params) -> Any:
    """A task for each writer in a nursery or task group; each write goes to a thread, as many as writers."""
    kit.enter(threads_ended())
    desk = open_desk(kit, params)
    library.to_thread.current_default_thread_limiter().total_tokens = desk.writers

    async def open_one(file: int) -> Any:
        handle = await library.open_file(desk.paths[file], "ab", buffering=0)
        # Closed without a thread: anyio would start one for it that outlives the body.
        kit.enter(closing(handle.wrapped))
        return handle

    handles = [{file: await open_one(file) for file in desk.files_of(writer)} for writer in range(desk.writers)]
    open_group = getattr(library, "open_nursery", None) or library.create_task_group

    async def run(writers: int, write: Callable[[int], Any]) -> None:
        async with open_group() as group:
            for writer in range(writers):
                group.start_soon(write, writer)

    async def op(items: Sequence[Item]) -> list[Row]:
        return await append_awaiting(desk, handles, items, run)

    return op


async def trio_body(kit: Kit, params: Params) -> Any:
    """trio's own asynchronous files."""
    import trio

    return await in_group(trio, kit, params)


async def anyio_body(kit: Kit, params: Params) -> Any:
    """anyio's own asynchronous files. On asyncio its threads end with each round, so their start is in the clock."""
    import anyio
    import anyio.to_thread

    return await in_group(anyio, kit, params)


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
        if sum_ != crc32(record(index, size)):
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
