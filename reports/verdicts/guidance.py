"""The decision map in words: who wins where work computes, does both, and waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .. import words
from ..scene.decision import Region, maps
from ..scene.rows import Scene


@dataclass(frozen=True)
class Advice:
    """One line: a kind of work, and who wins it."""

    question: str
    answer: str


def guidance(scene: Scene) -> list[Advice]:
    """Lines from the first interpreter's map and from that without a GIL."""
    found = list(maps(scene).values())
    return _from_map(found[0]) + _without_gil(found[1:]) if found else []


def _from_map(own: Sequence[Region]) -> list[Advice]:
    """Who leads where ops compute, do both, and wait."""
    kinds = (
        ("Ops that compute all the time", [one for one in own if one.waiting == 0]),
        ("Ops that wait for about half their time", [one for one in own if 0 < one.waiting < 0.8]),
        ("Ops that wait for 90 % of their time and more", [one for one in own if one.waiting >= 0.8]),
    )
    return [Advice(question, _leads(regions)) for question, regions in kinds if regions]


def _without_gil(others: Sequence[Sequence[Region]]) -> list[Advice]:
    """Who leads over the whole map of the first build without a GIL, where there is one beside the first map."""
    free = next((own for own in others if own and own[0].best.gil is False), None)
    if free is None:
        return []
    return [Advice(f"Python {free[0].best.python}, which has no GIL", _leads(free))]


def _leads(regions: Sequence[Region]) -> str:
    """`uvloop wins 5 of 8 regions, by up to 1.3× [1.2, 1.4] over trio. ...`."""
    clear = Counter(one.best.contestant for one in regions if one.sure)
    said = []
    for name, count in clear.most_common(3):
        leads = [one for one in regions if one.sure and one.best.contestant == name and one.margin is not None]
        most = max(leads, key=lambda one: one.margin.point if one.margin else 0.0, default=None)
        by = f", by up to {words.times(most.margin)}" if most is not None and most.margin else ""
        over = f" over {most.second.contestant}" if most is not None and most.second is not None else ""
        said.append(f"{name} wins {count} of {words.count(len(regions), 'region')}{by}{over}")
    level = [one for one in regions if not one.sure]
    if level:
        names = [name for name, _ in Counter(row.contestant for one in level for row in one.top).most_common(3)]
        said.append(f"In {len(level)} nobody wins; nearest are {words.several(names)}")
    return words.sentence(". ".join(said))
