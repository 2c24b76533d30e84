"""Bodies of `file_append` for the plain loop, threads, greenlets and processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import TYPE_CHECKING

from when_async.bench.model import Kit, Params

from .common import Desk, Item, Program, Row, append_all, make_items, open_desk, opened, whole

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing.connection import Connection


def serial(kit: Kit, params: Params) -> Program:
    """One writer in the main thread."""
    desk = open_desk(kit, params)
    handles = kit.enter(opened(desk, 0))
    return lambda items: append_all(desk, handles, items)


def primed(kit: Kit, count: int) -> ThreadPoolExecutor:
    """A thread pool whose `count` threads are all up; it ends with the body."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    pool = kit.enter(ThreadPoolExecutor(count))
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
    places = [(kit.enter(open(path, "ab", buffering=0)), Lock()) for path in desk.paths]  # noqa: SIM115

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


def serve(connection: Connection, folder: str, params: Params, writers: int, writer: int) -> None:
    """A writer that is a process: append its share whenever it is told to, until it is told to end."""
    desk = Desk(folder, params, writers)
    share = make_items(params, 0)[writer::writers]
    with opened(desk, writer) as handles:
        connection.send(None)
        while connection.recv():
            connection.send(append_all(desk, handles, share))


@contextmanager
def processes(folder: str, params: Params, writers: int) -> Iterator[list[Connection]]:
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
    folder = TemporaryDirectory(prefix="when-async-append-")
    ends = kit.enter(processes(kit.enter(folder), params, kit.in_flight))

    def op(items: Sequence[Item]) -> list[Row]:
        for near in ends:
            near.send(True)
        return [row for near in ends for row in near.recv()]

    return op
