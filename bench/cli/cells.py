"""Which cells of stored runs are meant by an id, by a part of one, or by workloads and runners."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

from ..quantity import split, typed
from ..registry import Found, N, RegistryError
from ..selection import catalogue, runners_of, workloads_of

NAMED = 5
"""How many cells an error names at most."""
CELL = re.compile(r"(?P<place>(?P<workload>[^\[]+)\[.*?\])-(?P<runner>[^/@]+).*")


def only(workloads: Sequence[str], runners: Sequence[str]) -> Callable[[Iterable[str]], list[str]]:
    """Picks the cells of these workloads or points and of these runners; raises what naming an unknown one does.

    A name that stored runs alone have, as that of a workload in a file of one's own, counts as well.
    """

    def of(cells: Iterable[str]) -> list[str]:
        if not workloads and not runners:
            return list(cells)
        taken = {cell: found for cell in cells if (found := CELL.fullmatch(cell))}
        known = catalogue(workloads, runners)
        stored = {found[kind] for found in taken.values() for kind in ("workload", "runner")}

        def meant(name: str, find: Callable[[str], list[Found[N]]]) -> set[str]:
            return {name} if name in stored else {each.value.name for each in find(name)}

        asked = [(meant(name, lambda one: workloads_of(one, known.workloads)), pairs)
                 for name, pairs in map(split, workloads)]  # fmt: skip
        who = set[str]().union(*(meant(spec, lambda one: runners_of(one, known.runners)) for spec in runners))

        def fits(found: re.Match[str]) -> bool:
            has = split(found["place"])[1].items()
            there = any(found["workload"] in names and pairs.items() <= has for names, pairs in asked)
            return (there or not workloads) and (found["runner"] in who or not runners)

        return [cell for cell, found in taken.items() if fits(found)]

    return of


def choose_cell(cells: Sequence[str], text: str) -> str:
    """The cell of that id, or the only one whose id contains the text; else RegistryError with the nearest ones."""
    if text in cells:
        return text
    found = [cell for cell in cells if text in cell]
    if len(found) == 1:
        return found[0]
    if found:
        raise RegistryError(f"{text!r} is part of {len(found)} cells; name one of {listed(found)}")
    near = nearest(cells, text)
    hint = f"did you mean {listed(near)}?" if near else f"known are {listed(cells)}"
    raise RegistryError(f"no stored run has a cell {text!r}; {hint}")


def listed(cells: Sequence[str]) -> str:
    """The first few ids, and how many more there are."""
    more = f" and {len(cells) - NAMED} more" if len(cells) > NAMED else ""
    return ", ".join(repr(typed(cell)) for cell in cells[:NAMED]) + more


def nearest(cells: Iterable[str], text: str) -> list[str]:
    """The ids that look most like the text, wholly or in one of their parts; the best first, three at most."""

    def likeness(cell: str) -> float:
        parts = [cell, cell.rpartition("]-")[2], *re.split(r"[\[\],=/@-]+", cell)]
        return max(SequenceMatcher(None, text.lower(), part.lower()).ratio() for part in parts if part)

    scored = sorted(((likeness(cell), cell) for cell in cells), key=lambda pair: -pair[0])
    return [cell for score, cell in scored if score >= 0.6][:3]
