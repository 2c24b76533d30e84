"""Bodies of `fanout` for the plain loop, threads and greenlets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from when_async.bench.model import Kit, Params

from .common import Caller, Item, Program, Result, check_room, waiting

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def one_by_one(kit: Kit, params: Params) -> Program:
    """One wait after another: each result is in hand before the next op begins."""
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for item in items:
            caller.hold(one(item))
        return caller.results

    return op


def filled_pool(kit: Kit, params: Params) -> ThreadPoolExecutor:
    """A ThreadPoolExecutor whose threads are all alive, closed with the session."""
    from concurrent.futures import ThreadPoolExecutor
    from queue import SimpleQueue

    check_room(kit, params)
    pool = kit.enter(ThreadPoolExecutor(kit.in_flight))
    present: SimpleQueue[None] = SimpleQueue()
    leave: SimpleQueue[None] = SimpleQueue()

    def check_in() -> None:
        present.put(None)
        leave.get()

    # It starts a thread only when no other is idle, so all of them are kept busy until the last is there.
    for _ in range(kit.in_flight):
        pool.submit(check_in)
    for _ in range(kit.in_flight):
        present.get()
    for _ in range(kit.in_flight):
        leave.put(None)
    return pool


def map_in_threads(kit: Kit, params: Params) -> Program:
    """ThreadPoolExecutor.map: results come in the order of the items."""
    one, pool = waiting(kit), filled_pool(kit, params)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in pool.map(one, items):
            caller.hold(value)
        return caller.results

    return op


def complete_in_threads(kit: Kit, params: Params) -> Program:
    """A future for each wait, and concurrent.futures.as_completed."""
    from concurrent.futures import as_completed

    one, pool = waiting(kit), filled_pool(kit, params)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for future in as_completed([pool.submit(one, item) for item in items]):
            caller.hold(future.result())
        return caller.results

    return op


def imap_greenlets(kit: Kit, params: Params) -> Program:
    """imap_unordered of a gevent group: each result as it comes."""
    from gevent.pool import Group

    check_room(kit, params)
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in Group().imap_unordered(one, items):
            caller.hold(value)
        return caller.results

    return op


def join_greenlets(kit: Kit, params: Params) -> Program:
    """A greenlet for each wait, and gevent.joinall."""
    import gevent

    check_room(kit, params)
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        greenlets = [gevent.spawn(one, item) for item in items]
        gevent.joinall(greenlets, raise_error=True)
        for greenlet in greenlets:
            caller.hold(greenlet.value)
        return caller.results

    return op
