"""The whole map: which model is predicted to be fastest, by size of an op, share of waiting and number in flight."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from ..files import write_whole
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


Place = tuple[float, float, int]
"""Size of an op in seconds, share of it that waits, ops in flight."""


@dataclass(frozen=True)
class Kept:
    """The map of one interpreter, worked out before: it takes a minute, and a page is not to wait for it.

    `own_cores` is what the machine has whose costs these are, and `measured` the places that were measured on it.
    """

    python: str
    machine: str
    own_cores: int
    measured: Sequence[Place]
    families: Mapping[str, str]
    tiles: Sequence[Tile]

    def of(self, cores: int) -> list[Tile]:
        """The tiles for so many cores."""
        return [one for one in self.tiles if one.cores == cores]


def keep(path: Path, maps: Iterable[Kept]) -> None:
    """Write maps to a file, whole or not at all."""
    write_whole({path: json.dumps([_short(one) for one in maps]) + "\n"})


def _short(one: Kept) -> dict[str, object]:
    """Four digits of each prediction are more than it is good for."""
    held = asdict(one)
    held["tiles"] = [
        {**asdict(each), "seconds": {name: float(f"{value:.4g}") for name, value in each.seconds.items()}}
        for each in one.tiles
    ]
    return held


def kept(path: Path) -> list[Kept]:
    """The maps of a file; raises OSError or ValueError where it cannot be read."""
    return msgspec.json.decode(path.read_bytes(), type=list[Kept])
