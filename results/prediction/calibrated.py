"""Models with what `when-async calibrate` measured on this machine, in place of what was fitted to a recording.

Both are figures of the same kind, each got in its own way, so that either can be held against the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path

from when_async.bench.model import Estimate

from ..calibration import MODELS, Calibration
from ..calibration_files import of_machine
from .fitted import Fitted
from .fitting import FREE_THREADS, SHAPES, SLEPT
from .model import THREADS, Model
from .simulated.costs import FEW, MANY, Costs

FIELDS: Mapping[str, str] = {
    "op": "op_s", "turn": "turn_s", "handover": "handover_s", "scale": "scale", "chunk": "chunk_s", "cold": "cold_s",
    "spin": "spin_s", "late": "late_s",
}  # fmt: skip
"""Figures of a calibration by their names, and the costs that they are."""
PLACE = "start of a place"
"""Of the start of a pool only this: what is imported for it is not calibrated."""
LOOPS = ("asyncio", "uvloop", "trio")
WAVE, TURNS = "wave", {"asyncio": 2, "trio": 1}
"""In so many turns of its loop a task that has waited comes to run again."""


@dataclass(frozen=True)
class Measured:
    """What a calibration tells of a runner, by field of `Costs` or of `Model`."""

    runner: str
    figures: Mapping[str, Estimate]

    def value(self, name: str) -> float | None:
        """A cost as it was measured, never below nought; None where it was not."""
        one = self.figures.get(name)
        return None if one is None else max(0.0, one.point)


def measured(calibration: Calibration) -> dict[str, Measured]:
    """By runner what was measured of it; runners whose library was not there are left out."""
    found: dict[str, dict[str, Estimate]] = {}
    for figure in calibration.of(MODELS):
        name = "start_place_s" if figure.column == PLACE else FIELDS.get(figure.column)
        if name and figure.estimate is not None:
            scaled = _uncrowded(figure.estimate, figure.row) if name == "op_s" else figure.estimate
            found.setdefault(figure.row, {})[name] = scaled
    for figure in calibration.of(MODELS):
        if figure.column == WAVE and figure.estimate is not None and "op_s" in found.get(figure.row, {}):
            found[figure.row]["turn_s"] = _turn(figure.estimate, found[figure.row]["op_s"], TURNS[figure.row])
    return {runner: Measured(runner, figures) for runner, figures in found.items()}


def _turn(wave: Estimate, op: Estimate, turns: int) -> Estimate:
    """A turn of a loop that has idled, from a wave that holds some of them and `FEW` ops; both are independent."""
    point = (wave.point - FEW * op.point) / turns
    low = point - hypot(wave.point - wave.low, FEW * (op.high - op.point)) / turns
    high = point + hypot(wave.high - wave.point, FEW * (op.point - op.low)) / turns
    return replace(wave, point=point, low=low, high=high)


def _uncrowded(slope: Estimate, runner: str) -> Estimate:
    """What an op of a loop costs among few, from what each task beyond them adds."""
    if runner not in LOOPS:
        return slope
    by = (MANY - FEW) / (MANY * (1 + SHAPES[runner].fixed.crowd) - FEW)
    return replace(slope, point=slope.point * by, low=slope.low * by, high=slope.high * by)


def calibrated(models: Sequence[Model], calibration: Calibration) -> tuple[Model, ...]:
    """The same models with the costs of the machine that was calibrated, as far as they were measured."""
    found = measured(calibration)
    plain = found.get("sync")
    late_s = plain.value("late_s") if plain else None
    return tuple(_with(one, found.get(one.runner), late_s) for one in models)


def known_here(found: Sequence[Fitted], node_id: str, folders: Sequence[Path]) -> tuple[list[Fitted], list[str]]:
    """What is known of each interpreter, with what was calibrated on this machine where that was done.

    Second come notes on files that were ignored.
    """
    own, ignored = of_machine(node_id, folders, (MODELS,))
    newest = {one.python: one for one in sorted(own, key=lambda one: one.date) if measured(one)}
    known = [_known(one, newest[one.python]) if one.python in newest else one for one in found]
    return known, ignored


def _known(known: Fitted, calibration: Calibration) -> Fitted:
    models, seen = calibrated(known.models, calibration), measured(calibration)
    rest = tuple(one.runner for one in known.models if one.runner not in seen)
    return replace(known, models=models, calibrated=calibration.date.isoformat(), uncalibrated=rest)


def _with(one: Model, own: Measured | None, late_s: float | None) -> Model:
    costs = one.costs
    if late_s is not None:
        shape = FREE_THREADS if one.family == THREADS and not one.gil else SHAPES[one.family]
        costs = replace(costs, late_s=max(0.0, shape.fixed.late_s + late_s - SLEPT.late_s))
    if own is None:
        return replace(one, costs=costs)
    values = {name: value for name in vars(Costs()) if (value := own.value(name)) is not None}
    if "scale" in values:
        values["scale"] = max(1.0, values["scale"])
    place_s = own.value("start_place_s")
    return replace(one, costs=replace(costs, **values), start_place_s=one.start_place_s if place_s is None else place_s)
