"""Reads and writes ids: `sleep[wait=10ms,n=100,c=10]`, with units that a person would use.

Run files keep that form. What is typed may be `sleep:wait=10ms,n=100,c=10` too, which no shell takes for a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .model import Param, Params, Point, Scalar, WhenAsyncError, Workload
from .model.checks import answer, line, mapping, number

SECONDS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
BYTES: Mapping[str, int] = {"B": 1, "KiB": 2**10, "MiB": 2**20, "kB": 1000, "MB": 10**6}
UNITS: Mapping[str, Mapping[str, float]] = {"s": SECONDS, "bytes": BYTES, "/s": {"/s": 1.0}}
NUMBER = re.compile(r"^(\d+(?:\.\d+)?)([A-Za-z/]*)$")
TYPED = re.compile(r"([^\[\]=,]+?):(\w+=[^\[\]]*?)(-[A-Za-z].*)?")
FILE = re.compile(r"(?P<path>.*\.py)(?:\[(?P<inside>[^\[\]]*)\]|:(?P<typed>\w+=[^\[\]/]*))?", re.DOTALL)
SPEC = re.compile(r"^(?P<name>[^\[\]]+)(?:\[(?P<inside>[^\[\]]*)\])?$")


class QuantityError(WhenAsyncError, ValueError):
    """A parameter that cannot be read or lies out of range; the text is one line."""


def show(value: Scalar, unit: str) -> str:
    """A value as ids show it: 0.01 s is `10ms`, 4096 bytes `4KiB`, a rate `2000/s`, a count stays as it is."""
    if unit == "s" and isinstance(value, int | float):
        for symbol, size in SECONDS.items():
            if value >= size:
                return f"{_plain(value / size)}{symbol}"
        return "0s" if value == 0 else f"{_plain(value / 1e-6)}us"
    if unit == "bytes" and isinstance(value, int | float):
        for symbol in ("MiB", "KiB"):
            if value >= BYTES[symbol] and value % BYTES[symbol] == 0:
                return f"{int(value) // BYTES[symbol]}{symbol}"
        return f"{_plain(value)}B"
    if unit == "/s" and isinstance(value, int | float):
        return f"{_plain(value)}/s"
    return str(value)


def _plain(value: float) -> str:
    """All digits and no exponent, so that an id can be read again and two points never share one."""
    text = f"{value:.9f}"
    return text.rstrip("0").rstrip(".")


def read(text: str, param: Param) -> int | float:
    """The value of a parameter written by a person; raises QuantityError when it makes no sense or is out of range.

    What has no unit is a whole number, unless the range begins with a fraction, as that of a load does.
    """
    match = NUMBER.match(text.strip())
    units: Mapping[str, float] = UNITS.get(param.unit, {})
    if not match or (match[2] and match[2] not in units):
        example = {"s": "10ms", "bytes": "4KiB", "/s": "100/s"}.get(param.unit, "100")
        raise QuantityError(f"{param.label}={text} is not understood; write it like {param.label}={example}")
    value = round(float(match[1]) * units.get(match[2], 1), 9)
    if not param.low <= value <= param.high:
        raise QuantityError(
            f"{param.label}={text} is out of range: {show(param.low, param.unit)} to {show(param.high, param.unit)}"
        )
    if param.unit == "s" or isinstance(param.low, float):
        return value
    if value != int(value):
        raise QuantityError(f"{param.label}={text} must be a whole number")
    return int(value)


CONCURRENCY = Param("c", 1, 1_000_000, "ops in flight")


def comparison_id(workload: Workload, point: Point) -> str:
    """`http_fetch[delay=20ms,n=2000,c=100]`: what the contestants of one comparison have in common.

    Parameters at 0 are left out: nothing waits, nothing is sent.
    """
    shown = [
        f"{param.label}={show(point.params[param.name], param.unit)}"
        for param in workload.params
        if param.name != "n" and point.params[param.name] != 0
    ]
    if "n" in point.params:
        shown.append(f"n={point.params['n']}")
    return f"{workload.name}[{','.join([*shown, f'c={point.concurrency}'])}]"


def file_of(spec: str) -> tuple[str, str]:
    """The path in a selector of a file, and its point in brackets if it has one; two empty texts for any other.

    A folder may have brackets in its name too, so whatever ends in .py is a path first.
    """
    match = FILE.fullmatch(spec.strip())
    if not match:
        return "", ""
    inside = match["inside"] if match["inside"] is not None else match["typed"]
    return match["path"], "" if inside is None else f"[{inside}]"


def name_of(spec: str) -> str:
    """The name or path of a selector, without its point."""
    return file_of(spec)[0] or canonical(spec).partition("[")[0]


def canonical(text: str) -> str:
    """An id as run files have it, of a point or of a cell, whichever way it was typed; all else as it is."""
    path, point = file_of(text)
    if path:
        return path + point
    match = TYPED.fullmatch(text.strip())
    return f"{match[1]}[{match[2]}]{match[3] or ''}" if match else text.strip()


def typed(text: str) -> str:
    """An id as it can be typed without quotes: `sleep:wait=10ms,c=10-asyncio@3.11`."""
    return re.sub(r"\[([^\[\]]*)\]", r":\1", text)


def split(spec: str) -> tuple[str, dict[str, str]]:
    """A selector such as `sleep:wait=1ms,c=4` or `sleep[wait=1ms,c=4]` taken apart: the name and its parameters."""
    name, point = file_of(spec)
    match = None if name else SPEC.match(canonical(spec))
    if not name and not match:
        raise QuantityError(f"{spec!r} is not understood; write a name, or like sleep:wait=10ms,n=100,c=10")
    name, inside = (match["name"].strip(), match["inside"] or "") if match else (name, point[1:-1])
    pairs = [part.partition("=") for part in inside.split(",") if part.strip()]
    for key, equals, _ in pairs:
        if not equals:
            raise QuantityError(f"{key!r} in {spec!r} has no value; write it like {key}=...")
    return name, {key.strip(): value for key, _, value in pairs}


def override(workload: Workload, point: Point, pairs: Mapping[str, str]) -> Point:
    """The point with the given parameters replaced; raises QuantityError on an unknown or bad one."""
    params: dict[str, Scalar] = dict(point.params)
    concurrency = point.concurrency
    known = {param.label: param for param in workload.params}
    for label, text in pairs.items():
        if label == "c":
            concurrency = int(read(text, CONCURRENCY))
        elif label in known:
            params[known[label].name] = read(text, known[label])
        else:
            have = ", ".join([*known, "c"])
            raise QuantityError(f"{workload.name} has no parameter {label!r}; it has {have}")
    return Point(concurrency=concurrency, params=params)


def check_point(workload: Workload, point: Point) -> Params:
    """Assert that a point names every parameter, stays in range and can be reckoned with.

    Raises QuantityError, and FieldError where the workload's own functions fail there.
    """
    missing = {param.name for param in workload.params} ^ set(point.params)
    if missing:
        raise QuantityError(
            f"{workload.name}: a point of the grid and the parameters disagree about {', '.join(sorted(missing))}"
        )
    for param in workload.params:
        value = point.params[param.name]
        if not isinstance(value, int | float) or not param.low <= value <= param.high:
            raise QuantityError(f"{workload.name}: {param.label}={value} is out of range")
    _check_arithmetic(workload, point)
    return point.params


def _check_arithmetic(workload: Workload, point: Point) -> None:
    """Ask the workload's own figures of a point, which a plan builds on and a run file keeps; raises FieldError."""
    at = f"of {workload.name} at {comparison_id(workload, point)}"
    if workload.ideal_s is not None:
        for in_flight in (1, point.concurrency):
            said = answer(f"ideal_s {at}", "seconds", workload.ideal_s, point.params, in_flight)
            number(f"what ideal_s {at} returns", said, 0)
    if workload.bounds is not None:
        said = answer(f"bounds {at}", "a dict", workload.bounds, point.params, point.concurrency)
        for name, seconds in mapping(f"what bounds {at} returns", said, "names and seconds").items():
            line(f"a name in what bounds {at} returns", name)
            number(f"{name} in what bounds {at} returns", seconds, 0)
