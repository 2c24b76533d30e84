"""`ladder`: n units that are all in flight at the same time, each parked and doing nothing: how many can there be?

Every unit is begun in the clock, in the way of its model: a thread, a process, a task, a greenlet. It parks at a gate
that is opened `hold_s` after the last one has begun, so all n are open at once, whatever it took to begin them; the
oracle holds that against each unit's own stamps. With `connected` each unit has a live connection of its own and waits
for a byte from it. No model needs less time than `hold_s`; what it takes beyond is beginning and ending the units.

With a `task_limit` the worker first moves into a pids control group of its own, as containers have one, so that what
happens to a model under such a limit is seen and not guessed. Where that is not permitted there is no row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket, socketpair
from time import perf_counter_ns
from typing import Any

from bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Unsuited, Workload, WrongAnswer

Row = tuple[int, int, int]
"""(unit, began, ended), nanoseconds of the monotonic clock; the last row is (TOP, bytes before, bytes at the top)."""

TOP = -1
LEAST_UNITS = 100
"""With fewer units their memory cannot be told from that of the program around them."""

GROUPS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
"""Where pids control groups are made: version 1, version 2."""
OWN = "when-async-"


def resident_bytes() -> int:
    """Memory of this process and of its children; pages that several of them share count in parts. 0 if not known."""
    try:
        own = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        children = Path("/proc/thread-self/children").read_text(encoding="ascii").split()
        return int(own) * os.sysconf("SC_PAGE_SIZE") + sum(map(proportional_bytes, children))
    except (OSError, ValueError, IndexError):
        return 0


def proportional_bytes(pid: str) -> int:
    """Proportional memory of another process; 0 where it has gone."""
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return 0


def connection(params: Params) -> tuple[socket | None, socket | None]:
    """The two ends of a unit's connection, its own first; None where it is to have none."""
    return socketpair() if params["connected"] else (None, None)


def open_gate(far: Sequence[socket | None]) -> None:
    """Send each unit the byte it waits for."""
    for one in far:
        if one is not None:
            one.sendall(b"x")
            one.close()


def fallen(error: Exception, begun: int, params: Params) -> Unsuited:
    """What to say where the system gives no more threads or processes: how many there were, and the limit.

    The trial ends with it and its worker is killed, so the group of the limit has to be left here and now.
    """
    leave_group()
    limit = int(params["task_limit"])
    words = f"after {begun} of {params['n']} units" + (f", under pids.max {limit}" if limit else "")
    return Unsuited(f"{error} ({words})")


Program = Callable[[Sequence[int]], list[Row]]


def threads(kit: Kit, params: Params) -> Program:
    """A thread for each unit, let go and joined one by one: 10 000 at once would fight for the GIL for seconds."""
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


async def asyncio_tasks(kit: Kit, params: Params) -> Any:
    """A task for each unit, in one TaskGroup."""
    import asyncio

    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = asyncio.Event(), asyncio.Event()
        rows: list[Row] = []
        far = []
        left = len(items)

        def note() -> None:
            nonlocal left
            left -= 1
            if not left:
                full.set()

        async def listen(near: socket) -> None:
            reader, writer = await asyncio.open_connection(sock=near)
            note()
            await reader.read(1)
            writer.close()
            await writer.wait_closed()

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            if near is None:
                note()
                await gate.wait()
            else:
                await listen(near)
            rows.append((index, began_ns, perf_counter_ns()))

        async with asyncio.TaskGroup() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                group.create_task(unit(index, near))
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op


Listen = Callable[[socket, Callable[[], None]], Coroutine[Any, Any, None]]
"""Makes the library's connection of a socket, calls the function and waits for a byte."""


def in_group(library: Any, open_group: Callable[[], Any], listen: Listen, kit: Kit, params: Params) -> Any:
    """A task for each unit, in a nursery or task group."""
    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = library.Event(), library.Event()
        rows: list[Row] = []
        far = []
        left = len(items)

        def note() -> None:
            nonlocal left
            left -= 1
            if not left:
                full.set()

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            if near is None:
                note()
                await gate.wait()
            else:
                await listen(near, note)
            rows.append((index, began_ns, perf_counter_ns()))

        async with open_group() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                group.start_soon(unit, index, near)
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op


async def trio_tasks(kit: Kit, params: Params) -> Any:
    """A task for each unit, in one nursery of trio."""
    import trio

    async def listen(near: socket, note: Callable[[], None]) -> None:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(near)) as stream:
            note()
            await stream.receive_some(1)

    return in_group(trio, trio.open_nursery, listen, kit, params)


async def anyio_tasks(kit: Kit, params: Params) -> Any:
    """A task for each unit, in one task group of anyio."""
    import anyio
    from anyio.abc import UNIXSocketStream

    if params["connected"] and not hasattr(UNIXSocketStream, "from_socket"):
        raise Unsuited("this anyio makes no stream of a socket; 4.12 and newer do")

    async def listen(near: socket, note: Callable[[], None]) -> None:
        async with await UNIXSocketStream.from_socket(near) as stream:
            note()
            await stream.receive(1)

    return in_group(anyio, anyio.create_task_group, listen, kit, params)


async def curio_tasks(kit: Kit, params: Params) -> Any:
    """A task for each unit, in one task group of curio."""
    import curio
    from curio.io import Socket

    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = curio.Event(), curio.Event()
        rows: list[Row] = []
        far, begun = [], []

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            begun.append(index)
            if len(begun) == len(items):
                await full.set()
            if near is None:
                await gate.wait()
            else:
                async with Socket(near) as stream:
                    await stream.recv(1)
            rows.append((index, began_ns, perf_counter_ns()))

        async with curio.TaskGroup() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                await group.spawn(unit, index, near)
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            await gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op


JOINED: list[tuple[Path, Path]] = []
"""The group that this process has made and moved into, and the one that it came from."""


@contextmanager
def limited(params: Params) -> Iterator[None]:
    """Put this process and all that it starts under `task_limit` tasks; raises Unsuited where nobody may."""
    limit = int(params["task_limit"])
    refused = []
    for root in GROUPS if limit else ():
        try:
            join_group(root, limit)
            break
        except OSError as error:
            refused.append(f"{root}: {error.strerror}")
    if len(refused) == len(GROUPS):
        raise Unsuited(f"a limit of {limit} tasks cannot be set here ({'; '.join(refused)}); run it as root, on Linux")
    try:
        yield
    finally:
        leave_group()


def join_group(root: Path, limit: int) -> None:
    """Make a group with that limit and move this process into it; raises OSError where that is not permitted.

    Groups that killed workers left behind are removed first.
    """
    home = root / group_of_this_process(root).lstrip("/")
    for old in root.glob(f"{OWN}*"):
        if not Path("/proc", old.name.removeprefix(OWN)).exists():
            with suppress(OSError):
                old.rmdir()
    group = root / f"{OWN}{os.getpid()}"
    group.mkdir()
    try:
        # Without the pids controller the group has no such file, and none can be made in it.
        (group / "pids.max").write_text(str(limit), encoding="ascii")
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    except OSError:
        group.rmdir()
        raise
    JOINED.append((group, home))


def leave_group() -> None:
    """Go back and remove the group, if there is one; children that are still in it keep it until another is made."""
    while JOINED:
        group, home = JOINED.pop()
        (home / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        with suppress(OSError):
            group.rmdir()


def group_of_this_process(root: Path) -> str:
    """The group that this process is in, as the system names it below `root`; raises OSError where there is none."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == (root.name if root.name == "pids" else ""):
            return path
    raise FileNotFoundError(2, "no such control group")


def make_items(params: Params, seed: int) -> list[int]:
    """The numbers of the units; all are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """The units that ended; what one took of memory and of time to begin. All must have been open at once."""
    units, tops = [row for row in results if row[0] != TOP], [row for row in results if row[0] == TOP]
    if not units or len(tops) != 1:
        raise WrongAnswer(f"{len(units)} units and {len(tops)} tops were reported for {len(items)} units")
    first_ns, last_ns = min(row[1] for row in units), max(row[1] for row in units)
    ended_ns = min(row[2] for row in units)
    if ended_ns - last_ns < float(params["hold_s"]) * 1e9:
        raise WrongAnswer(
            f"not all units were open for {params['hold_s']} s: the first ended {(ended_ns - last_ns) / 1e9:.6f} s "
            "after the last began"
        )
    figures = {"creation_s": (last_ns - first_ns) / 1e9 / max(1, len(units) - 1)}
    _, before, top = tops[0]
    if before and top and len(units) >= LEAST_UNITS:
        figures["unit_bytes"] = (top - before) / len(units)
    return Observed(sorted(row[0] for row in units), figures)


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many units there were; raises WrongAnswer unless each came back once."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(items)} units were asked for, {len(results)} came back")
    for item, result in zip(items, results, strict=True):
        if result != item:
            raise WrongAnswer(f"unit {item} did not come back once: there is {result!r} in its place")
    return f"{len(results)} units were in flight at once"


def ideal_s(params: Params, in_flight: int) -> float:
    """The hold: beginning and ending a unit may cost nothing."""
    return float(params["hold_s"])


def point(n: int, hold_s: float = 0.05, task_limit: int = 0, connected: int = 0) -> Point:
    """One grid point; as many are in flight as there are units."""
    return Point(n, {"n": n, "hold_s": hold_s, "task_limit": task_limit, "connected": connected})


LADDER = Workload(
    name="ladder",
    summary="n idle units that are all in flight at once; shows what one more takes and how many there can be",
    bodies={
        "threading": threads,
        "gevent": greenlets,
        "multiprocessing": processes,
        "asyncio": asyncio_tasks,
        "trio": trio_tasks,
        "anyio": anyio_tasks,
        "curio": curio_tasks,
    },
    params=(
        Param("n", 1, 10_000_000, "how many units are in flight"),
        Param("hold_s", 0.0, 3600.0, "how long all of them stay in flight together"),
        Param("task_limit", 0, 4_000_000, "the most threads and processes that the worker may have; 0 sets no limit"),
        Param("connected", 0, 1, "whether each unit has a live connection of its own"),
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    prepare=limited,
    shape=Shape.PROGRAM,
    ideal_s=ideal_s,
    headline="overhead",
    figures=(
        Figure("creation_s", "first unit begun to last unit begun, per unit", "lower"),
        Figure(
            "unit_bytes", "resident memory with all units in flight beyond that before the first, per unit", "lower"
        ),
    ),
    grid={
        "smoke": (point(20, 0.002),),
        "quick": (point(1000),),
        # With ever more units until a limit is met; more take seconds, and `calibrate` goes up to those.
        "full": (
            point(1000),
            point(5000),
            point(1000, connected=1),
            point(600, task_limit=512),
            point(1100, task_limit=1024),
            point(4200, task_limit=4096),
        ),
    },
    learn=(
        "You learn how many idle units a model can have in flight, what beginning one costs, how much memory it keeps "
        "and which limit stops it; the kernel's own memory for a thread or a socket, and what working units need, "
        "are not counted."
    ),
)
