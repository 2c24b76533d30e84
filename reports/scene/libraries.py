"""Model and client library taken apart, in words: what of a gap between two models is the library they use.

Only models take part. A variant differs from its base in how ops are handed out, so that to set it against another
model would change two things at once; it speaks for its family only where no bare model of it was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from .rows import THROUGHPUT, Scene, figures, models, serial


@dataclass(frozen=True)
class Split:
    """A gap between two contestants taken apart: `slow` to `lean` changes the library, `lean` to `fast` the rest."""

    slow: Row
    lean: Row
    fast: Row
    whole: Estimate
    library: Estimate
    rest: Estimate


def with_library(scene: Scene) -> list[Row]:
    """Models that have ops in flight and a client library, best first; variants only where they stand for a family."""
    rows = [row for row in figures(scene, THROUGHPUT) if row.library and not row.face and not serial(row)]
    kept = models(rows)
    return [row for row in rows if row.runner in kept]


def _preferred(names: Sequence[str], name: str) -> str | None:
    """`name` if it is among them, else the first."""
    return name if name in names else next(iter(names), None)


def split(scene: Scene) -> Split | None:
    """Where a model has two or more client libraries: which part of its gap to another model is the library.

    Threads are preferred as the model with libraries to choose from, asyncio as the other one, which is of another
    family always: what is left between a model and its own variant is not a model's.
    """
    by_runner: dict[str, list[Row]] = {}
    for row in with_library(scene):
        by_runner.setdefault(row.runner, []).append(row)
    model = _preferred([runner for runner, own in by_runner.items() if len(own) >= 2], "threading")
    family = by_runner[model][0].family if model else ""
    other = _preferred([runner for runner, own in by_runner.items() if own[0].family != family], "asyncio")
    if model is None or other is None:
        return None
    lean, slow, fast = by_runner[model][0], by_runner[model][-1], by_runner[other][0]
    whole, library = scene.ratio(fast, slow, THROUGHPUT), scene.ratio(lean, slow, THROUGHPUT)
    rest = scene.ratio(fast, lean, THROUGHPUT)
    if whole is None or library is None or rest is None:
        return None
    return Split(slow, lean, fast, whole, library, rest)


def same_library(scene: Scene) -> list[tuple[Row, Row, Estimate]]:
    """Pairs of models with the same client library: the only ones that differ in the model alone."""
    rows = with_library(scene)
    pairs = []
    for index, first in enumerate(rows):
        for second in rows[index + 1 :]:
            alike = first.library == second.library and first.runner != second.runner
            ratio = scene.ratio(first, second, THROUGHPUT) if alike else None
            if ratio is not None:
                pairs.append((first, second, ratio))
    return pairs


def split_sentence(scene: Scene) -> str | None:
    """The decomposition in words, or None where there is nothing to take apart."""
    found = split(scene)
    if found is None:
        return None
    slow, lean, fast = found.slow, found.lean, found.fast
    if found.whole.high < 1:
        return f"{slow.contestant} wins over {fast.contestant}, which had {words.times(found.whole)} its throughput"
    if found.whole.low <= 1:
        return f"Between {slow.contestant} and {fast.contestant}, {words.no_difference(found.whole)}"
    who = (
        f"{fast.runner} with {fast.library} is {words.times(found.whole)} as fast as {slow.runner} with {slow.library}"
    )
    other = f", with {lean.library} against {fast.library}," if lean.library != fast.library else ""
    library = f"The client library makes {words.times(found.library)} of it ({slow.library} to {lean.library})"
    rest = f"The model{other} makes {words.times(found.rest)}"
    nothing = ", which may be nothing"
    return ". ".join(
        [
            who,
            library if words.differs(found.library) else f"{library}{nothing}",
            rest if words.differs(found.rest) else f"{rest}{nothing}",
        ]
    )


def pair_sentence(first: Row, second: Row, ratio: Estimate) -> str:
    """How two models with one client library stand to each other."""
    start = f"With {first.library} on both sides"
    if not words.differs(ratio):
        return f"{start}, {words.no_difference(ratio)} between {first.runner} and {second.runner}"
    return f"{start}, {first.runner} had {words.times(ratio)} the throughput of {second.runner}"


def library_sentence(scene: Scene) -> str | None:
    """What the client library alone is worth to the first model that has two of them."""
    by_runner: dict[str, list[Row]] = {}
    for row in with_library(scene):
        by_runner.setdefault(row.runner, []).append(row)
    for runner, own in by_runner.items():
        ratio = scene.ratio(own[0], own[-1], THROUGHPUT) if len(own) > 1 else None
        if ratio is not None and words.differs(ratio):
            much = f"{own[0].library} had {words.times(ratio)} the throughput of {own[-1].library}"
            return f"With {runner} on both sides, {much}"
        if ratio is not None:
            between = f"between {own[0].library} and {own[-1].library}"
            return f"With {runner} on both sides, {words.no_difference(ratio)} {between}"
    return None
