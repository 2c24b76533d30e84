"""The nouns of the house: plain, frozen values that every room may import.

This module imports the standard library only, because it is loaded into the measured process. What a worker has no
use for is bound on first use: to build it takes a tenth of a launch, and every sweep would go through it.
Units are part of the field names: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes, `_per_s` a rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import FailedError, WhenAsyncError, last_words
from .running import Course, Job, Proof, Round, Runner, Session, Usage
from .words import (
    ADDRESS,
    SCHEMA_VERSION,
    Params,
    Phase,
    Quantity,
    Scalar,
    Shape,
    Status,
    Unsuited,
    WrongAnswer,
    unit_of,
)  # fmt: skip
from .work import Body, Figure, Kit, Observed, Param, Point, Service, Workload

if TYPE_CHECKING:
    from .environment import Environment
    from .measured import Cell, Estimate, Measurement, Noise, Pair, Sample, ServiceCounts, Trial
    from .records import from_json, to_json
    from .timeline import Lane, Span, Timeline

__all__ = [
    "ADDRESS",
    "SCHEMA_VERSION",
    "Body",
    "Cell",
    "Course",
    "Environment",
    "Estimate",
    "FailedError",
    "Figure",
    "Job",
    "Kit",
    "Lane",
    "Measurement",
    "Noise",
    "Observed",
    "Pair",
    "Param",
    "Params",
    "Phase",
    "Point",
    "Proof",
    "Quantity",
    "Round",
    "Runner",
    "Sample",
    "Scalar",
    "Service",
    "ServiceCounts",
    "Session",
    "Shape",
    "Span",
    "Status",
    "Timeline",
    "Trial",
    "Unsuited",
    "Usage",
    "WhenAsyncError",
    "Workload",
    "WrongAnswer",
    "from_json",
    "last_words",
    "to_json",
    "unit_of",
]

_ELSEWHERE = {
    "Environment": "environment",
    **dict.fromkeys(("Cell", "Estimate", "Measurement", "Noise"), "measured"),
    **dict.fromkeys(("Pair", "Sample", "ServiceCounts", "Trial"), "measured"),
    **dict.fromkeys(("from_json", "to_json"), "records"),
    **dict.fromkeys(("Lane", "Span", "Timeline"), "timeline"),
}
"""In which module the nouns are that the measured process does without."""

# Hidden from type checkers, which would take it that every name can be imported, typing errors too.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _ELSEWHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)
        return value
