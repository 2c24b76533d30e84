"""What `when-async try` says of a callable: which model to use, and how it goes with the calls in flight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row
from when_async.results.stats.estimate import quotient

from .. import words
from ..scene.findings import lead
from ..scene.rows import THROUGHPUT, Scene, comparisons, facet_names, facets, value

GAIN = 1.1
"""What is not a tenth faster than a plain loop is not worth a pool."""
STOOD = 0.8
"""A loop that runs nothing else for this share of a call gains nothing by more calls."""
UNSEEN = 1.5
"""A gain that may be so large, as far as the run can tell, is not called none."""
AWAIT = ("asyncio", "uvloop", "trio", "curio")
"""The models that run an async callable."""
PLAINEST = ("sync", "threading", "asyncio+to_thread", "asyncio", "uvloop", "trio", "curio", "multiprocessing")
"""Of models that are level the first of these is the one to take."""


@dataclass(frozen=True)
class Named:
    """A callable as a program names and calls it; without a module it is one of the program itself."""

    short: str
    module: str
    name: str
    args: Sequence[Any] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    items: Sequence[Any] = ()

    @property
    def owner(self) -> str:
        """What is imported: the function, or the class that it lies in."""
        return self.name.partition(".")[0]

    @property
    def call(self) -> str:
        """How one op calls it."""
        given = ["item"] if self.items else [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.name}({', '.join(given)})"


@dataclass(frozen=True)
class Own:
    """What was measured: a blocking callable, an async one, or both as twins.

    `stood` is the share of a call of the async one for which its loop ran nothing else, `doubt` why the two may not do
    the same work.
    """

    blocking: Named | None
    awaited: Named | None
    stood: float = 0.0
    doubt: str = ""

    @property
    def any(self) -> Named:
        known = self.blocking or self.awaited
        assert known is not None
        return known


def answer(scene: Scene, own: Own) -> list[str]:
    """For each interpreter a sentence that a person acts on, then whether the async rewrite pays."""
    lines = []
    names = facet_names(scene.rows)
    for one in facets(scene.rows):
        here = scene.of_facet(one)
        head = f"{names[one]}: " if len(names) > 1 else ""
        lines += [f"{head}{said}" for said in _of_facet(here, own)]
    return lines


def _of_facet(scene: Scene, own: Own) -> Iterator[str]:
    place = fullest(scene)
    if place is None:
        ran = {row.status == "OK" for row in scene.rows}
        why = {
            frozenset({True}): "it ran and was checked, and a figure takes two processes",
            frozenset({False}): "the reasons stand with the rows",
        }.get(frozenset(ran), "a figure takes two processes, and what failed has its reason beside its row")
        yield f"No figure for {own.any.short}: {why}."
        return
    here = scene.of(comparison=place)
    best = taken(here)
    assert best is not None
    if own.blocking is None and own.stood >= STOOD:
        yield (
            f"No loop helps: a call of {own.any.short} holds its loop for {100 * own.stood:.0f} % of its time, so many "
            "in flight do no more than one; await what waits, or use asyncio.to_thread."
        )
        return
    if own.doubt:
        yield f"Find out first whether both do the same work: {own.doubt}."
    yield _use(scene, here, best)
    if own.blocking is not None and own.awaited is not None:
        yield from _rewrite(here)


def fullest(scene: Scene) -> str | None:
    """The comparison whose best row does most in a second; of those that are level the one with fewest in flight."""
    found: list[tuple[float, str]] = []
    for place in comparisons(scene.rows):
        best = taken(scene.of(comparison=place))
        rate = best and value(best, THROUGHPUT)
        if rate:
            found.append((rate.point, place))
    most = max(found, default=(0.0, ""))[0]
    return next((place for rate, place in found if rate * GAIN >= most), None)


def taken(here: Scene) -> Row | None:
    """The row to take in one comparison: of those that are not clearly behind the plainest."""
    found = lead(here, THROUGHPUT)
    if found is None:
        return None
    base = _base(here)
    if base is not None and base not in found.top:
        gain = here.ratio(found.top[0], base, THROUGHPUT)
        if gain is None or gain.point < GAIN:
            return base
    return min(found.top, key=_rank)


def _rank(row: Row) -> int:
    return PLAINEST.index(row.runner) if row.runner in PLAINEST else len(PLAINEST)


def _base(here: Scene) -> Row | None:
    return next((row for row in here.rows if row.runner == "sync" and value(row, THROUGHPUT) is not None), None)


def _use(scene: Scene, here: Scene, best: Row) -> str:
    """`Use threading: 8.9× [8.1, 9.6] a plain loop with 10 in flight; asyncio+to_thread is level.`"""
    found, base = lead(here, THROUGHPUT), _base(here)
    assert found is not None
    level = [row.contestant for row in found.top if row is not best]
    if base is None:
        return f"Use {best.contestant}: {_against_one(scene, best)}{_level(level)}."
    if best is base:
        return _kept(here, base)
    gain = here.ratio(best, base, THROUGHPUT)
    assert gain is not None
    return f"Use {best.contestant}: {words.times(gain)} a plain loop with {best.concurrency} in flight{_level(level)}."


def _against_one(scene: Scene, best: Row) -> str:
    """How much more a loop does with many in flight than with one; calls per second where one was not measured."""
    rate = value(best, THROUGHPUT)
    assert rate is not None
    own = scene.of(contestant=best.contestant, concurrency=1).rows
    alone = [row for row in own if row is not best]
    one = value(alone[0], THROUGHPUT) if alone else None
    gain = quotient(rate, one) if one is not None else None
    many = f"{best.concurrency} in flight"
    return f"{words.times(gain)} one at a time with {many}" if gain else f"{words.with_unit(rate, '/s')} with {many}"


def _level(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"; {words.several(list(names))} {'is' if len(names) == 1 else 'are'} level"


def _kept(here: Scene, base: Row) -> str:
    """That nothing beats a plain loop, or that this run cannot tell; and what the best of the others reached."""
    others = [row for row in here.rows if row is not base and value(row, THROUGHPUT) is not None]
    gains = [(gain.point, gain, row) for row in others if (gain := here.ratio(row, base, THROUGHPUT)) is not None]
    if not gains:
        return "Keep the plain loop: nothing else could run it."
    _, gain, row = max(gains, key=lambda one: one[0])
    reached = f"{row.contestant} reached {words.times(gain)} of it with {row.concurrency} in flight"
    if max(one.high for _, one, _ in gains) < UNSEEN:
        return f"Keep the plain loop: {reached}."
    _, unseen, row = max(gains, key=lambda one: one[1].high)
    reached = f"{row.contestant} reached {words.times(unseen)} of it with {row.concurrency} in flight"
    return f"Keep the plain loop until a quieter run, or more --forks, tells: {reached}, which decides nothing."


def _rewrite(here: Scene) -> Iterator[str]:
    """Whether the async twin pays, against the best that runs the blocking one."""
    awaited = [row for row in here.rows if row.runner in AWAIT]
    old, new = (taken(here.only(rows)) for rows in ([row for row in here.rows if row not in awaited], awaited))
    ratio = here.ratio(new, old, THROUGHPUT) if old is not None and new is not None else None
    if ratio is None or old is None or new is None:
        return
    said = f"{new.contestant} reached {words.times(ratio)} of {old.contestant}"
    yield f"{_worth(ratio)}: {said}."


def _worth(ratio: Estimate) -> str:
    if ratio.low > GAIN:
        return "The async rewrite pays"
    if ratio.high < GAIN:
        return "The async rewrite does not pay"
    return "Whether the async rewrite pays is open"


def curve(scene: Scene) -> Iterator[str]:
    """Calls per second by how many are in flight, one line for each contestant; nothing for one place."""
    places = sorted({(row.concurrency, row.comparison) for row in scene.rows})
    if len(places) < 2:
        return
    for one in facets(scene.rows):
        here = scene.of_facet(one)
        yield "calls per second" + "".join(f"{f'c={flight}':>24}" for flight, _ in places)
        for name in dict.fromkeys(row.contestant for row in here.rows):
            cells = [here.of(comparison=place, contestant=name).rows for _, place in places]
            shown = [_rate(rows[0]) if rows else words.DASH for rows in cells]
            yield f"{name[:20]:<16}" + "".join(f"{text:>24}" for text in shown)
        yield ""


def _rate(row: Row) -> str:
    found = value(row, THROUGHPUT)
    if found is None:
        return words.DASH
    return f"{words.digits(found.point)} [{words.digits(found.low)}, {words.digits(found.high)}]"
