"""The nouns of the house: plain, frozen values that every room may import.

This module imports the standard library only, because it is loaded into the measured process.
Units are part of the field names: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes, `_per_s` a rate.
"""

from __future__ import annotations

from .environment import Environment
from .errors import FailedError, WhenAsyncError, last_words
from .measured import Cell, Estimate, Measurement, Noise, Pair, Sample, ServiceCounts, Trial
from .records import from_json, to_json
from .running import Course, Job, Proof, Round, Runner, Session, Usage
from .timeline import Lane, Span, Timeline
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
