"""The few words that everything is said in: parameters, quantities, statuses, phases, and what a workload may raise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

SCHEMA_VERSION = 1
"""Version of the run file; a reader refuses a newer one rather than guess."""

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where an object lies in memory says nothing of it, and differs from process to process (method.md, T22)."""

Scalar = int | float | str
Params = Mapping[str, Scalar]


class Quantity(NamedTuple):
    """What a measured field is, said once where it is: `makespan_s: Annotated[float, Quantity(...)]`.

    Columns, summary and results/SCHEMA.md are made from it (results/columns.py, results/cells/quantities.py). In the
    measured process annotations stay text, so that there it costs nothing. `unit` is empty for text, flags and ordinal
    numbers. `summary` is what its estimate is called, empty where none is made. `over_rounds` makes one number of the
    rounds of a fork (median, mean, min or max), `over_forks` an estimate of the forks: `positive`, where errors
    multiply, or `linear`.
    """

    meaning: str
    unit: str = ""
    summary: str = ""
    over_rounds: str = "median"
    over_forks: str = "positive"


class Status(StrEnum):
    """What became of a cell; every cell that was asked for has exactly one."""

    OK = "OK"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    UNSUPPORTED = "UNSUPPORTED"
    LEFT = "LEFT"
    """It was measured once and could not be the best, which was all that was asked of it."""


class Phase(StrEnum):
    """Whether a round is analysed (MEASURE) or only recorded (WARMUP).

    DISTURBED is what a frame calls a measured round that the machine spoiled; no worker runs in it and no file has it.
    """

    WARMUP = "warmup"
    MEASURE = "measure"
    DISTURBED = "disturbed"


class Shape(StrEnum):
    """How the work of a workload hangs together: independent ops, or a program with a structure of its own."""

    MAP = "map"
    PROGRAM = "program"


class Unsuited(Exception):
    """Raised by a workload where this machine cannot give what is asked; the row is UNSUPPORTED with this reason."""


class WrongAnswer(Exception):
    """Raised by an oracle when the work that came back is not the work that was asked for."""


def unit_of(name: str) -> tuple[str, str]:
    """The suffix of a name that carries its unit, and the unit; both empty for a count or a ratio."""
    suffixes = (("_per_s", "/s"), ("_s", "s"), ("_bytes", "bytes"))
    return next((found for found in suffixes if name.endswith(found[0])), ("", ""))
