"""`anyio`: C tasks in a task group of anyio, on asyncio and on trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..model import Job, Runner
from .trio_ import GroupSession, Library, TrioThread, opened


def anyio_library() -> Library:
    import anyio
    import anyio.lowlevel

    return Library("anyio", anyio.Event, anyio.create_task_group, anyio.lowlevel.checkpoint, anyio.sleep)


def enter(runner: asyncio.Runner) -> Callable[..., Any]:
    """A way to run an async function with its arguments on the runner's loop."""

    async def call(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return await function(*arguments)

    return lambda function, *arguments: runner.run(call(function, *arguments))


@contextmanager
def open_on_asyncio(job: Job) -> Iterator[GroupSession]:
    library = anyio_library()
    with asyncio.Runner() as runner:
        call = enter(runner)
        with opened(job, library, call) as op:
            loop = runner.get_loop()
            yield GroupSession(library, call, op, job, f"{type(loop).__module__}.{type(loop).__qualname__}")


@contextmanager
def open_on_trio(job: Job) -> Iterator[GroupSession]:
    library = anyio_library()
    with TrioThread() as thread, opened(job, library, thread.call) as op:
        yield GroupSession(library, thread.call, op, job, "trio")


ANYIO = Runner(
    name="anyio",
    summary="C tasks in a task group of anyio on asyncio",
    family="trio",
    styles=("anyio", "asyncio", "async", "pure"),
    open=open_on_asyncio,
    program=open_on_asyncio,
    program_styles=("anyio",),
    requires=("anyio",),
    one_core=True,
)
ANYIO_TRIO = Runner(
    name="anyio+trio",
    summary="C tasks in a task group of anyio on trio",
    family="trio",
    styles=("anyio", "trio", "async", "pure"),
    open=open_on_trio,
    program=open_on_trio,
    program_styles=("anyio",),
    requires=("anyio", "trio"),
    one_core=True,
)
