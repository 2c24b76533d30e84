"""From a tidy frame to a scene: summary rows, and the measured rounds behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from when_async.results.cells.pairing import CellRounds, Key, cell_rounds, measured
from when_async.results.cells.rule import rules_of
from when_async.results.cells.summary import summary

from .rows import Scene

if TYPE_CHECKING:
    import pandas as pd

PAIRED = ("throughput", "overhead_per_op", "cpu_per_op", "makespan")
"""The quantities of single rounds that charts and sentences are made from."""


def scene(frame: pd.DataFrame) -> Scene:
    """Everything that charts and sentences are computed from."""
    return Scene(tuple(summary(frame)), rounds(frame), rules_of(frame.attrs))


def rounds(frame: pd.DataFrame) -> dict[Key, CellRounds]:
    """Measured rounds of OK cells."""
    return cell_rounds(measured(frame), PAIRED)
