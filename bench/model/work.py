"""What is measured: a workload with its parameters, points, helper, figures and bodies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

from . import checks
from .words import Params, Shape, unit_of

T = TypeVar("T")
MOST_IN_FLIGHT = 1_000_000
HEADLINES = ("throughput", "overhead", "cpu")


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

    def __post_init__(self) -> None:
        """Refuse what is no range of numbers under a name; raises FieldError."""
        checks.key("the name of a Param", self.name)
        of = f"of Param {self.name}"
        checks.number(f"low {of}", self.low)
        checks.number(f"high {of}", self.high, self.low)
        checks.line(f"help {of}", self.help)

    def check(self, field: str, value: object) -> None:
        """Refuse a value that cannot be of this parameter; raises FieldError."""
        # As it is read from the command line: what has no unit and begins with a whole number is counted.
        counted = self.unit != "s" and not isinstance(self.low, float)
        whole = isinstance(value, int) or not counted
        if isinstance(value, bool) or not isinstance(value, int | float) or not whole:
            raise checks.refuse(field, "a whole number" if counted else "a number", value)
        if not self.low <= value <= self.high:
            raise checks.refuse(field, f"from {self.low:g} to {self.high:g}", value)

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

    def __post_init__(self) -> None:
        """Refuse what is no number of ops in flight; raises FieldError."""
        checks.whole("concurrency of a Point", self.concurrency, 1, MOST_IN_FLIGHT)
        checks.mapping("params of a Point", self.params, "parameters and their values")


@dataclass(frozen=True)
class Service:
    """A helper process outside the measured one, such as the HTTP server that clients talk to.

    `module` is started by the parent as `python -m module`, prints one JSON line with its `address`,
    answers each `stats` line on its standard input with one JSON line of counts since the last one,
    and ends when its standard input closes. Where the machine has not what it takes, the line has `absent` with the
    reason in place of `address`, and the cells are UNSUPPORTED. `load_module` is started as
    `python -m load_module ADDRESS PARAMS_JSON` (the parameters and `concurrency`) and prints one JSON line with
    `capacity_per_s`: what the service can take at that concurrency when nothing but the service is the limit; or, as
    above, `absent`.
    `expect(params, concurrency, stats)` returns a complaint when the service saw other work than was asked for.
    """

    name: str
    module: str
    requires: tuple[str, ...] = ()
    load_module: str | None = None
    expect: Callable[[Params, int, Mapping[str, Any]], str | None] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be started; raises FieldError."""
        checks.name("the name of a Service", self.name)
        of = f"of Service {self.name}"
        checks.name(f"module {of}", self.module)
        checks.words(f"requires {of}", self.requires)
        if self.load_module is not None:
            checks.name(f"load_module {of}", self.load_module)
        checks.called(f"expect {of}", self.expect, "params, concurrency, stats", optional=True)


@dataclass(frozen=True)
class Figure:
    """A number that a workload reports of each round beside the common ones.

    `name` carries the unit (`first_result_s`, `delivered_per_s`); a count or a ratio has none. `better` is `lower`,
    `higher` or empty where neither end is good.
    """

    name: str
    help: str
    better: str = ""

    def __post_init__(self) -> None:
        """Refuse what no column can be called; raises FieldError."""
        checks.key("the name of a Figure", self.name)
        checks.line(f"help of Figure {self.name}", self.help)
        checks.one_of(f"better of Figure {self.name}", self.better, ("lower", "higher", ""))


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

    @overload
    def enter(self, resource: AbstractAsyncContextManager[T]) -> Awaitable[T]: ...

    @overload
    def enter(self, resource: AbstractContextManager[T]) -> T: ...

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
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a word after the slash the modules that it takes beside one of its own name, of which a face has none."""
    refuses: Callable[[Params, str], str | None] | None = None
    """Why a body, by its key, has no part at a point (params, body_key), None where it has; a plan asks it."""
    threaded: tuple[str, ...] = ()
    """Client libraries that work in threads of their own: with them no runner is a model of one thread."""
    prepare: Callable[[Params], AbstractContextManager[None]] | None = None
    """Entered in the worker before the runner opens anything and left after all is closed; may raise Unsuited."""

    def __post_init__(self) -> None:
        """Refuse a field that cannot be as it is, before anything trips over it; raises FieldError."""
        checks.name("the name of a workload", self.name)
        if self.name == "core" or self.name.endswith(".py"):
            raise checks.refuse("the name of a workload", "none that stands for several or for a file", self.name)
        of = f"of {self.name}"
        self._check_words(of)
        for key, body in checks.mapping(f"bodies {of}", self.bodies, "styles and functions").items():
            checks.name(f"a style in bodies {of}", key)
            if key.startswith("/") or key.endswith("/"):
                raise checks.refuse(f"a style in bodies {of}", "a word, or like blocking/requests", key)
            checks.called(f"bodies[{key!r}] {of}", body, "kit, params")
        if not self.bodies:
            raise checks.FieldError(f"bodies {of} must have a function at least, such as {{'pure': pure}}")
        checks.called(f"make_items {of}", self.make_items, "params, seed")
        checks.called(f"check {of}", self.check, "params, items, results")
        checks.called(f"observe {of}", self.observe, "params, items, results", optional=True)
        checks.called(f"ideal_s {of}", self.ideal_s, "params, in_flight", optional=True)
        checks.called(f"bounds {of}", self.bounds, "params, concurrency", optional=True)
        checks.called(f"prepare {of}", self.prepare, "params", optional=True)
        checks.called(f"refuses {of}", self.refuses, "params, body_key", optional=True)
        self._check_points(of)

    def _check_words(self, of: str) -> None:
        for name in ("summary", "learn", "latency"):
            checks.line(f"{name} {of}", getattr(self, name))
        for name in ("calibration", "core"):
            checks.flag(f"{name} {of}", getattr(self, name))
        checks.one_of(f"headline {of}", self.headline, HEADLINES)
        if not isinstance(self.shape, Shape):
            raise checks.refuse(f"shape {of}", "Shape.MAP or Shape.PROGRAM", self.shape)
        if self.service is not None and not isinstance(self.service, Service):
            raise checks.refuse(f"service {of}", "a Service or None", self.service)
        checks.several(f"figures {of}", self.figures, Figure)
        checks.apart(f"figures {of}", (figure.name for figure in self.figures))
        checks.words(f"threaded {of}", self.threaded)
        for face, text in checks.mapping(f"faces {of}", self.faces, "words and what they are").items():
            checks.name(f"a word in faces {of}", face)
            checks.line(f"faces[{face!r}] {of}", text)
        for word, modules in checks.mapping(f"needs {of}", self.needs, "words and tuples of modules").items():
            checks.words(f"needs[{word!r}] {of}", modules)
        for name, value in checks.mapping(f"environ {of}", self.environ, "variables and their texts").items():
            checks.key(f"a variable in environ {of}", name)
            if not isinstance(value, str) or "\0" in value:
                raise checks.refuse(f"environ[{name!r}] {of}", "a text", value)

    def _check_points(self, of: str) -> None:
        checks.several(f"params {of}", self.params, Param)
        # Ids show labels, and the concurrency behind them as c.
        checks.apart(f"params {of} and the concurrency", (*(param.label for param in self.params), "c"))
        known = {param.name: param for param in self.params}
        for profile, points in checks.mapping(f"grid {of}", self.grid, "profiles and tuples of Point").items():
            checks.name(f"a profile in grid {of}", profile)
            checks.several(f"grid[{profile!r}] {of}", points, Point)
            for point in points:
                if point.params.keys() != known.keys():
                    have, wanted = (", ".join(map(str, each)) or "none" for each in (point.params, known))
                    raise checks.FieldError(
                        f"a Point in grid[{profile!r}] {of} must give each of the params a value and no other: "
                        f"it gives {have}, and they are {wanted}"
                    )
                for name, param in known.items():
                    param.check(f"{name} of a Point in grid[{profile!r}] {of}", point.params[name])
