"""Has base and head share a core where their threads take turns anyhow, so that both see the same core.

Pinning favours neither side of a gate, as both are the same runner (method.md, R6a). It hides one thing: how much of
the work several cores do at a time. So only threads under the GIL are pinned that were seen to use one core.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..plan import Contestant
from .pairs import PairedCell, Pairs

ALONE = 1.1
"""Threads that keep no more than so many cores busy take turns; what is above one is the clock of two counters."""


def sharing(cells: Iterable[PairedCell], pairs: Pairs) -> tuple[PairedCell, ...]:
    """The same cells, those on one core whose threads take turns in base and in head."""
    return tuple(on_one_core(each) if taking_turns(each, pairs) else each for each in cells)


def taking_turns(paired: PairedCell, pairs: Pairs) -> bool:
    """Whether a cell is one of threads that use one core on both sides; what fails is for the walk to find."""
    sides = (paired.base, paired.head)
    if any(side.cell.one_core or not side.environment.gil or not threads(side) for side in sides):
        return False
    cores = pairs.look(paired).cores
    return len(cores) == len(sides) and max(cores.values()) <= ALONE


def threads(contestant: Contestant) -> bool:
    """Whether its runner works in threads of one process."""
    runner = contestant.runner.value
    return runner.family == "threads" or runner.name.endswith("to_thread")


def on_one_core(paired: PairedCell) -> PairedCell:
    """The cell with both sides on the core that a pair has."""
    base, head = (replace(side, cell=replace(side.cell, one_core=True)) for side in (paired.base, paired.head))
    contestants = tuple(
        replace(each, cell=replace(each.cell, one_core=True)) for each in paired.comparison.contestants
    )
    return replace(paired, base=base, head=head, comparison=replace(paired.comparison, contestants=contestants))
