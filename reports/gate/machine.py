"""The gate as JSON and back: a report that was kept is shown again, and judged again, without measuring."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from when_async.bench.model import WhenAsyncError
from when_async.results.gate.report import OK, GateReport, exit_code, exit_reasons

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
        "verdict": "PASS" if exit_code(report) == OK else "FAIL",
        "exit_code": exit_code(report),
        "exit_reasons": [{"exit_code": code, "reason": sentence} for code, sentence in exit_reasons(report)],
        "reservations": telling.reservations(report),
    }
    return {**derived, **_plain(report)}


def dumps(report: GateReport) -> str:
    """The text of gate.json."""
    return json.dumps(to_json(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """JSON has no infinity and only text for keys, so both are written as text."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else repr(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, StrEnum):
        return str(value)
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def load(path: Path) -> GateReport:
    """Read gate.json; raises GateFileError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GateFileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
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
    report: GateReport = _built(GateReport, data, "the report")
    return report


def _built(cls: type[Any], data: Any, where: str) -> Any:
    """A dataclass from its JSON object."""
    if not isinstance(data, Mapping):
        raise GateFileError(f"this gate report is damaged: {where} is not an object; run the gate again")
    hints, known = get_type_hints(cls), {}
    for field in fields(cls):
        if field.name in data:
            known[field.name] = _value(hints[field.name], data[field.name], f"{field.name} of {where}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise GateFileError(f"this gate report is damaged: {field.name} of {where} is missing; run the gate again")
    try:
        return cls(**known)
    except (TypeError, ValueError) as error:
        raise GateFileError(f"this gate report is damaged: {where}: {error}; run the gate again") from None


def _value(hint: Any, data: Any, where: str) -> Any:
    """A value of the annotated type from its JSON value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        one = next(each for each in inner if each is not NoneType)
        return None if data is None else _value(one, data, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return _built(hint, data, where)
    try:
        if origin is tuple:
            return tuple(_value(inner[0], one, where) for one in _of(list, data))
        if origin is dict:
            return {_key(inner[0], key): _value(inner[1], one, where) for key, one in _of(dict, data).items()}
        if hint is float:
            return float(data)
        if hint in (int, str, bool):
            return _of(hint, data)
        return hint(data) if isinstance(hint, type) and issubclass(hint, StrEnum) else data
    except (TypeError, ValueError):
        shown = json.dumps(data)[:60]
        raise GateFileError(f"this gate report is damaged: {where} is {shown}; run the gate again") from None


def _key(hint: Any, key: str) -> Any:
    return float(key) if hint is float else key


def _of(kind: type[Any], data: Any) -> Any:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(kind.__name__)
    return data
