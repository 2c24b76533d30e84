"""The gate as JSON and back: a report that was kept is shown again, and judged again, without measuring."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from when_async.bench.model import WhenAsyncError
from when_async.results.files import os_words
from when_async.results.gate.report import GateReport, exit_code, exit_reasons, outcome

from .. import words
from . import telling

SCHEMA = 1
"""Version of gate.json; a reader refuses a newer one rather than guess."""


class GateFileError(WhenAsyncError):
    """A kept gate report cannot be read; the message is one line that also says what to do next."""


def to_json(report: GateReport) -> dict[str, Any]:
    """The report as plain JSON values, with the exit code that follows from it beside it for other tools."""
    derived = {
        "kind": "gate",
        "schema": SCHEMA,
        "verdict": outcome(report),
        "exit_code": exit_code(report),
        "exit_reasons": [{"exit_code": code, "reason": sentence} for code, sentence in exit_reasons(report)],
        "reservations": telling.reservations(report),
    }
    return {**derived, **asdict(report, dict_factory=_finite)}


def dumps(report: GateReport) -> str:
    """The text of gate.json."""
    return json.dumps(to_json(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """JSON has no infinity, so it is written as text."""
    return {name: repr(one) if isinstance(one, float) and not math.isfinite(one) else one for name, one in fields}


def load(path: Path) -> GateReport:
    """Read gate.json; raises GateFileError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GateFileError(f"cannot read {path}: {os_words(error)}") from None
    except ValueError:
        raise GateFileError(f"{path} is not JSON; give the gate.json that when-async gate wrote") from None
    return from_json(data)


def from_json(data: Any) -> GateReport:
    """The report that `to_json` was given; unknown fields are ignored, raises GateFileError for what is no report."""
    if not isinstance(data, Mapping) or data.get("kind") != "gate":
        raise GateFileError("this is no gate report; give the gate.json that when-async gate wrote")
    schema = data.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise GateFileError("this gate report does not say its schema; give the gate.json that when-async gate wrote")
    if schema > SCHEMA:
        raise GateFileError(f"this gate report has schema {schema}, newer than {SCHEMA}; install a newer when-async")
    try:
        # Not strict, because infinity is a text in the file.
        return msgspec.convert(data, GateReport, strict=False, str_keys=True)
    except msgspec.ValidationError as error:
        raise GateFileError(f"this gate report is damaged: {words.one_line(error)}; run the gate again") from None
