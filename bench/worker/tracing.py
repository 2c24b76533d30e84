"""Writes down when ops and waits began and ended, and in which process, thread and task: for a timeline.

Nothing of this is loaded in a round that is timed: an op that writes down what it does costs microseconds more, and a
sleep that is wrapped is no longer the runner's own (method.md, R9). Whatever runs ops, across threads, processes and
interpreters, appends whole lines of JSON to one file, and the clock is the one that all processes share.
"""

from __future__ import annotations

import json
import os
import reprlib
import sys
from collections.abc import Awaitable, Callable, Generator
from threading import get_native_id
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple

from ..model import Job

Op = Callable[[Any], Any]

LEAST_NS = 20_000
"""A pause of a task shorter than this is not written down: writing takes as long, and no picture shows it."""

LABEL = 24
"""Characters of an item that are kept, so that its op can be told from others."""


class Task(NamedTuple):
    """Who runs here: what tells it from all others in its thread, and a name; both empty where a thread is all."""

    id: str
    name: str
    green: bool = False
    """A greenlet: it may leave its thread to others wherever it waits."""


THREAD = Task("", "")


def task_here() -> Task:
    """The task or greenlet that calls this."""
    return _asyncio_task() or _trio_task() or _greenlet() or THREAD


def _asyncio_task() -> Task | None:
    asyncio = sys.modules.get("asyncio")
    try:
        found = asyncio.current_task() if asyncio else None
    except (RuntimeError, AttributeError):  # no loop runs in this thread, or the module is not whole yet
        return None
    return Task(f"asyncio {id(found)}", found.get_name()) if found else None


def _trio_task() -> Task | None:
    trio = sys.modules.get("trio")
    try:
        found = trio.lowlevel.current_task() if trio else None
    except (RuntimeError, AttributeError):
        return None
    return Task(f"trio {id(found)}", str(found.name)) if found else None


def _greenlet() -> Task | None:
    gevent = sys.modules.get("gevent")
    found = gevent.getcurrent() if gevent else None
    name = getattr(found, "name", None)  # the greenlet that is the thread itself has none
    return Task(f"greenlet {id(found)}", str(name), green=True) if name else None


async def task_on_loop() -> Task:
    """The same on any loop: curio's only tells a task itself which one it is."""
    curio = sys.modules.get("curio")
    if curio is not None and curio.meta.curio_running():
        found = await curio.current_task()
        return Task(f"curio {found.id}", str(found.name))
    return task_here()


def note(path: str, kind: str, start_ns: int, task: Task, **more: Any) -> None:
    """Append one line: an `op` or a `wait` that began at `start_ns` and ends now."""
    end_ns = perf_counter_ns()
    line = {
        "kind": kind, "start_ns": start_ns, "end_ns": end_ns,
        "pid": os.getpid(), "thread": get_native_id(), "task": task.id, "name": task.name, **more,
    }  # fmt: skip
    # Opened each time, as a log is: a descriptor that is kept would have to survive forks.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(descriptor)


class TracedSleep:
    """A blocking sleep that writes down its waits; an object and no closure, so that it can be sent to a process."""

    def __init__(self, sleep: Callable[..., Any], path: str) -> None:
        self.sleep = sleep
        self.path = path

    def __call__(self, *seconds: Any, **more: Any) -> Any:
        task, start_ns = task_here(), perf_counter_ns()
        try:
            return self.sleep(*seconds, **more)
        finally:
            note(self.path, "wait", start_ns, task)


class TracedAsyncSleep(TracedSleep):
    """The same for the sleep of a loop."""

    async def __call__(self, *seconds: Any, **more: Any) -> Any:
        task = await task_on_loop()
        start_ns = perf_counter_ns()
        try:
            return await self.sleep(*seconds, **more)
        finally:
            note(self.path, "wait", start_ns, task)


class Steps:
    """Awaits something, writes down each time for which it gave the loop to others, and counts its own CPU time."""

    def __init__(self, awaited: Awaitable[Any], path: str, task: Task) -> None:
        self.awaited = awaited
        self.path = path
        self.task = task
        self.cpu_ns = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self.awaited.__await__()
        resume, value = steps.send, None
        while True:
            cpu_ns = thread_time_ns()
            try:
                asked = resume(value)
            except StopIteration as done:
                return done.value
            finally:
                self.cpu_ns += thread_time_ns() - cpu_ns
            start_ns = perf_counter_ns()
            try:
                resume, value = steps.send, (yield asked)
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # such as being cancelled: it is for the op to take
                resume, value = steps.throw, error
            if perf_counter_ns() - start_ns >= LEAST_NS:
                note(self.path, "wait", start_ns, self.task)


class Greenlets:
    """The same for greenlets with an open op, which can leave their thread to others in the midst of any call."""

    def __init__(self) -> None:
        self.open: dict[int, tuple[str, Task]] = {}
        self.left_ns: dict[int, int] = {}
        self.cpu_ns: dict[int, int] = {}

    def begin(self, path: str, task: Task) -> None:
        """The op of the running greenlet begins."""
        greenlet = sys.modules["greenlet"]
        if greenlet.gettrace() != self.switched:
            greenlet.settrace(self.switched)
        me = id(greenlet.getcurrent())
        self.open[me], self.cpu_ns[me] = (path, task), -thread_time_ns()

    def end(self) -> int:
        """It has ended; the CPU time of the greenlet meanwhile."""
        me = id(sys.modules["greenlet"].getcurrent())
        del self.open[me]
        return self.cpu_ns.pop(me) + thread_time_ns()

    def switched(self, event: str, between: tuple[Any, Any]) -> None:
        """One greenlet leaves the thread to another."""
        now_ns, cpu_ns = perf_counter_ns(), thread_time_ns()
        origin, target = map(id, between)
        if origin in self.open:
            self.left_ns[origin] = now_ns
            self.cpu_ns[origin] += cpu_ns
        if target in self.open:
            self.cpu_ns[target] -= cpu_ns
            start_ns = self.left_ns.pop(target)
            if now_ns - start_ns >= LEAST_NS:
                note(self.open[target][0], "wait", start_ns, self.open[target][1])


GREENLETS = Greenlets()


def label_of(job: Job) -> Callable[[Any], str]:
    """What an op is called by its item; a program is one op and has all items."""
    return named_program if job.within is not None else named_item


def named_program(_: Any) -> str:
    return "program"


def named_item(item: Any) -> str:
    """Items are numbers, or begin with one, as a rule; whatever else is cut."""
    if isinstance(item, tuple) and item and isinstance(item[0], int):
        return str(item[0])
    return reprlib.repr(item)[:LABEL]


def traced(op: Op, job: Job) -> Op:
    """`op` that writes itself down, with the CPU time that its thread or greenlet used meanwhile."""
    path, label = job.trace, label_of(job)

    def watched(item: Any) -> Any:
        task = task_here()
        if task.green:
            GREENLETS.begin(path, task)
        start_ns, cpu_ns = perf_counter_ns(), thread_time_ns()
        try:
            return op(item)
        finally:
            used_ns = GREENLETS.end() if task.green else thread_time_ns() - cpu_ns
            note(path, "op", start_ns, task, label=label(item), cpu_ns=used_ns)

    return watched


def traced_async(op: Op, job: Job) -> Op:
    """The same for an op that is awaited: all its waits are seen, whatever it waits for."""
    path, label = job.trace, label_of(job)

    async def watched(item: Any) -> Any:
        task = await task_on_loop()
        steps = Steps(op(item), path, task)
        start_ns = perf_counter_ns()
        try:
            return await steps
        finally:
            note(path, "op", start_ns, task, label=label(item), cpu_ns=steps.cpu_ns)

    return watched
