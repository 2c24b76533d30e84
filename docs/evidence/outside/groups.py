"""The comparisons, as they were written down before any of them was measured for the record.

A group is one outside script with its contestants, which take turns, and the place of ours that corresponds to it. A
comparison is two contestants of a group and the quantity by which they are held against each other; its ratio says how
many times as fast the first is as the second, above 1 where it is faster. None of them is left out afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RATE, CPU, TIME = "rate", "cpu", "time"
QUANTITIES: Mapping[str, str] = {
    RATE: "messages or requests a second",
    CPU: "CPU of the server a message",
    TIME: "time of a round",
}
KEPT, GIVEN_BACK = "kept", "given back"
HEAP: Mapping[str, str] = {KEPT: ",heap=1", GIVEN_BACK: ",heap=2"}
"""What a place of `echo_server` says of the allocator, by what free memory becomes there: kept by the process, or given
back to the system and fetched again, a page fault at a time."""


@dataclass(frozen=True)
class Contestant:
    """One contestant of a group.

    `kind` is how it is started (docs/evidence/outside/theirs.py) and `words` what it is started with; `place` and
    `ours` name it in a run of ours; `own_core` says whether either side binds it to one core.
    """

    name: str
    kind: str
    words: tuple[str, ...]
    place: str
    ours: str
    own_core: bool = True


@dataclass(frozen=True)
class Comparison:
    """The first contestant over the second; `cause` is what is known beforehand to make ours differ."""

    first: str
    second: str
    quantity: str
    cause: str = ""


@dataclass(frozen=True)
class Group:
    """One outside script; `runners` and `python` are what ours is started with, and `outside` the repository."""

    name: str
    outside: str
    script: str
    contestants: tuple[Contestant, ...]
    comparisons: tuple[Comparison, ...]
    runners: tuple[str, ...]
    python: str = ""
    rounds: int = 3

    @property
    def places(self) -> list[str]:
        """The places of ours, each once."""
        return list(dict.fromkeys(each.place for each in self.contestants))

    def contestant(self, name: str) -> Contestant:
        return next(each for each in self.contestants if each.name == name)


CLIENT_IS_THE_LIMIT = "both clients are Python on one core and keep it busy, so the rate shows them too; see CPU"
TOGETHER = (
    "our client is one process, so what it asks over several connections comes in together and shares a turn of the "
    "server's loop; theirs is a process a connection. With one connection there is no such difference"
)
OTHER_REGIME = (
    "seen when it was recorded, and not known beforehand: their script as it is kept its heap here, as its faults "
    "show, so these are two regimes"
)
STREAMS = "their handler of streams takes what has come and ours reads a message whole"
SOCKETS = "their server has bare sockets and room for a million bytes, ours trio's streams and room for a message"
ROOM = "their server has room for a million bytes, ours for a message"


PAIRS = (
    ("uvloop protocol", "asyncio protocol", TOGETHER),
    ("asyncio protocol", "asyncio streams", STREAMS),
    ("uvloop streams", "asyncio streams", STREAMS),
)


def uvloops(size: str, size_bytes: int, connections: int, heaps: tuple[str, ...]) -> Group:
    """uvloop's echoserver.py and echoclient.py, with asyncio's and uvloop's protocols and streams."""
    contestants = tuple(
        Contestant(
            f"{loop} {face}, heap {heap}",
            "uvloop",
            (heap, str(size_bytes), str(connections), *(["--uvloop"] if loop == "uvloop" else []), switch),
            f"echo_server:size={size},rate=0/s,n={6_000 * connections},c={connections}{HEAP[heap]}",
            f"{loop}/{face}",
        )
        for heap in heaps
        for loop in ("asyncio", "uvloop")
        for face, switch in (("protocol", "--proto"), ("streams", "--streams"))
    )
    comparisons = tuple(
        Comparison(f"{first}, heap {heap}", f"{second}, heap {heap}", by, _cause(heap, connections, by, known))
        for heap in heaps
        for first, second, known in PAIRS
        for by in (RATE, CPU)
    )
    name = f"echo {size}, {'one connection' if connections == 1 else f'{connections} connections'}"
    return Group(name, "uvloop", "examples/bench/echoserver.py", contestants, comparisons, ("asyncio", "uvloop"))


def _cause(heap: str, connections: int, quantity: str, known: str) -> str:
    """What is known of a comparison of echo servers."""
    if heap == GIVEN_BACK:
        return OTHER_REGIME
    if connections == 1:
        return known if known != TOGETHER else ""
    return CLIENT_IS_THE_LIMIT if quantity == RATE else known


def curios() -> Group:
    """curio's echo servers under uvloop's echoclient.py, which is curio's own client made to take options."""
    place = f"echo_server:size=1000B,rate=0/s,n=18000,c=3{HEAP[KEPT]}"
    contestants = tuple(
        Contestant(name, "curio", (KEPT, "1000", "3", script), place, ours, own_core)
        for name, script, ours, own_core in (
            ("asyncio streams", "asyncstream", "asyncio/streams", True),
            ("asyncio protocol", "asyncproto", "asyncio/protocol", True),
            ("curio", "curioecho", "curio", True),
            ("trio", "trioecho", "trio", True),
            ("gevent", "gevecho", "gevent", True),
            ("threads", "threadecho", "threading", False),
        )
    )
    others = {"asyncio protocol": STREAMS, "curio": ROOM, "trio": SOCKETS, "gevent": "", "threads": ""}
    comparisons = tuple(
        Comparison(other, "asyncio streams", quantity, cause)
        for other, cause in others.items()
        for quantity in (RATE, CPU)
    )
    runners = ("asyncio", "curio", "trio", "gevent", "threading")
    return Group("curio's echo", "curio", "examples/bench/*echo.py, asyncstream.py, asyncproto.py", contestants,
                 comparisons, runners)  # fmt: skip


TREES = ("none", "io", "memoization", "cpu_io_mixed")


def tree(kind: str) -> Group:
    """pyperformance's async_tree on Python 3.14: gather, TaskGroup and eager tasks, and for io gather on uvloop."""
    place = f"docs/evidence/outside/tree.py:kind={TREES.index(kind)},c=1"
    eager = "eager" if kind == "none" else f"eager_{kind}"
    faces = [
        ("gather", ("asyncio", kind), "asyncio/gather"),
        ("TaskGroup", ("asyncio", kind, "--task-groups"), "asyncio/task_group"),
        ("eager", ("asyncio", eager), "asyncio/eager"),
    ]
    compared = [Comparison("TaskGroup", "gather", TIME), Comparison("eager", "gather", TIME)]
    runners = ["asyncio"]
    if kind == "io":
        faces.append(("gather on uvloop", ("uvloop", kind), "uvloop/gather"))
        compared.append(Comparison("gather on uvloop", "gather", TIME))
        runners.append("uvloop")
    contestants = tuple(Contestant(name, "tree", words, place, ours) for name, words, ours in faces)
    script = "pyperformance/data-files/benchmarks/bm_async_tree/run_benchmark.py"
    return Group(f"async_tree {kind}", "pyperformance", script, contestants, tuple(compared), tuple(runners),
                 "3.14", 2)  # fmt: skip


def imap() -> Group:
    """pyperformance's concurrent_imap: a pool of two threads or processes is made, used for a moment and ended."""
    place = "docs/evidence/outside/imap.py"
    contestants = (
        Contestant("threads", "imap", ("1",), place, "threading/pool", False),
        Contestant("processes", "imap", ("0",), place, "multiprocessing/pool", False),
    )
    script = "pyperformance/data-files/benchmarks/bm_concurrent_imap/run_benchmark.py"
    compared = (Comparison("threads", "processes", TIME),)
    return Group("concurrent_imap", "pyperformance", script, contestants, compared, ("threading", "multiprocessing"))


def search() -> Group:
    """joblib's grid search of support vector machines: loky's processes, threads, one after another."""
    place = "docs/evidence/outside/svc.py"
    contestants = (
        Contestant("loky", "search", ("loky",), place, "joblib+loky/sklearn", False),
        Contestant("threads", "search", ("threading",), place, "threading/sklearn", False),
        Contestant("serial", "search", ("serial",), place, "sync/sklearn"),
    )
    compared = (
        Comparison("loky", "serial", TIME),
        Comparison("threads", "serial", TIME),
        Comparison("loky", "threads", TIME),
    )
    script = "benchmarks/bench_grid_search_scaling.py"
    return Group("grid search", "joblib", script, contestants, compared, ("sync", "threading", "joblib+loky"),
                 rounds=1)  # fmt: skip


def wrk() -> Group:
    """wrk and our generator before the same servers; only who asks and who counts is not ours."""
    place = "http_server:rate=0/s,wait=1ms,n=2000,c=10"
    contestants = tuple(
        Contestant(name, "wrk", (body,), place, body, own_core)
        for name, body, own_core in (
            ("aiohttp", "asyncio/aiohttp", True),
            ("aiohttp on uvloop", "uvloop/aiohttp", True),
            ("uvicorn", "asyncio/uvicorn", True),
            ("uvicorn on uvloop", "uvloop/uvicorn", True),
            ("waitress", "threading/waitress", False),
        )
    )
    compared = (
        Comparison("aiohttp on uvloop", "aiohttp", RATE),
        Comparison("uvicorn", "aiohttp", RATE),
        Comparison("uvicorn on uvloop", "uvicorn", RATE),
        Comparison("waitress", "aiohttp", RATE),
    )
    return Group("wrk", "", "wrk", contestants, compared, ("asyncio", "uvloop", "threading"))


GROUPS: tuple[Group, ...] = (
    uvloops("1000B", 1000, 3, (KEPT, GIVEN_BACK)),
    uvloops("10KiB", 10_240, 3, (KEPT,)),
    uvloops("1000B", 1000, 1, (KEPT,)),
    curios(),
    *map(tree, TREES),
    imap(),
    search(),
    wrk(),
)
