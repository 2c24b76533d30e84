"""What one more of each costs: a call, a task, a thread, a process, an interpreter.

A spawned child imports this module to find its target, so nothing is imported at the top that it could do without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from time import perf_counter_ns

from . import Absent, Reading, each_s, fewer, per_turn_s, reading

COST = "cost of one"


def costs(share: float) -> Iterator[Reading]:
    """Median cost of one of each, from its creation to its end, with nothing to do in between."""
    yield reading("function call", COST, lambda: per_turn_s(nothing, turns=500, batches=fewer(100, share)))
    yield reading("asyncio task, create and await", COST, lambda: task_s(fewer(30, share)))
    yield reading("thread, start and join", COST, lambda: thread_s(fewer(200, share)))
    yield reading("process by fork, start and join", COST, lambda: process_s("fork", fewer(15, share)))
    yield reading("process by spawn, start and join", COST, lambda: process_s("spawn", fewer(4, share, 2)))
    yield reading("interpreter, create, run and close", COST, lambda: interpreter_s(fewer(15, share)))


def nothing() -> None:
    """The work of every one of them."""


def task_s(batches: int, tasks: int = 200) -> float:
    """Seconds for creating a task and awaiting it, on a loop that has nothing else to do."""
    import asyncio
    from statistics import median

    async def empty() -> None:
        return None

    async def main() -> float:
        loop = asyncio.get_running_loop()
        taken = []
        for _ in range(batches + 1):
            start = perf_counter_ns()
            for _ in range(tasks):
                await loop.create_task(empty())
            taken.append((perf_counter_ns() - start) / tasks)
        return median(taken[1:]) / 1e9

    return asyncio.run(main())


def thread_s(repeats: int) -> float:
    import threading

    def one() -> None:
        thread = threading.Thread(target=nothing)
        thread.start()
        thread.join()

    return each_s(one, repeats=repeats, warmups=5)


def process_s(method: str, repeats: int) -> float:
    """Seconds for a bare child of multiprocessing; the first one also starts its helpers and is not counted."""
    import multiprocessing

    if method not in multiprocessing.get_all_start_methods():
        raise Absent(f"this system cannot {method}")
    context = multiprocessing.get_context(method)

    def one() -> None:
        child = context.Process(target=nothing)  # type: ignore[attr-defined]
        child.start()
        child.join()
        if child.exitcode:
            raise RuntimeError(f"a child by {method} ended with {child.exitcode}")

    return each_s(one, repeats=repeats)


def interpreter_s(repeats: int) -> float:
    """Seconds for an interpreter with a GIL of its own (PEP 684); Absent where this Python has none."""
    one = interpreter_maker()
    return each_s(one, repeats=repeats, warmups=2)


def interpreter_maker() -> Callable[[], None]:
    """Makes, uses and closes an interpreter by the newest interface that this Python has."""
    if sys.implementation.name != "cpython":
        raise Absent(f"not on this Python: {sys.implementation.name} has no interpreters with an own GIL")
    if sys.version_info < (3, 12):
        raise Absent("not on this Python: interpreters with an own GIL came with 3.12")
    if sys.version_info >= (3, 14):
        return _public()
    if sys.version_info >= (3, 13):
        return _private("_interpreters", "isolated", "exec")
    return _private("_xxsubinterpreters", None, "run_string")


def _public() -> Callable[[], None]:
    from concurrent import interpreters  # type: ignore[attr-defined,unused-ignore]

    def one() -> None:
        interpreter = interpreters.create()
        interpreter.exec("pass")
        interpreter.close()

    return one


def _private(name: str, config: str | None, verb: str) -> Callable[[], None]:
    """The module below the public interface, before there was one."""
    import importlib

    try:
        module = importlib.import_module(name)
    except ImportError:
        raise Absent(f"not on this Python: it was built without {name}") from None

    def one() -> None:
        # 3.12 takes no name of a configuration; isolated, with a GIL of its own, is what it makes by default.
        made = module.create() if config is None else module.create(config)
        getattr(module, verb)(made, "pass")
        module.destroy(made)

    return one
