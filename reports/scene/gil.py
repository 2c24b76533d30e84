"""What the GIL takes part in: builds with and without it side by side, in figures and in words.

A build without the GIL is compared with the build with it whose version is nearest, in the blocks of one run, where
both took their turns. Where their versions differ, so does more than the GIL, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from .rows import THROUGHPUT, Scene, comparisons, models, ordered, reason, serial, value


@dataclass(frozen=True)
class Builds:
    """Labels of a build without the GIL and of its nearest with it; `close` where they are of one 3.x."""

    run: str
    free: str
    gil: str
    close: bool


@dataclass(frozen=True)
class GilRatio:
    """A contestant on one build: its ratio to the one reference, and that ratio in each process."""

    row: Row
    ratio: Estimate | None
    raw: Sequence[float] = ()
    note: str = ""
    base: bool = False
    """Whether it is the reference itself, at 1 by definition."""


def version(row: Row) -> tuple[int, ...]:
    """The version of an interpreter as numbers; from its label where none is on record."""
    return tuple(int(part) for part in re.findall(r"\d+", row.python_version or row.python)[:3])


def _distance(one: Row, other: Row) -> tuple[int, ...]:
    """How far two versions are apart, major version first."""
    return tuple(abs(a - b) for a, b in zip(version(one), version(other), strict=False))


def cpu_bound(rows: Sequence[Row]) -> bool:
    """Whether a comparison is of work and not of waits, and measures more than the instrument."""
    return bool(rows) and all(row.ideal_s is None and not row.calibration for row in rows)


def builds(scene: Scene) -> list[Builds]:
    """Every measured build without the GIL with its partner, the newest first; for rows of one comparison."""
    first: dict[tuple[str, str], Row] = {}
    for row in scene.rows:
        if value(row, THROUGHPUT) is not None:
            first.setdefault((row.run, row.python), row)
    found = []
    for (run, label), row in sorted(first.items(), key=lambda item: version(item[1]), reverse=True):
        partners = [one for (other, _), one in first.items() if other == run and one.gil is not False]
        if row.gil is False and partners:
            near = min(partners, key=lambda one: (_distance(row, one), version(one)))
            found.append(Builds(run, label, near.python, version(row)[:2] == version(near)[:2]))
    return found


def reference(scene: Scene, pair: Builds) -> Row | None:
    """What every ratio of a chart is to: the reference of the build with the GIL, `sync` where that was measured."""
    own = scene.of(run=pair.run, python=pair.gil).rows
    return next((row for row in own if row.reference and value(row, THROUGHPUT) is not None), None)


def chief(scene: Scene, run: str | None = None) -> tuple[Builds, Row] | None:
    """The newest pair of builds with a reference, of one run or of any: what a chart and its title are about."""
    found = ((pair, reference(scene, pair)) for pair in builds(scene) if run in (None, pair.run))
    return next(((pair, base) for pair, base in found if base is not None), None)


def apart(row: Row) -> bool:
    """Whether a contestant can use more than one core, or is the one to show what one thread does."""
    return serial(row) or not row.one_core


def standings(scene: Scene, run: str) -> list[list[GilRatio]]:
    """One list per contestant, the one with the best figure first; in it one standing per build, by version.

    Builds without a partner are left out, save for a contestant that has a figure on no other. A contestant without
    any figure has one standing, with the reason.
    """
    found = chief(scene, run)
    if found is None:
        return []
    labels = {label for pair in builds(scene) if pair.run == run for label in (pair.gil, pair.free)}
    known: dict[str, list[Row]] = {}
    for row in ordered(scene.of(run=run).rows, THROUGHPUT):
        if apart(row) or row.contestant == found[1].contestant:
            known.setdefault(row.contestant, []).append(row)
    groups = []
    for own in known.values():
        measured = {row.python for row in own if value(row, THROUGHPUT) is not None}
        shown = labels if measured & labels else labels | measured
        rows = [row for row in own if row.python in shown] if measured else own[:1]
        groups.append([_standing(scene, row, found[1]) for row in sorted(rows, key=_place)])
    return groups


def _place(row: Row) -> tuple[object, ...]:
    """Builds by 3.x, the one with the GIL before its partner, whatever their patch versions."""
    return (version(row)[:2], row.gil is False, version(row), row.python)


def _standing(scene: Scene, row: Row, base: Row) -> GilRatio:
    known = value(row, THROUGHPUT)
    if known is None:
        return GilRatio(row, None, note=reason(row))
    if row is base:
        return GilRatio(row, Estimate(1.0, 1.0, 1.0, "x", known.n), base=True)
    return GilRatio(row, scene.ratio(row, base, THROUGHPUT), scene.ratios(row, base, THROUGHPUT))


def both(scene: Scene, pair: Builds) -> list[tuple[Row, Row, Estimate]]:
    """(row without the GIL, row with it, ratio of their throughput) of every contestant with both, best first."""
    locked = {row.contestant: row for row in scene.of(run=pair.run, python=pair.gil).rows}
    found = []
    for row in ordered(scene.of(run=pair.run, python=pair.free).rows, THROUGHPUT):
        other = locked.get(row.contestant)
        ratio = scene.ratio(row, other, THROUGHPUT) if other and _measured(row, other) else None
        if other is not None and ratio is not None:
            found.append((row, other, ratio))
    return found


def _measured(*rows: Row) -> bool:
    return all(value(row, THROUGHPUT) is not None for row in rows)


def _threads(scene: Scene, pair: Builds) -> tuple[Row, Row, Estimate] | None:
    """The pair that a sentence is about: plain threads, else whatever of their kind was measured on both builds."""
    found = [one for one in both(scene, pair) if one[0].family == "threads"]
    names = models(row for row, _, _ in found)
    return next((one for one in found if one[0].runner in names), None)


def threads_sentence(scene: Scene, pair: Builds) -> str | None:
    """What threads gain or lose without the GIL, with the interval's verdict."""
    found = _threads(scene, pair)
    if found is None:
        return None
    name, ratio = found[0].contestant, found[2]
    if words.differs(ratio):
        return f"Without the GIL ({pair.free}) {name} had {words.times(ratio)} its throughput with it ({pair.gil})"
    return f"Without the GIL ({pair.free}) or with it ({pair.gil}), for {name} {words.no_difference(ratio)}"


def pools_sentence(scene: Scene, pair: Builds, families: Sequence[str] = ("processes", "interpreters")) -> str | None:
    """How the best pool of each of these kinds stands to threads without the GIL, which were told of just before."""
    found = _threads(scene, pair)
    said = []
    for family in families:
        rows = [row for row in scene.of(run=pair.run, family=family).rows if row.gil is not False and _measured(row)]
        rows = [row for row in ordered(rows, THROUGHPUT) if row.runner in models(rows)]
        # The partner build first: another version would bring in more than the model.
        rows.sort(key=lambda row: row.python != pair.gil)
        ratio = scene.ratio(rows[0], found[0], THROUGHPUT) if rows and found else None
        if ratio is None:
            continue
        who = f"{rows[0].contestant} ({rows[0].python})"
        said.append(f"{who} had {words.times(ratio)} that" if words.differs(ratio) else
                    f"against {who} {words.no_difference(ratio)}")  # fmt: skip
    return ". ".join(said) or None


def tax_sentence(scene: Scene, pair: Builds) -> str | None:
    """What the build without the GIL costs where nothing runs side by side."""
    for row, _, ratio in both(scene, pair):
        if serial(row):
            start = f"One op after another ({row.contestant})"
            if words.differs(ratio):
                return f"{start}, {pair.free} had {words.times(ratio)} the throughput of {pair.gil}"
            return f"{start}, {words.no_difference(ratio)} between {pair.free} and {pair.gil}"
    return None


def sentences(scene: Scene) -> list[str]:
    """All that is said of one comparison, for each pair of builds."""
    said = []
    for pair in builds(scene):
        threads = [threads_sentence(scene, pair), pools_sentence(scene, pair)]
        text = ". ".join(part for part in (*threads, tax_sentence(scene, pair)) if part)
        if text and not pair.close:
            text += f". {pair.free} and {pair.gil} differ in more than the GIL, as they are of different versions"
        if text:
            said.append(f"{text}.")
    return said


def told(scene: Scene) -> list[str]:
    """The sentences of every comparison, each with the comparison's name where there are several."""
    known = comparisons(scene.rows)
    return [
        f"{one}: {sentence}" if len(known) > 1 else sentence
        for one in known
        if cpu_bound(scene.of(comparison=one).rows)
        for sentence in sentences(scene.of(comparison=one))
    ]
