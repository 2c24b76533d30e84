"""Bodies of `ladder` whose units are threads, greenlets or processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from socket import socket
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Kit, Params

from ..resident import resident_bytes
from .common import TOP, Row, connection, open_gate
from .limit import fallen

Program = Callable[[Sequence[int]], list[Row]]


def threads(kit: Kit, params: Params) -> Program:
    """A thread for each unit, let go and joined one by one: 10 000 at once would contend for the GIL for seconds."""
    from queue import SimpleQueue
    from threading import Lock, Thread

    hold_s, sleep, before = float(params["hold_s"]), kit.sleep, resident_bytes()

    def op(items: Sequence[int]) -> list[Row]:
        begun: SimpleQueue[None] = SimpleQueue()
        rows: list[Row] = []
        started: list[Thread] = []
        gates: list[Lock] = []
        far: list[socket | None] = []

        def unit(index: int, gate: Lock, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            begun.put(None)
            if near is None:
                gate.acquire()
            else:
                with near:
                    near.recv(1)
            rows.append((index, began_ns, perf_counter_ns()))

        try:
            for index in items:
                near, other = connection(params)
                far.append(other)
                gates.append(Lock())
                gates[-1].acquire()
                thread = Thread(target=unit, args=(index, gates[-1], near), daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    raise fallen(error, len(started), params) from error
                started.append(thread)
            for _ in started:
                begun.get()
            top = resident_bytes()
            sleep(hold_s)
        finally:
            open_gate(far)
            for gate, thread in zip(gates, started, strict=False):
                gate.release()
                thread.join()
        return [*rows, (TOP, before, top)]

    return op


def greenlets(kit: Kit, params: Params) -> Program:
    """A greenlet for each unit."""
    import gevent
    from gevent.event import Event

    hold_s, before = float(params["hold_s"]), resident_bytes()

    def op(items: Sequence[int]) -> list[Row]:
        gate, full = Event(), Event()
        rows: list[Row] = []
        far, begun, started = [], [], []

        def unit(index: int, near: Any) -> None:
            began_ns = perf_counter_ns()
            begun.append(index)
            if len(begun) == len(items):
                full.set()
            if near is None:
                gate.wait()
            else:
                with near:
                    near.recv(1)
            rows.append((index, began_ns, perf_counter_ns()))

        for index in items:
            near, other = connection(params)
            far.append(other)
            started.append(gevent.spawn(unit, index, near))
        full.wait()
        top = resident_bytes()
        gevent.sleep(hold_s)
        gate.set()
        open_gate(far)
        gevent.joinall(started, raise_error=True)
        return [*rows, (TOP, before, top)]

    return op


def child(index: int, near: socket | None, begun: Any, gate: Any, done: Any) -> None:
    """A unit that is a process."""
    began_ns = perf_counter_ns()
    begun.release()
    if near is None:
        gate.wait()
    else:
        near.recv(1)
    done.put((index, began_ns, perf_counter_ns()))


def processes(kit: Kit, params: Params) -> Program:
    """A process for each unit, by the interpreter's own start method."""
    from multiprocessing import get_context

    context = get_context()
    hold_s, before = float(params["hold_s"]), resident_bytes()

    def op(items: Sequence[int]) -> list[Row]:
        begun, gate, done = context.Semaphore(0), context.Event(), context.SimpleQueue()
        started: list[Any] = []
        far: list[socket | None] = []
        try:
            for index in items:
                near, other = connection(params)
                far.append(other)
                process = context.Process(target=child, args=(index, near, begun, gate, done), daemon=True)
                try:
                    process.start()
                except OSError as error:
                    raise fallen(error, len(started), params) from error
                started.append(process)
                if near is not None:
                    near.close()
            for _ in started:
                begun.acquire()
            top = resident_bytes()
            kit.sleep(hold_s)
            gate.set()
            open_gate(far)
            rows: list[Row] = [done.get() for _ in started]
        finally:
            gate.set()
            open_gate([one for one in far if one is not None and one.fileno() >= 0])
            for process in started:
                process.join()
                process.close()
            done.close()
        return [*rows, (TOP, before, top)]

    return op
