"""The nouns of the house: plain, frozen values that every room may import.

This module imports the standard library only, because it is loaded into the measured process.
Units are part of the field names: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes, `_per_s` a rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

SCHEMA_VERSION = 1
"""Version of the run file; a reader refuses a newer one rather than guess."""

Scalar = int | float | str
Params = Mapping[str, Scalar]


class Status(StrEnum):
    """What became of a cell; every cell that was asked for has exactly one."""

    OK = "OK"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    UNSUPPORTED = "UNSUPPORTED"


class Phase(StrEnum):
    """Whether a round is analysed (MEASURE) or only recorded (WARMUP)."""

    WARMUP = "warmup"
    MEASURE = "measure"


class Shape(StrEnum):
    """How the work of a workload hangs together: independent ops, or a program with a structure of its own."""

    MAP = "map"
    PROGRAM = "program"


class Unsuited(Exception):
    """Raised by a workload where this machine cannot give what is asked; the row is UNSUPPORTED with this reason."""


class WrongAnswer(Exception):
    """Raised by an oracle when the work that came back is not the work that was asked for."""


def unit_of(name: str) -> tuple[str, str]:
    """The suffix of a name that carries its unit, and the unit; both empty for a count or a ratio."""
    suffixes = (("_per_s", "/s"), ("_s", "s"), ("_bytes", "bytes"))
    return next((found for found in suffixes if name.endswith(found[0])), ("", ""))


@dataclass(frozen=True)
class Param:
    """One knob of a workload: its unit and the range in which it makes sense.

    `name` carries the unit (`wait_s`, `body_bytes`) and `label` is the short form that ids show
    (`wait=10ms`); a count has no unit suffix. `rate_per_s` is a rate, which ids show as `rate=2000/s`.
    """

    name: str
    low: float
    high: float
    help: str

    @property
    def unit(self) -> str:
        """`s`, `bytes`, `/s`, or the empty string for a count."""
        return unit_of(self.name)[1]

    @property
    def label(self) -> str:
        """The name without its unit, as ids show it."""
        return self.name.removesuffix(unit_of(self.name)[0])


@dataclass(frozen=True)
class Point:
    """One point of a workload's grid: its parameters and the number of ops in flight."""

    concurrency: int
    params: Params


@dataclass(frozen=True)
class Service:
    """A helper process outside the measured one, such as the HTTP server that clients talk to.

    `module` is started by the parent as `python -m module`, prints one JSON line with its `address`,
    answers each `stats` line on its standard input with one JSON line of counts since the last one,
    and ends when its standard input closes. Where the machine has not what it takes, the line has `absent` with the
    reason in place of `address`, and the cells are UNSUPPORTED. `load_module` is started as
    `python -m load_module ADDRESS PARAMS_JSON` (the parameters and `concurrency`) and prints one JSON line with
    `capacity_per_s`: what the service can take at that concurrency when nothing but the service is the limit.
    `expect(params, concurrency, stats)` returns a complaint when the service saw other work than was asked for.
    """

    name: str
    module: str
    requires: tuple[str, ...] = ()
    load_module: str | None = None
    expect: Callable[[Params, int, Mapping[str, Any]], str | None] | None = None


@dataclass(frozen=True)
class Figure:
    """A number that a workload reports of each round beside the common ones.

    `name` carries the unit (`first_result_s`, `delivered_per_s`); a count or a ratio has none. `better` is `lower`,
    `higher` or empty where neither end is good.
    """

    name: str
    help: str
    better: str = ""


@dataclass(frozen=True)
class Observed:
    """What a round's results say, taken apart: what must be equal everywhere, and what was seen on the way.

    `results` go to the oracle and into the digest, so they hold no time and nothing of the order of happening.
    `figures` has a value for each of the workload's `figures` that this round can tell. `latencies_ns` are whole
    nanoseconds, one entry for each thing that waited.
    """

    results: Sequence[Any]
    figures: Mapping[str, float] = field(default_factory=dict)
    latencies_ns: Sequence[int] = ()


class Kit(Protocol):
    """What a body may use: native primitives, bound once, never wrapped (method.md, R9).

    `sleep` is the runner's own: `time.sleep`, `asyncio.sleep`, `trio.sleep`. `in_flight` is how many ops
    the execution context that opened the body serves at once: the whole concurrency on an event loop, 1 in
    a thread or process; for a program it is the concurrency that was asked for, whatever the model. `address` is
    where the workload's service listens, or None.
    """

    in_flight: int
    address: str | None

    @property
    def sleep(self) -> Callable[[float], Any]:
        """Wait so many seconds, in the runner's own way."""

    def enter(self, resource: Any) -> Any:
        """Enter a context manager that is closed with the body's execution context.

        On an event loop an asynchronous context manager is accepted and the result must be awaited.
        """


Body = Callable[[Kit, Params], Any]
"""Opened once per execution context (a loop, a thread, a process); returns the op.

An `async` body is an `async def` that returns an `async def op(item)`; the others are plain functions.
"""


@dataclass(frozen=True)
class Workload:
    """A piece of verified work that any runner can be asked to do.

    `bodies` maps a style (`blocking`, `async`, `pure`, or a runner's own name for an idiomatic override),
    optionally followed by `/library`, to a Body; the library is an importable module's name and shows in
    every table, so that the model and the client library are never confounded. `make_items(params, seed)`
    gives one item per op. `check(params, items, results)` is the oracle: it raises WrongAnswer or returns
    the answer in a few words. `ideal_s(params, in_flight)` is the least makespan that arithmetic allows.
    `grid` names the points of each profile. `headline` is `throughput`, `overhead`
    or, where a schedule sets the throughput, `cpu`.

    With the shape PROGRAM the body's op is called once a round, with all items, and returns one result for each; it
    starts what it needs itself, in the runner's own way, so its bodies are keyed by runners' names. `observe(params,
    items, results)` takes the results apart before they are judged. `faces` are words after the slash of a body's key
    that are ways to write it and no module to import, each with what it is.
    """

    name: str
    summary: str
    bodies: Mapping[str, Body]
    params: tuple[Param, ...]
    make_items: Callable[[Params, int], Sequence[Any]]
    check: Callable[[Params, Sequence[Any], Sequence[Any]], str]
    grid: Mapping[str, tuple[Point, ...]]
    ideal_s: Callable[[Params, int], float] | None = None
    service: Service | None = None
    headline: str = "throughput"
    calibration: bool = False
    """Says that it measures the instrument and not a model, and so comes last."""
    learn: str = ""
    """One sentence for the page: what a reader can learn from this workload and what not."""
    shape: Shape = Shape.MAP
    figures: tuple[Figure, ...] = ()
    latency: str = ""
    """What the latencies are of, `put to get`; empty where the workload observes none."""
    observe: Callable[[Params, Sequence[Any], Sequence[Any]], Observed] | None = None
    faces: Mapping[str, str] = field(default_factory=dict)
    bounds: Callable[[Params, int], Mapping[str, float]] | None = None
    """Named makespans in seconds that arithmetic gives (params, concurrency); drawn beside what was measured."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables set for its workers, such as the number of threads of a numerical library."""
    core: bool = False
    """One of the few that `-m core` keeps to."""
    threaded: tuple[str, ...] = ()
    """Client libraries that work in threads of their own: with them no runner is a model of one thread."""
    timeline: bool = False
    """Whether a run also draws a round of it as a timeline, for what matters is the order of events."""
    prepare: Callable[[Params], AbstractContextManager[None]] | None = None
    """Entered in the worker before the runner opens anything and left after all is closed; may raise Unsuited."""


@dataclass(frozen=True)
class Usage:
    """Resources used up to a moment by one process: CPU seconds, switches, peak resident bytes."""

    cpu_user_s: float = 0.0
    cpu_system_s: float = 0.0
    switches_voluntary: int = 0
    switches_involuntary: int = 0
    peak_rss_bytes: int = 0


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


@dataclass(frozen=True)
class Environment:
    """An interpreter, the libraries beside it and the source tree it imports from, in which a worker can run.

    `label` is short and shows in ids (`3.13t`, `3.14+uvloop==0.22.1`); `executable` starts it; `modules` maps an
    importable module or pinned package to its version, or to None where it is missing; `reasons` says in words why
    one is missing. `pins` are the packages that were asked for by version. `source` is the short hash of a commit or
    the name of a folder, empty for the when-async that runs this; `path` is what its workers import from, empty for
    our own packages, and never written down, for it is of this machine.
    """

    label: str
    executable: str
    implementation: str
    version: str
    gil: bool
    modules: Mapping[str, str | None] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    default: bool = True
    pins: tuple[str, ...] = ()
    source: str = ""
    path: tuple[str, ...] = ()

    @property
    def python(self) -> tuple[int, int]:
        """(major, minor) of the interpreter."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def key(self) -> str:
        """Says what may be compared: implementation, version, GIL."""
        return f"{self.implementation}-{self.version}-{'gil' if self.gil else 'nogil'}"

    def difference(self, other: Environment) -> list[str]:
        """In what the two differ, own value first: `Python 3.13.5 vs 3.14.0`, `aiohttp 3.13.2 vs 3.14.1`."""
        found: list[tuple[str, str, str]] = [
            ("implementation", self.implementation, other.implementation),
            ("Python", self.version, other.version),
            ("GIL", "on" if self.gil else "off", "on" if other.gil else "off"),
            ("source", self.source or "own", other.source or "own"),
        ]
        found += [
            (module, self.modules.get(module) or "missing", other.modules.get(module) or "missing")
            for module in sorted({*self.modules, *other.modules})
        ]
        words = [f"{what} {mine} vs {theirs}" for what, mine, theirs in found if mine != theirs]
        if self.source == other.source and self.path != other.path:
            words.append(f"source {self.source} of two folders")
        return words


@dataclass(frozen=True)
class Cell:
    """One entry of the matrix: workload x parameters x concurrency x contestant x interpreter."""

    workload: str
    params: Params
    concurrency: int
    runner: str
    library: str
    """The client library of the body, or the way it is written; empty where there is no choice."""
    python: str
    """The label of the environment."""
    comparison: str
    """`workload[wait=10ms,n=100,c=10]`: cells with the same text do equal work."""
    body_key: str = ""
    reference: bool = False
    family: str = ""
    one_core: bool = False
    face: bool = False
    """Whether `library` names a way to write the body, and no module."""

    @property
    def contestant(self) -> str:
        """`threading/requests`: the runner, and its client library where there is a choice."""
        return f"{self.runner}/{self.library}" if self.library else self.runner

    @property
    def id(self) -> str:
        """`sleep[wait=10ms,n=100,c=10]-asyncio@3.13`: unique in a run and stable between runs."""
        return f"{self.comparison}-{self.contestant}@{self.python}"


@dataclass(frozen=True)
class Sample:
    """One timed round of one cell in one fork, checked by the oracle.

    CPU, switches and memory include pool children. `stall_max_s` is the longest gap between event-loop
    heartbeats beyond their period, or None where there is no loop. `service` holds what the helper process
    counted during the round, `noise` what the machine did meanwhile.
    """

    cell: str
    fork: int
    block: int
    round: int
    attempt: int
    """0, or how many times this fork had been restarted by `--resume`."""
    phase: Phase
    position: int
    """Place in the shuffled block, from 0."""
    pid: int
    start_ns: int
    makespan_s: float
    cpu_user_s: float
    cpu_system_s: float
    switches_voluntary: int
    switches_involuntary: int
    peak_rss_bytes: int
    gc_collections: int
    stall_max_s: float | None
    ops_ok: int
    ops_failed: int
    peak_in_flight: int | None
    """Ops seen open at once in an instrumented warm-up round; None in a measured one."""
    digest: str
    answer: str
    affinity: tuple[int, ...]
    service: Mapping[str, Any] = field(default_factory=dict)
    noise: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the workload reports beside the common figures, by name."""
    latency: str = ""
    """An HdrHistogram of nanoseconds as its own compressed text; empty where the workload observes none."""

    def __post_init__(self) -> None:
        if self.makespan_s <= 0:
            raise ValueError(f"makespan_s must be above 0, got {self.makespan_s}")
        if self.ops_ok < 0 or self.ops_failed < 0:
            raise ValueError("op counts cannot be negative")

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What may occur once in a run: (cell, fork, phase, round)."""
        return (self.cell, self.fork, str(self.phase), self.round)


@dataclass(frozen=True)
class Pair:
    """Two fresh live processes, base and head, that took turns round by round on the same cores (method.md, R6a).

    It is the gate's unit of replication. `cell` is a cell's id without its environment. `series` is `first`, `fresh`
    (the confirmation) or the name of a control. `rounds` holds, for each metric (`wall` and `cpu`, in seconds), the
    values of base and of head in order of the rounds, so that equal places are neighbours in time. `seconds` is the
    machine time of the pair with its launches; `ops` is the number of ops of a round.
    """

    cell: str
    series: str
    index: int
    head_first: bool
    cores: tuple[int, ...]
    ops: int
    digest: str
    start_ns: int
    seconds: float
    rounds: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    noise: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """All rounds of one cell in one fork, seen as a process: its birth, death and attestation.

    `launch_s` is process start and imports, `startup_s` pool or loop creation with priming, `teardown_s`
    their end; none of them is part of any makespan. `pss_bytes` is proportional memory with children.
    """

    cell: str
    fork: int
    attempt: int
    launch_s: float
    startup_s: float
    teardown_s: float | None
    pss_bytes: int | None
    attestation: Mapping[str, Any]
    facts: Mapping[str, Scalar]


@dataclass(frozen=True)
class Measurement:
    """The last word on one cell: its status and, unless it is OK, the reason in a sentence."""

    cell: str
    status: Status
    reason: str = ""
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A number fit to publish: a point with its interval, unit and sample size.

    `n` counts processes (forks), never rounds. An interval that n cannot support is refused.
    """

    point: float
    low: float
    high: float
    unit: str
    n: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not self.low <= self.point <= self.high:
            raise ValueError(f"interval [{self.low}, {self.high}] does not hold the point {self.point}")
        if self.n < 2:
            raise ValueError("an interval needs at least 2 processes")


@dataclass(frozen=True)
class Lane:
    """A thread, or a task or greenlet in one; `name` is short and no other lane has it."""

    pid: int
    thread: int
    task: str
    name: str


@dataclass(frozen=True)
class Span:
    """An op or a wait on a lane, in seconds since the round began.

    `cpu_s` is the CPU time that an op used by itself, without what its thread did for others while it waited. Waits are
    those that go through the kit and those for which a task or greenlet leaves its thread to others.
    """

    lane: int
    kind: str
    start_s: float
    end_s: float
    label: str = ""
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Timeline:
    """What was seen of one round. `noun` is what a lane is: task, greenlet, thread or process."""

    cell: str
    comparison: str
    contestant: str
    family: str
    python: str
    noun: str
    program: bool
    makespan_s: float
    lanes: tuple[Lane, ...]
    spans: tuple[Span, ...]

    def of(self, kind: str) -> list[Span]:
        """The ops, or the waits."""
        return [span for span in self.spans if span.kind == kind]


def to_json(kind: str, value: Any) -> dict[str, Any]:
    """Turn a dataclass of this module into a flat object for one journal line."""
    return {"kind": kind, **asdict(value)}


def from_json(cls: type[Any], data: Mapping[str, Any]) -> Any:
    """Build `cls` from a journal line; fields it does not know are left out, so old readers keep working."""
    known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
    if cls is Sample:
        known["phase"] = Phase(known["phase"])
        known["affinity"] = tuple(known["affinity"])
    if cls is Timeline:
        known["lanes"] = tuple(Lane(**lane) for lane in known["lanes"])
        known["spans"] = tuple(Span(**span) for span in known["spans"])
    if cls is Measurement:
        known["status"] = Status(known["status"])
        known["advice"] = tuple(known.get("advice", ()))
    return cls(**known)
