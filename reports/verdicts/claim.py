"""What a claim is: a statement of the notes in our words, what is read off the cells, and a bound fixed beforehand.

A claim is taken apart into parts. Each reads one quantity at one place of the grid and holds it against its bound. The
verdict follows from where the intervals lie and from nothing else (reports.verdicts); no text of it is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isclose
from typing import Protocol

from when_async.bench.model import Estimate
from when_async.results.cells.rule import Series

from .. import words
from .crowding import crowded
from .lookup import Hole, Lookup, Outcome

REAL_PYTHON = "https://realpython.com/async-io-python/"


SECTIONS: Mapping[str, str] = {
    "Concurrency": f"{REAL_PYTHON}#async-io-explained",
    "AsyncIO is not easy": f"{REAL_PYTHON}#async-io-is-not-easy",
    "The async/await Syntax and Native Coroutines": f"{REAL_PYTHON}#the-asyncawait-syntax-and-native-coroutines",
    "The Rules of Async IO": f"{REAL_PYTHON}#the-rules-of-async-io",
    "Chaining Coroutines": f"{REAL_PYTHON}#chaining-coroutines",
    "Using a Queue": f"{REAL_PYTHON}#using-a-queue",
    "async for and list comprehensions": (
        f"{REAL_PYTHON}#other-features-async-for-and-async-generators-comprehensions"
    ),
    "The Event Loop and asyncio.run()": f"{REAL_PYTHON}#the-event-loop-and-asynciorun",
    "Creating and gathering tasks": f"{REAL_PYTHON}#other-top-level-asyncio-functions",
    "When and Why Is Async IO the Right Choice?": f"{REAL_PYTHON}#when-and-why-is-async-io-the-right-choice",
    "Async IO It Is, but Which One?": f"{REAL_PYTHON}#async-io-it-is-but-which-one",
    "Snippets: Write on file": "https://github.com/Tinche/aiofiles",
    "Tips: Limit concurrency": "https://docs.python.org/3/library/asyncio-sync.html#semaphores",
    "Testing": "https://pytest-asyncio.readthedocs.io/en/latest/",
    "Libraries to explore": "https://asyncer.tiangolo.com/tutorial/",
    "Today: without the GIL": "https://docs.python.org/3/howto/free-threading-python.html",
    "Today: interpreters": "https://docs.python.org/3/library/concurrent.interpreters.html",
    "Today: start methods": "https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods",
    "Today: tasks and timers": "https://docs.python.org/3/library/asyncio-task.html",
}
"""The headings of the notes in their order, which is that of the ledger, then those of what is asked today; and where
most of each comes from."""


class Word(StrEnum):
    """The five verdicts."""

    HOLDS = "HOLDS"
    REFUTED = "REFUTED"
    DEPENDS = "DEPENDS"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_MEASURED = "NOT_MEASURED"


SIGNS: Mapping[Word, str] = {
    Word.HOLDS: "✓",
    Word.REFUTED: "✗",
    Word.DEPENDS: "±",
    Word.INCONCLUSIVE: "?",
    Word.NOT_MEASURED: "–",
}
"""A sign for each, so that nothing is told by colour alone."""


class Side(StrEnum):
    """Where an interval lies: in the bound, wholly outside of it, across it, or nowhere because there is none."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    ACROSS = "across"
    MISSING = "missing"


@dataclass(frozen=True)
class Bound:
    """The values of a quantity with which a part of a claim is true; the ends belong to it."""

    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"a bound goes from low to high, got {self.low} and {self.high}")

    def side(self, found: Estimate | Outcome) -> Side:
        """Where the interval of `found` lies; an outcome counts as 1 or 0 and is never in doubt."""
        if isinstance(found, Outcome):
            return Side.INSIDE if self.low <= found.happened <= self.high else Side.OUTSIDE
        if self._above(found.low, self.low) and self._above(self.high, found.high):
            return Side.INSIDE
        below, above = not self._above(found.high, self.low), not self._above(self.high, found.low)
        return Side.OUTSIDE if below or above else Side.ACROSS

    @staticmethod
    def _above(upper: float, lower: float) -> bool:
        """Whether `upper` is at least `lower`; an interval formed on the log scale gives 10 as 10.000000000000002."""
        return upper >= lower or isclose(upper, lower, rel_tol=1e-9)

    def room(self, found: Estimate) -> float:
        """By how much the interval clears the nearest end, in widths of the point; negative where it does not."""
        ends = [found.low - self.low, self.high - found.high]
        return min(ends) / (abs(found.point) or 1.0)

    def told(self, kind: str) -> str:
        """The bound in words: `at most 1.1×`, `between 2× and 4×`."""
        low, high = (_shown(end, kind) for end in (self.low, self.high))
        if self.low == self.high:
            return f"exactly {low}"
        if self.low == -inf:
            return f"at most {high}"
        return f"at least {low}" if self.high == inf else f"between {low} and {high}"


def _shown(end: float, kind: str) -> str:
    return f"{words.digits(end)}×" if kind == "x" else words.scalar(end, kind if kind in words.KINDS else "")


Place = str
"""The id of a comparison, `sleep[wait=10ms,n=1000,c=100]`; parameters that it leaves out are 0, as in every id."""

Cell = tuple[Place, str]
"""A place, and who did the work there: a runner, or `runner/library` where there is a choice."""


class Measure(Protocol):
    """What a part reads off: a quantity, with the cells that it needs and the kind of unit it is in."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Everything that has to be measured for it."""

    @property
    def kind(self) -> str:
        """`x` for a ratio, `s`, `bytes`, `/s`, or empty for a count or a share."""

    @property
    def key(self) -> str:
        """Names the quantity and where it is read, apart from which part asks for it."""

    def series(self, proof: Lookup) -> Series | Outcome | Hole:
        """The quantity in each process, what happened, or why there is neither."""


@dataclass(frozen=True)
class Part:
    """One thing that must be so if the claim is true.

    `where` names the region in a few words, `says` is a clause with `{}` where the figure goes. `axis` places the part
    on the claim's axis, which is how a boundary is found. `gil` restricts it to builds with or without the lock.
    """

    where: str
    measure: Measure
    bound: Bound
    says: str
    axis: float | None = None
    gil: bool | None = None

    def concerns(self, gil: bool | None) -> bool:
        """Whether the part speaks of a build with (True) or without (False) the lock."""
        return self.gil is None or gil is None or self.gil == gil


@dataclass(frozen=True)
class Reading:
    """One part of a claim, what was found for it, and on which side of its bound that lies.

    `others` says how many cores other programs kept busy, where that is why the part is left open.
    """

    part: Part
    found: Estimate | Outcome | Hole
    side: Side
    others: float | None = None

    @property
    def pending(self) -> bool:
        """Whether there is no figure because the run was not asked for it, or not long enough."""
        return isinstance(self.found, Hole) and not self.found.asked


def read(part: Part, proof: Lookup) -> Reading:
    """One part, held against its bound."""
    found = estimated(part, proof)
    if isinstance(found, Hole):
        return Reading(part, found, Side.MISSING)
    quantity = getattr(part.measure, "name", "makespan")
    others = crowded(part.measure.cells, quantity, proof) if isinstance(found, Estimate) else None
    return Reading(part, found, part.bound.side(found) if others is None else Side.ACROSS, others)


def estimated(part: Part, proof: Lookup) -> Estimate | Outcome | Hole:
    """The quantity of a part with its interval, what happened, or why there is neither."""
    seen = part.measure.series(proof)
    if not isinstance(seen, Series):
        return seen
    found = proof.rule.decided(seen, part.measure.key, counts=part.bound.low == part.bound.high)
    if found is not None:
        return found
    cell = part.measure.cells[0]
    row = proof.row(cell)
    where = "" if isinstance(row, Hole) else row.cell
    return Hole("too few processes", f"{cell[1]} in {cell[0]}", where, asked=not proof.rule.sequential)


@dataclass(frozen=True)
class Axis:
    """What the parts of a claim are spread along: a name, and the kind of its unit."""

    name: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class _Stated:
    """What every statement of the notes has.

    `section` is the heading of the notes it comes from and `link` where that text comes from, if not from where most
    of the section does. `scope` says what was looked at and what was not. `today` marks what is asked of today's
    Python and is not in the notes; a run that nobody told what to decide leaves it out.
    """

    name: str
    section: str
    statement: str
    scope: str
    link: str = ""
    today: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "link", self.link or SECTIONS.get(self.section, ""))


@dataclass(frozen=True, kw_only=True)
class Claim(_Stated):
    """A statement that figures can back, refute or qualify."""

    parts: tuple[Part, ...]
    axis: Axis | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.parts:
            raise ValueError(f"{self.name}: a claim without a part cannot be judged")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that the claim needs, each once, in order."""
        found = [cell for part in self.parts for cell in part.measure.cells]
        return tuple(cell for index, cell in enumerate(found) if cell not in found[:index])


@dataclass(frozen=True, kw_only=True)
class Behaviour(_Stated):
    """A statement about what the language or a library does, which a program of ours shows or does not show.

    With `aged` what is asked is whether the notes' way still works: where it does not, the claim is REFUTED there.
    """

    aged: bool = False
    requires: tuple[str, ...] = ()
    """Modules beyond the standard library that the program imports."""

    @property
    def snippet(self) -> str:
        """The file in `reports/snippets` that is run in fresh processes of an interpreter.

        It prints one JSON line with `shown` (true or false), `said` (what was seen, in a clause), or `absent` (why it
        cannot be seen here).
        """
        return f"{self.name.replace('-', '_')}.py"

    @property
    def cells(self) -> tuple[Cell, ...]:
        """None: a program shows it, and no cell has to be measured."""
        return ()


Statement = Claim | Behaviour
"""What a verdict can be on."""
