"""What each column of the tidy frame is: its dtype, unit and meaning.

What a round or a process measures is declared once, on the fields of `Sample` and `Trial` (bench/model/measured.py),
and becomes a column from there. Only what the frame tells of run, cell and decision is declared here.
`python -m when_async.results.columns` writes the table into results/SCHEMA.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from when_async.bench.model import Noise, Phase, Quantity, Sample, ServiceCounts, Status, Trial

INCOMPLETE = "INCOMPLETE"
"""Status of a cell that was not decided before the run ended; a word of the frame, never of the run file."""

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "phase": tuple(str(phase) for phase in Phase),
    "status": (*(str(status) for status in Status), INCOMPLETE),
}
"""The fixed words of each `category` column, so that frames of different runs can be joined."""

SERVICE = "service_"
"""What stands before the names of `ServiceCounts` in the frame."""

_DTYPES: Mapping[Any, str] = {int: "Int64", float: "Float64", bool: "boolean", Phase: "category"}
_SCHEMA = Path(__file__).with_name("SCHEMA.md")
_HEAD = "| column | dtype | unit | meaning |\n|---|---|---|---|\n"


class Column(NamedTuple):
    """One column of the frame; `unit` is empty for text, flags and ordinal numbers."""

    dtype: str
    unit: str
    meaning: str


def quantities(cls: type[Any]) -> dict[str, Quantity]:
    """The quantities that a class declares, by the name of their field."""
    return {name: quantity for name, (_, quantity) in _declared(cls).items()}


def _declared(cls: type[Any]) -> dict[str, tuple[Any, Quantity]]:
    """Name of a field -> its type and Quantity, for those that have one."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: get_args(hint)[:2] for name, hint in hints.items() if get_origin(hint) is Annotated}


def columns_of(cls: type[Any], prefix: str = "") -> dict[str, Column]:
    """The columns that a class declares."""
    return {
        prefix + name: Column(_dtype(kind), quantity.unit, quantity.meaning)
        for name, (kind, quantity) in _declared(cls).items()
    }


def _dtype(kind: Any) -> str:
    """The dtype that holds values of this type, and NA; what is no number is shown as text."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return _DTYPES.get(kind, "string")


_CELL: Mapping[str, Column] = {
    "run": Column("string", "", "id of the run"),
    "profile": Column("string", "", "profile of the run: smoke, quick, full"),
    "started": Column("string", "", "when the run began, ISO 8601 with zone"),
    "workload": Column("string", "", "name of the workload"),
    "params": Column("string", "", "parameters of the workload as JSON text with sorted keys"),
    "comparison": Column("string", "", "cells with the same text do equal work"),
    "concurrency": Column("Int64", "ops", "ops in flight that were asked for"),
    "runner": Column("string", "", "name of the runner"),
    "library": Column("string", "", "client library of the body; empty where there is no choice"),
    "face": Column(
        "boolean", "", "whether library names a way to write the body, and no module; NA in older run files"
    ),
    "contestant": Column("string", "", "runner, and its client library where there is a choice"),
    "family": Column("string", "", "family of the runner, which gives the colour"),
    "python": Column("string", "", "label of the interpreter's environment"),
    "python_version": Column("string", "", "full version of the interpreter"),
    "gil": Column("boolean", "", "whether the interpreter runs with its global lock"),
    "cell": Column("string", "", "id of the cell; unique in a run, stable between runs"),
    "reference": Column("boolean", "", "whether the cell is what its comparison is compared with"),
    "one_core": Column("boolean", "", "whether the runner uses one thread by nature"),
    "ideal_s": Column("Float64", "s", "least makespan that arithmetic allows at this concurrency"),
    "serial_ideal_s": Column("Float64", "s", "least makespan with one op in flight"),
    "ops": Column("Int64", "ops", "ops in one round"),
    "headline": Column("string", "", "what the workload is read by: throughput, overhead or cpu"),
    "calibration": Column("boolean", "", "whether the workload measures the instrument; NA in older run files"),
    "latency_of": Column("string", "", "what the latencies are of; empty where the workload observes none"),
    "bounds": Column("string", "", "makespans in seconds that arithmetic gives, by name, as JSON text"),
}
_DECISION: Mapping[str, Column] = {
    "status": Column("category", "", "OK, FAILED, TIMEOUT, UNSUPPORTED, LEFT or INCOMPLETE (the run ended before)"),
    "reason": Column("string", "", "why the cell is not OK, in a sentence"),
    "advice": Column("string", "", "advice on the cell, joined by semicolons"),
}
_CAPACITY: Mapping[str, Column] = {
    "service_capacity_per_s": Column("Float64", "op/s", "what the helper process can take; of the comparison and fork"),
}

COLUMNS: Mapping[str, Column] = {
    **_CELL,
    **columns_of(Sample),
    **_DECISION,
    **columns_of(Trial),
    **columns_of(Noise),
    **_CAPACITY,
    **columns_of(ServiceCounts, SERVICE),
}
"""Every column of the frame, in order."""


def documented(text: str) -> str:
    """The text of results/SCHEMA.md with the table of columns as it is now; it is the last thing there."""
    rows = (f"| `{name}` | {one.dtype} | {one.unit} | {one.meaning} |\n" for name, one in COLUMNS.items())
    return text.partition(_HEAD)[0] + _HEAD + "".join(rows)


if __name__ == "__main__":
    _SCHEMA.write_text(documented(_SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
