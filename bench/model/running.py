"""How it is run: a runner, its sessions and rounds, and what was used meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import checks
from .words import Params, Scalar
from .work import Body, Workload

SELECTS = re.compile(r"[\[\],=/@*?]")
"""What ids have around a runner's name, `sleep[n=1]-asyncio/aiohttp@3.14`, and patterns in it."""


@dataclass(frozen=True)
class Usage:
    """Resources used by one process: up to a moment, or in a round; each is a field of a Sample of the same name."""

    cpu_user_s: float = 0.0
    cpu_system_s: float = 0.0
    switches_voluntary: int = 0
    switches_involuntary: int = 0
    peak_rss_bytes: int = 0
    page_faults: int = 0
    """Pages that were mapped in without a read from disk, which `getrusage` calls minor faults."""


@dataclass(frozen=True)
class Course:
    """How the ops of an instrumented round went.

    `finished` came to a result. The first began at `first_ns` and the last ended at `last_ns`, by the clock of the
    stamps. `filled_s` after the first one began as many were open as ever were, and so many were open `fills` times.
    `given` sums up which items they were given. `alive` is the most threads that there were; 0 where nobody looked.
    """

    finished: int
    first_ns: int
    last_ns: int
    filled_s: float
    fills: int
    given: int
    alive: int = 0


@dataclass(frozen=True)
class Proof:
    """What an instrumented warm-up round saw: who ran ops, how many were open at once, and how they went."""

    started: int
    peak_in_flight: int
    threads: int
    processes: int
    course: Course | None = field(default=None, compare=False)


@dataclass
class Round:
    """What a session hands back for one timed execution of all ops; stamps from one monotonic clock.

    `used` and `gc_collections` belong to the session's own process between the two stamps; `children` is what each
    process below it used meanwhile, by process id.
    """

    start_ns: int
    end_ns: int
    results: list[Any]
    failures: list[tuple[int, str]]
    used: Usage
    gc_collections: int
    stall_max_s: float | None = None
    children: Mapping[int, Usage] = field(default_factory=dict)
    proof: Proof | None = None

    @property
    def makespan_s(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9


class Session(Protocol):
    """A primed runner: a pool or loop that is ready to execute rounds."""

    facts: Mapping[str, Scalar]
    """Attested by the session itself: workers, loop class, start method, chunk size."""

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        """Execute one op per item; with `prove` the ops are counted, which costs time."""


@dataclass(frozen=True)
class Job:
    """All that a runner needs to open a session: the body to run and how many ops in flight."""

    workload: Workload
    body_key: str
    params: Params
    concurrency: int
    address: str | None = None
    workload_ref: str = ""
    """Where a pool child finds the workload again: a module's name or a file's path."""
    extra_loops: int | None = None
    """Turns of an empty loop added to each op, for showing the gate a known slow-down; None adds nothing at all."""
    within: int | None = None
    """What a program may have in flight inside its one op; None for independent ops, whose number is `concurrency`."""
    trace: str = ""
    """A file in which ops and waits write down when they began and ended; empty in everything that is timed."""

    @property
    def body(self) -> Body:
        return self.workload.bodies[self.body_key]

    @property
    def style(self) -> str:
        """The style of the body without its library."""
        return self.body_key.partition("/")[0]

    @property
    def awaits(self) -> bool:
        """Whether its op is awaited on an event loop, and not called in a thread."""
        return self.style not in ("pure", "blocking")


@dataclass(frozen=True)
class Runner:
    """A concurrency model in its best idiomatic form.

    `styles` lists the bodies it can run, most specific first. `requires` are importable modules, which the
    runner imports inside `open` and never at module level. `family` gives the colour. `one_core` says that
    it uses one thread by nature and so may share a pinned core with its like (method.md, R6a). `serial`
    means one op in flight whatever the concurrency asked for. `limit()` returns the highest concurrency this
    machine can give it and the reason, or None. `timer_resolution_s` is by how much its sleep may be early.
    """

    name: str
    summary: str
    family: str
    styles: tuple[str, ...]
    open: Callable[[Job], AbstractContextManager[Session]]
    requires: tuple[str, ...] = ()
    minimum_python: tuple[int, int] = (3, 11)
    one_core: bool = False
    serial: bool = False
    limit: Callable[[], tuple[int, str]] | None = None
    timer_resolution_s: float = 0.0
    holds_back: Callable[[], int] | None = None
    """The most ops that its model lets run at once whatever is asked for, where it is there to show just that."""
    core: bool = False
    """One of the few that a run takes when none is named; the others are asked for by name, `family:` or `all`."""
    newest_python: tuple[int, int] | None = None
    newest_why: str = ""
    """What stops it on a newer Python, in words that follow a name: `1.6 uses asyncore, which 3.12 removed`."""
    prepare: Callable[[], None] | None = None
    """Called first of all in its worker, before the workload and the client library are imported."""
    program: Callable[[Job], AbstractContextManager[Session]] | None = None
    """Opens a session for a PROGRAM; None for a runner that only hands out ops."""
    program_styles: tuple[str, ...] = ()
    """The bodies of a PROGRAM that are written for it, where `styles` has others whose programs would not use it."""

    def __post_init__(self) -> None:
        """Refuse a field that cannot be as it is, before anything trips over it; raises FieldError."""
        checks.name("the name of a runner", self.name, SELECTS, "[ ] , = / @ * ?")
        if self.name in ("core", "all") or self.name.startswith("family:") or self.name.endswith(".py"):
            raise checks.refuse("the name of a runner", "none that stands for several or for a file", self.name)
        of = f"of {self.name}"
        for name in ("summary", "newest_why"):
            checks.line(f"{name} {of}", getattr(self, name))
        checks.name(f"family {of}", self.family)
        for name in ("styles", "requires", "program_styles"):
            checks.words(f"{name} {of}", getattr(self, name))
        if not self.styles:
            raise checks.FieldError(f"styles {of} must have a word at least, such as ('blocking', 'pure')")
        checks.called(f"open {of}", self.open, "job")
        checks.called(f"program {of}", self.program, "job", optional=True)
        checks.called(f"limit {of}", self.limit, "", optional=True)
        checks.called(f"prepare {of}", self.prepare, "", optional=True)
        checks.version(f"minimum_python {of}", self.minimum_python)
        checks.version(f"newest_python {of}", self.newest_python, optional=True)
        for name in ("one_core", "serial", "core"):
            checks.flag(f"{name} {of}", getattr(self, name))
        checks.number(f"timer_resolution_s {of}", self.timer_resolution_s, 0)
