"""What is measured next: pure functions from what is open, what it costs and what time is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ..verdicts.claim import Place


@dataclass(frozen=True)
class Open:
    """A question that is not settled, and the comparisons that its undecided parts read."""

    name: str
    places: frozenset[Place]


def next_place(
    questions: Iterable[Open],
    forks: Mapping[Place, int],
    cost_s: Mapping[Place, float],
    done: int,
    left_s: float,
) -> Place | None:
    """Of the question with the fewest seconds to go a comparison that has `done` processes and ends in time.

    `forks` holds how many processes each comparison has, `cost_s` what one more takes. None where nothing is to do.
    """
    ranked = sorted(questions, key=lambda one: (to_go_s(one, forks, cost_s, done), one.name))
    for question in ranked:
        for place in sorted(question.places, key=lambda one: (cost_s.get(one, 0.0), one)):
            if forks.get(place, 0) == done and cost_s.get(place, 0.0) <= left_s:
                return place
    return None


def to_go_s(one: Open, forks: Mapping[Place, int], cost_s: Mapping[Place, float], done: int) -> float:
    """Seconds that a question takes to have one process more than `done` in each of its comparisons."""
    return sum(cost_s.get(place, 0.0) for place in one.places if forks.get(place, 0) <= done)


RACING = 0.75
"""A contestant leaves whose best round reaches less of the best median of its group than this."""


def outrun(rounds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Who of a group could not be its best, and what share of the best median its best round reached.

    `rounds` holds by contestant the throughput of each round; whoever has none is not judged.
    """
    known = {name: values for name, values in rounds.items() if values}
    best = max(map(median, known.values()), default=0.0)
    shares = {name: max(values) / best for name, values in known.items()}
    return {name: share for name, share in shares.items() if share < RACING}
