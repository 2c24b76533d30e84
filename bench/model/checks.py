"""Refuses a field of a workload or runner that cannot be what it is, where it is made and with what is right there.

What passed here would come up as a TypeError in the midst of a plan, or not at all. Workers make workloads too, so it
is of the standard library and quick.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .errors import WhenAsyncError, last_words
from .words import ADDRESS

SHOWN = 60
"""Characters of a wrong value that a complaint shows."""
FORBIDDEN = re.compile(r"[\[\],=]")
"""What ids have between their parts, `sleep[wait=10ms,n=100]`."""
KEY = re.compile(r"[A-Za-z]\w*")


class FieldError(WhenAsyncError, TypeError):
    """A field of a workload or runner that cannot be as it is; the text names it and says what is right."""


def refuse(field: str, right: str, value: object) -> FieldError:
    """`params of sleep must be a tuple of Param, not 3`."""
    shown = " ".join(ADDRESS.sub("", repr(value)).split())
    return FieldError(f"{field} must be {right}, not {shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + '…'}")


def name(field: str, value: object, forbidden: re.Pattern[str] = FORBIDDEN, signs: str = "[ ] , =") -> None:
    """What things are called by in ids, selectors and tables."""
    printable = isinstance(value, str) and bool(value) and value.isprintable() and value == value.strip()
    if not printable or str(value).startswith("-") or forbidden.search(str(value)):
        raise refuse(field, f"one line of text without {signs} and without a space or - in front", value)


def as_name(text: str) -> str:
    """The text with _ in place of what no name may have: files are called anything."""
    printable = "".join(letter if letter.isprintable() else "_" for letter in text)
    return FORBIDDEN.sub("_", re.sub(r"^[-\s]|\s$", "_", printable))


def key(field: str, value: object) -> None:
    """What a parameter or figure is called: a word as Python has them."""
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise refuse(field, "a word of letters, digits and _ such as wait_s", value)


def line(field: str, value: object) -> None:
    """A text that fits into a table, perhaps an empty one."""
    if not isinstance(value, str) or not value.isprintable():
        raise refuse(field, "a text of one line", value)


def flag(field: str, value: object) -> None:
    if not isinstance(value, bool):
        raise refuse(field, "True or False", value)


def one_of(field: str, value: object, words: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in words:
        raise refuse(field, f"one of {', '.join(map(repr, words))}", value)


def called(field: str, value: object, arguments: str, *, optional: bool = False) -> None:
    """A function; `arguments` are those that it is called with."""
    if not callable(value) and not (optional and value is None):
        raise refuse(field, f"a function of ({arguments}){' or None' if optional else ''}", value)


def number(field: str, value: object, low: float = -math.inf) -> None:
    """A finite number, and no bool, which Python takes for one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < low:
        raise refuse(field, "a finite number" + (f" of {low:g} or more" if low > -math.inf else ""), value)


def whole(field: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise refuse(field, f"a whole number from {low} to {high}", value)


def several(field: str, values: object, kind: type) -> None:
    """A tuple or list of values of one kind."""
    noun = "text" if kind is str else kind.__name__
    if isinstance(values, kind):
        raise FieldError(f"{field} is one {noun} and must be a tuple of them; a tuple of one ends in a comma")
    if not isinstance(values, tuple | list) or not all(isinstance(each, kind) for each in values):
        raise refuse(field, f"a tuple of {noun}", values)


def words(field: str, values: object) -> None:
    """A tuple of names of modules or styles."""
    several(field, values, str)
    assert isinstance(values, tuple | list)
    for each in values:
        name(f"a word in {field}", each)


def mapping(field: str, value: object, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise refuse(field, f"a dict of {what}", value)
    return value


def apart(field: str, values: Iterable[str]) -> None:
    """Each has another name."""
    seen: set[str] = set()
    for each in values:
        if each in seen:
            raise FieldError(f"{field} has {each!r} twice; give each another name")
        seen.add(each)


def version(field: str, value: object, *, optional: bool = False) -> None:
    if optional and value is None:
        return
    pair = isinstance(value, tuple) and len(value) == 2
    if not pair or not all(type(each) is int for each in value):  # type: ignore[attr-defined]
        raise refuse(field, "two whole numbers such as (3, 12)", value)


def answer(field: str, right: str, function: Callable[..., Any], *arguments: object) -> Any:
    """What a function of a workload or runner says where a plan is made; raises FieldError where it fails."""
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:
        failed = " ".join(last_words(error).split())
        raise FieldError(f"{field} must return {right}, and raised {failed}") from error
