"""The gate's settings: `[tool.when-async.gate]` of pyproject.toml, and what the command line says instead.

[tool.when-async.gate]
base = "origin/main"
margin = "3%"
workloads = ["benchmarks/shop.py"]

[[tool.when-async.gate.target]]
call = "shop:total"
args = [[1, 2, 3]]
runners = ["sync"]

[tool.when-async.gate.margins]
"*-threading*" = "6%"
"http_fetch[*]-asyncio/aiohttp" = "5%"
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..model import WhenAsyncError

SHARE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*%\s*")
SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*")
SPANS_S = {"s": 1.0, None: 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

LEAST_MARGIN, LARGEST_MARGIN = 0.001, 1.0


METRICS = ("wall", "cpu", "p50", "p99")


class ConfigError(WhenAsyncError):
    """A setting that makes no sense; the text names it and says what is expected."""


@dataclass(frozen=True)
class Target:
    """A function of the project to be gated: `call` names it, arguments are JSON, `runners` are who calls it.

    `items` gives each call an argument of its own. `in_flight` calls are made at once by runners that can, and `ops` in
    a round; None leaves it to a look at the function.
    """

    call: str
    args: str = "[]"
    kwargs: str = "{}"
    items: str = ""
    runners: tuple[str, ...] = ("sync",)
    in_flight: int = 1
    ops: int | None = None


@dataclass(frozen=True)
class GateConfig:
    """What a gate is asked to do; shares are fractions (0.03 is 3 %), times are seconds."""

    base: str = ""
    margin: float = 0.03
    budget_s: float = 600.0
    workloads: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    """Functions of the project that are benchmarks as they are."""
    runners: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    """Patterns of files that a build writes and no commit holds; a commit gets those of the working folder."""
    python: str = ""
    allow_undecided: bool = False
    allow_new: bool = False
    metrics: tuple[str, ...] = METRICS
    """Of what is gated: p50 and p99 where a workload observes latencies, as far as its rounds have the samples."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """Patterns of cell ids (`*` and `?` as in file names, brackets as they are), the last that fits counts."""

    def margin_of(self, cell: str) -> float:
        """The margin of one cell."""
        found = [share for pattern, share in self.margins.items() if fits(cell, pattern)]
        return found[-1] if found else self.margin


def fits(cell: str, pattern: str) -> bool:
    """Whether a cell id fits a pattern in which only `*` and `?` are special, since ids are full of brackets."""
    return fnmatchcase(cell, pattern.replace("[", "[[]"))


def share(text: object, what: str) -> float:
    """`3%` or `2.5 %` as 0.03 or 0.025; raises ConfigError, also for a bare number, which could mean either."""
    match = SHARE.fullmatch(str(text))
    if match is None:
        raise ConfigError(f"{what} must be a percentage such as 3%, not {text!r}")
    value = float(match[1]) / 100
    if not LEAST_MARGIN <= value <= LARGEST_MARGIN:
        raise ConfigError(f"{what} must lie between {LEAST_MARGIN:.1%} and {LARGEST_MARGIN:.0%}, not {text}")
    return value


def span_s(text: object, what: str) -> float:
    """`10m`, `90s` or `600` as seconds; raises ConfigError."""
    match = SPAN.fullmatch(str(text))
    value = float(match[1]) * SPANS_S[match[2]] if match else 0.0
    if value <= 0:
        raise ConfigError(f"{what} must be a time such as 10m or 90s, not {text!r}")
    return value


def load(path: Path = Path("pyproject.toml")) -> GateConfig:
    """The settings of a project; those of the dataclass where there is no file or no section. Raises ConfigError."""
    return _config(section(path, "gate"), path)


def section(path: Path, *inner: str) -> Mapping[str, Any]:
    """The table [tool.when-async] of a pyproject.toml, or one in it; empty where there is none. Raises ConfigError."""
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    names = ("tool", "when-async", *inner)
    for name in names:
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise ConfigError(f"[{'.'.join(names)}] in {path} must be a table")
    return dict(found)


def not_known(what: str, name: str, known: Collection[str]) -> ConfigError:
    """The refusal of a setting by another name than there is."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}" if near else f"known are {', '.join(sorted(known))}"
    return ConfigError(f"{what} is not a setting; {hint}")


def _config(section: Mapping[str, Any], path: Path) -> GateConfig:
    readers = {
        "base": _text, "python": _text, "margin": share, "budget": span_s, "workloads": _texts, "runners": _texts,
        "generated": _texts, "target": _targets,
        "metrics": _texts, "allow-undecided": _flag, "allow-new": _flag, "margins": _margins,
    }  # fmt: skip
    values: dict[str, Any] = {}
    for name, value in section.items():
        what = f"{name} of [tool.when-async.gate] in {path}"
        if name == "fail-inconclusive":
            raise ConfigError(f"{what} is what a gate always does now: take it out, or write allow-undecided = true")
        if name not in readers:
            raise not_known(what, name, readers)
        place = {"budget": "budget_s", "target": "targets"}.get(name, name.replace("-", "_"))
        values[place] = readers[name](value, what)
    config = replace(GateConfig(), **values)
    wrong = [metric for metric in config.metrics if metric not in METRICS]
    if wrong or not config.metrics:
        known = f"{', '.join(METRICS[:-1])} and {METRICS[-1]}"
        raise ConfigError(f"metrics of [tool.when-async.gate] in {path} must be of {known}, not {wrong}")
    return config


def _targets(value: object, what: str) -> tuple[Target, ...]:
    if not isinstance(value, Sequence) or not all(isinstance(each, Mapping) for each in value):
        raise ConfigError(f"{what} must be tables: [[tool.when-async.gate.target]], each with a call")
    return tuple(_target(each, what) for each in value)


def _target(table: Mapping[str, object], what: str) -> Target:
    readers: dict[str, Callable[[object, str], Any]] = {
        "call": _text, "args": _json(list), "kwargs": _json(dict), "items": _json(list), "runners": _texts,
        "in_flight": _count, "ops": _count,
    }  # fmt: skip
    known = {name.replace("_", "-") for name in readers}
    values: dict[str, Any] = {}
    for name, value in table.items():
        place = name.replace("-", "_")
        if place not in readers:
            raise not_known(f"{name} of a {what}", name, known)
        values[place] = readers[place](value, f"{name} of a {what}")
    if not values.get("call"):
        raise ConfigError(f'a {what} has no call; write call = "package.module:function"')
    return Target(**values)


def _json(kind: type) -> Callable[[object, str], str]:
    """A list or table as JSON text, which is how it travels to workers."""

    def read(value: object, what: str) -> str:
        if not isinstance(value, kind):
            raise ConfigError(f"{what} must be a {'list' if kind is list else 'table'}, not {value!r}")
        try:
            return json.dumps(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{what} must hold what JSON can: texts, numbers, true, lists, tables") from None

    return read


def _count(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{what} must be a whole number of 1 or more, not {value!r}")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{what} must be a text in quotes, not {value!r}")
    return value


def _texts(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"{what} must be a list of texts, not {value!r}")
    return tuple(value)


def _flag(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{what} must be true or false, not {value!r}")
    return value


def _margins(value: object, what: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what} must be a table of patterns and percentages, not {value!r}")
    return {str(pattern): share(margin, f"the margin of {pattern!r} in {what}") for pattern, margin in value.items()}
