"""The two figures of a runner that are fitted to cells of a run; all others are of the machine and its kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import exp, log
from typing import TYPE_CHECKING, Any

from ..late import late
from .model import SERIAL, THREADS, Model
from .simulated.costs import Costs
from .work import Work

if TYPE_CHECKING:
    import numpy as np
    from scipy import optimize
else:
    np, optimize = late("numpy"), late("scipy.optimize")

LEAST = 4
"""From fewer cells than this nothing is fitted."""
FAR = 0.7
"""A cell that is off by more than this, on the log scale, pulls no harder."""
LOOPS = ("asyncio", "uvloop", "trio")


@dataclass(frozen=True)
class SeenCell:
    """A cell that was measured, as the prediction sees it."""

    runner: str
    family: str
    place: str
    work: Work
    makespan_s: float


@dataclass(frozen=True)
class Shape:
    """What a family has in common: its figures that are of the machine, and where the two that are fitted begin."""

    fixed: Costs
    first: tuple[str, Sequence[float]]
    second: tuple[str, Sequence[float]] = ("", ())


SLEPT = Costs(late_s=81e-6)
"""50 us of timer slack and the way back, seen on all interpreters of the reference alike."""
SHAPES: Mapping[str, Shape] = {
    SERIAL: Shape(SLEPT, ("late_s", (8e-5,))),
    "asyncio": Shape(Costs(late_s=95e-6, crowd=0.18), ("op_s", (2e-6, 6e-6)), ("turn_s", (2e-6, 6e-6))),
    "uvloop": Shape(Costs(late_s=120e-6, crowd=0.15), ("op_s", (1e-6, 3e-6)), ("turn_s", (1e-6, 4e-6))),
    "trio": Shape(Costs(late_s=95e-6, crowd=0.26), ("op_s", (12e-6, 24e-6)), ("turn_s", (8e-6, 24e-6))),
    THREADS: Shape(Costs(late_s=100e-6), ("op_s", (3e-6, 12e-6)), ("handover_s", (1.8e-5,))),
    "processes": Shape(
        replace(SLEPT, hand_s=4e-5, wake_s=2e-5, cold_s=2.5e-4, spin_s=4e-3, round_s=2e-3),
        ("op_s", (1e-5, 3e-5)), ("chunk_s", (5e-5, 1.5e-4)),
    ),
    "interpreters": Shape(
        replace(SLEPT, hand_s=4e-5, wake_s=2e-5), ("op_s", (1e-5, 3e-5)), ("chunk_s", (5e-5, 1.5e-4))
    ),
}  # fmt: skip
"""Of processes `spin_s` was measured: 2.0 to 4.6 ms of CPU of the pool's threads in a round that fills all cores. The
other three were chosen on the reference in steps: 0 to 600 us for `cold_s`, 1 to 4 ms for `round_s`.
"""
FREE_THREADS = Shape(SLEPT, ("op_s", (5e-6, 2e-5)), ("scale", (1.05,)))


def shape_of(family: str, gil: bool = True) -> Shape:
    """What is fitted of a family; raises KeyError."""
    if family == THREADS and not gil:
        return FREE_THREADS
    return SHAPES[family]


def fit(
    cells: Sequence[SeenCell], cores: int, gil: bool = True, near: Model | None = None, later_s: float = 0.0
) -> Model:
    """A runner from its cells; `near` is one that was fitted to nearly the same, which makes it quick.

    `later_s` is by how much a wait ends later on this machine than on the reference.

    Raises ValueError for fewer cells than `LEAST`, KeyError for a family that is not simulated.
    """
    if len(cells) < LEAST:
        raise ValueError(f"{len(cells)} cells are too few to tell what a runner adds; measure mixed and sleep")
    first = cells[0]
    shape = shape_of(first.family, gil)
    names = [name for name, _ in (shape.first, shape.second) if name]

    def made(point: Sequence[float]) -> Model:
        values: Any = {name: exp(min(float(one), 2.0)) for name, one in zip(names, point, strict=True)}
        # Below 1 a model would compute faster than its work takes.
        values = {name: max(1.0, one) if name == "scale" else one for name, one in values.items()}
        fixed = near.costs if near is not None else replace(shape.fixed, late_s=max(0.0, shape.fixed.late_s + later_s))
        return Model(first.runner, first.family, gil, replace(fixed, **values))

    def loss(point: Sequence[float]) -> float:
        model = made(point)
        return sum(min(FAR, abs(log(model.makespan_s(one.work, cores) / one.makespan_s))) for one in cells)

    if near is not None:
        starts = [[log(getattr(near.costs, name)) for name in names]]
    else:
        grid = [
            [log(one) for one in point]
            for point in product(*(values for _, values in (shape.first, shape.second) if values))
        ]
        starts = sorted(grid, key=loss)[:2]
    found = [_search(loss, start, quick=near is not None) for start in starts]
    return made(min(found, key=loss))


def _search(loss: Any, start: Sequence[float], *, quick: bool) -> list[float]:
    """The least loss near a point (Nelder and Mead, "A simplex method for function minimization", 1965)."""
    simplex = np.vstack([start, start + np.eye(len(start)) * (0.15 if quick else 0.5)])
    found = optimize.minimize(
        loss, np.array(start), method="Nelder-Mead",
        options={"maxfev": 25 if quick else 60, "xatol": 2e-3, "fatol": 1e-3, "initial_simplex": simplex},
    )  # fmt: skip
    return [float(one) for one in found.x]
