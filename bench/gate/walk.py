"""Walks the gate: one pair of each undecided cell after the other, pass by pass, until all are decided or time is up.

It does not judge. Whoever judges says through `Asks` how many pairs a cell still wants and is handed each one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..model import Pair
from ..processes.service import ServiceFailed
from .pairs import PairedCell, PairFailed, Pairs


class Asks(Protocol):
    """A judge of one cell."""

    def wants(self) -> tuple[str, int] | None:
        """The series to go on with and how many pairs it needs in all; None when the cell can be decided."""

    def owed(self) -> int:
        """How many pairs it still wants, as far as it knows by now."""

    def urgent(self) -> bool:
        """Whether a few pairs more settle that it is plainly slower."""

    def add(self, pair: Pair) -> None:
        """One pair more."""


@dataclass(frozen=True)
class Broken:
    """A cell that could not be gone on with, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class PairStep:
    """Told before each pair: which pass it is, and how many cells are still undecided in it."""

    passed: int
    key: str
    place: int
    undecided: int


@dataclass
class Walk:
    """One walk over the paired cells; `events()` is the walk. `late` holds the cells that time ran out for.

    `more` gives further cells, which join after `joins` passes, or where nothing else is undecided; `joined` says
    whether there was time for that. What is plainly slower is confirmed at once, even where the budget ends meanwhile.
    """

    paired_cells: Mapping[str, PairedCell]
    asks: Mapping[str, Asks]
    pairs: Pairs
    seed: int
    budget_s: float
    clock: Callable[[], float] = time.monotonic
    on_step: Callable[[PairStep], None] = lambda step: None
    more: Callable[[], Mapping[str, PairedCell]] = dict
    joins: int = 0
    late: set[str] = field(default_factory=set)
    joined: bool = False
    _cells: dict[str, PairedCell] = field(init=False, default_factory=dict, repr=False)

    def events(self) -> Iterator[tuple[str, Pair] | Broken]:
        """(key, pair) as they are taken, and Broken for a cell whose base or head failed."""
        began = self.clock()
        self._cells = dict(self.paired_cells)
        open_ = dict.fromkeys(self._cells)
        counts: dict[str, int] = {}
        passed = 0
        while open_ or not self.joined:
            if self.clock() - began >= self.budget_s:
                break
            if not self.joined and (passed >= self.joins or not open_):
                added = self.more()
                self.joined = True
                self._cells |= added
                open_ |= dict.fromkeys(added)
            order = [key for key in self._order(open_, passed) if self.asks[key].wants() is not None]
            open_ = dict.fromkeys(order)
            for place, key in enumerate(order):
                if self.clock() - began >= self.budget_s:
                    break
                step = PairStep(passed, key, place, len(order))
                for event in self._pairs(step, counts):
                    if isinstance(event, Broken):
                        del open_[key]
                    yield event
            passed += 1
        self.late |= {each for each in open_ if self.asks[each].wants() is not None}

    def _pairs(self, step: PairStep, counts: dict[str, int]) -> Iterator[tuple[str, Pair] | Broken]:
        """One pair of a cell, and those that are urgent after it."""
        key, asks = step.key, self.asks[step.key]
        wanted = asks.wants()
        assert wanted is not None, "it was asked for at the start of this pass"
        while wanted is not None:
            self.on_step(step)
            try:
                pair = self.pairs.take(self._cells[key], wanted[0], counts.get(key, 0))
            except (PairFailed, ServiceFailed) as error:
                yield Broken(key, str(error))
                return
            counts[key] = counts.get(key, 0) + 1
            asks.add(pair)
            yield key, pair
            wanted = asks.wants() if asks.urgent() else None

    def _order(self, keys: Mapping[str, None], passed: int) -> list[str]:
        """Comparisons shuffled, and their cells shuffled within; cells of a comparison stay neighbours in time."""
        draw = random.Random(f"{self.seed}/{passed}")
        groups: dict[str, list[str]] = {}
        for key in keys:
            groups.setdefault(self._cells[key].comparison.id, []).append(key)
        names = list(groups)
        draw.shuffle(names)
        order = []
        for name in names:
            draw.shuffle(groups[name])
            order += groups[name]
        return order
