"""`anyio`: C tasks in a task group of anyio, on asyncio and on trio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ..model import Job, Runner
from .asyncio_ import enter
from .trio_ import GroupSession, Library, TrioThread, open_session


def anyio_library() -> Library:
    import anyio
    import anyio.lowlevel

    return Library(anyio.Event, anyio.create_task_group, anyio.lowlevel.checkpoint, anyio.sleep)


@contextmanager
def open_on_asyncio(job: Job) -> Iterator[GroupSession]:
    with asyncio.Runner() as runner:
        loop = type(runner.get_loop())
        with open_session(job, anyio_library(), enter(runner), f"{loop.__module__}.{loop.__qualname__}") as session:
            yield session


@contextmanager
def open_on_trio(job: Job) -> Iterator[GroupSession]:
    with TrioThread() as thread, open_session(job, anyio_library(), thread.call, "trio") as session:
        yield session


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
