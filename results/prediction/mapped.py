"""The whole map: which model is predicted to be fastest, by size of an op, share of waiting and number in flight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .fitted import Fitted
from .judged import TIE
from .model import SERIAL
from .work import Work

SIZES_S = (1e-4, 1e-3, 1e-2, 1e-1)
SHARES = (0.0, 0.5, 0.9, 0.99)
FLIGHTS = (8, 32, 128, 1024)
CORES = (2, 4, 8, 16, 64)
WAVES, LEAST_OPS = 4, 400
"""So many ops are predicted for each place in flight, and so many at least."""


@dataclass(frozen=True)
class Tile:
    """One place of the map, for so many cores; `seconds` an op takes by model, the quickest first."""

    size_s: float
    waiting: float
    concurrency: int
    cores: int
    seconds: Mapping[str, float]

    @property
    def level(self) -> tuple[str, ...]:
        """The models that cannot be told from the best."""
        best_s = next(iter(self.seconds.values()))
        return tuple(name for name, one in self.seconds.items() if one <= TIE * best_s)

    @property
    def margin(self) -> float:
        """How many times as fast the best is as the second."""
        best_s, second_s = list(self.seconds.values())[:2]
        return second_s / best_s


def tile(known: Fitted, size_s: float, waiting: float, concurrency: int, cores: int) -> Tile:
    """What is predicted in one place, with pools that are open already; a plain loop takes no part."""
    ops = max(LEAST_OPS, WAVES * concurrency)
    work = Work(size_s * waiting, size_s * (1 - waiting), ops, concurrency)
    found = {one.runner: one.makespan_s(work, cores) / ops for one in known.models if one.family != SERIAL}
    return Tile(size_s, waiting, concurrency, cores, dict(sorted(found.items(), key=lambda pair: pair[1])))


def tiles(known: Fitted, cores: int, sizes_s: Iterable[float] = SIZES_S) -> list[Tile]:
    """The map of one interpreter for so many cores."""
    return [tile(known, size, share, many, cores) for size in sizes_s for share in SHARES for many in FLIGHTS]
