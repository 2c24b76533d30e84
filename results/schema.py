"""What each kind of line of a run file must hold, checked once and for every reader (results/SCHEMA.md).

It is loaded where a line is not as we write it, or has no type of the model. Fields that are not named here are kept as
they are, so that an older program reads a newer file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn, Required, TypedDict

import msgspec
from msgspec import Meta

from when_async.bench.model import Measurement

Count = Annotated[int, Meta(ge=0)]
Number = Annotated[int, Meta(ge=1)]
Amount = Annotated[float, Meta(ge=0)]
Scalar = int | float | str | bool | None


class CellLine(TypedDict, total=False):
    """A cell that was asked for; what must be there follows from the model (`results.runfile.REQUIRED`)."""

    id: str
    workload: str
    params: dict[str, Scalar]
    concurrency: Number
    runner: str
    library: str
    python: str
    comparison: str
    body_key: str
    reference: bool
    family: str
    one_core: bool
    face: bool
    ideal_s: Amount | None
    serial_ideal_s: Amount | None
    ops: Number | None
    headline: str
    calibration: bool
    latency_of: str
    bounds: dict[str, Amount] | None


class ServiceLine(TypedDict, total=False):
    """A helper process of one fork, and what it could take."""

    comparison: Required[str]
    fork: Required[Count]
    name: str
    capacity_per_s: Amount | None
    facts: dict[str, Any]


class BehaviourLine(TypedDict, total=False):
    """What a program of a claim about behaviour showed."""

    claim: Required[str]
    python: Required[str]
    tried: Count
    shown: Count
    said: str
    absent: str
    version: str


class AccountLine(TypedDict, total=False):
    """Where the time of a run went."""

    causes: Required[dict[str, float]]
    wall_s: Required[Amount]


class ModerationLine(TypedDict, total=False):
    """What was known of the spread of cells when they were decided."""

    python: Required[str]
    shift: Required[float]
    freedom: Required[float]


class EndedLine(TypedDict, total=False):
    """Why a run that decides came to its end."""

    why: Required[str]
    decided: Count
    asked: Count
    seconds: Amount


KINDS: Mapping[str, Any] = {
    "cell": CellLine, "service": ServiceLine, "behaviour": BehaviourLine, "account": AccountLine,
    "moderation": ModerationLine, "ended": EndedLine, "so_far": Measurement,
}  # fmt: skip
"""Those without a type of the model, and what a stopped run says of its cells."""
LONGEST = 20
"""Digits of a whole number with its sign."""
PLACE = re.compile(r" - at `\$\.?([^`]*)`$")


class Impossible(ValueError):
    """A whole line that holds what it cannot hold."""


def loads(line: bytes) -> Any:
    """JSON whose numbers are numbers; ValueError in a few words for what is not."""
    try:
        return json.loads(line, parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("not JSON") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large for a number")
    return value


def _whole(text: str) -> int:
    # A column holds 64 bits, and so many digits are not worth converting.
    if len(text) > LONGEST or abs(value := int(text)) >= 2**63:
        raise ValueError(f"{text[:20]} is too large for a number")
    return value


def held(record: Mapping[str, Any], kind: Any) -> Any:
    """The record as a value of that type; Impossible in a few words that name the field where it is none."""
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        raise Impossible(_words(str(error))) from None
    except RecursionError:
        raise Impossible("nested too deeply") from None


def _words(said: str) -> str:
    """`Expected `object`, got `str` - at `$.noise`` as `noise: expected an object, got text`."""
    place = PLACE.search(said)
    text = PLACE.sub("", said).replace("`", "").replace("Expected", "expected").removeprefix("Object ")
    for theirs, ours in (("object", "an object"), ("array", "a list"), ("str", "text"), ("int", "a whole number"),
                         ("float", "a number"), ("null", "nothing"), ("bool", "true or false")):  # fmt: skip
        text = re.sub(rf"\b{theirs}\b", ours, text)
    return f"{place[1]}: {text}" if place and place[1] else text
