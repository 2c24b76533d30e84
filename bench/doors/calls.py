"""A function object, or its text, with its arguments, as the call that all doors measure."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from when_async.reports.terminal.tried import Named

from ..cli.own.asking import make_call
from ..registry import RegistryError
from ..trying import carried
from ..trying.target import Call
from .places import Place, folders, installed_last, place_of
from .sending import Given, packed_arguments, packed_function

LONGEST = 200
"""Characters of an argument that a program to begin from writes down."""


class Blank:
    """Stands in a program for an argument that cannot be written down."""

    def __repr__(self) -> str:
        return "..."


@dataclass(frozen=True)
class Made:
    """A call, and the function as a program to begin from names it."""

    call: Call
    named: Named


def made(target: Any, given: Given, folder: Path, abroad: str = "") -> Made:
    """The call of a function or of `module:function`; what has to be sent is written to `folder`.

    `abroad` is the name of another interpreter that is to run it. Raises Unsendable or RegistryError.
    """
    ahead, behind = folders()
    sent: bytes | None = None
    if isinstance(target, str):
        place, ahead = Place(target, ""), installed_last(ahead)
    elif callable(getattr(target, "cache_info", None)):
        raise RegistryError(
            f"{_target_of(target)} is cached, so all calls but the first would measure the cache and not the work; "
            "give its __wrapped__"
        )
    elif not callable(target):
        raise RegistryError(f"a function or a text like 'module:function' is measured, and not {target!r}")
    else:
        found = place_of(target)
        place = found or Place(_target_of(target), "")
        if found is None:
            sent = packed_function(target, place.target, abroad)
    texts = given.as_json() if given.plain else ("[]", "{}", "")
    plain = make_call(place.target, *texts)
    arguments = None if given.plain else packed_arguments(given, abroad)
    luggage = _packed(folder, sent, arguments)
    origin = "" if abroad else place.origin
    call = Call(plain.target, plain.folder, *texts, tuple(ahead), tuple(behind), origin, luggage)
    return Made(call, _named(call, given, sent is not None))


def _packed(folder: Path, function: bytes | None, arguments: bytes | None) -> str:
    """The file of what is sent; empty where nothing is."""
    if function is None and arguments is None:
        return ""
    path = str(folder / f"{len(os.listdir(folder))}.pickle")
    carried.write(path, function, arguments)
    return path


def _target_of(function: Any) -> str:
    """A name for what has none that leads to it: `__main__:fetch`, `__main__:lambda`, `functools:partial`."""
    module = getattr(function, "__module__", None) or type(function).__module__
    name = str(getattr(function, "__qualname__", None) or type(function).__qualname__).rpartition(".")[2]
    return f"{module}:{name.strip('<>')}"


def _named(call: Call, given: Given, sent: bool) -> Named:
    args, items = [_shown(each) for each in given.args], [_shown(each) for each in given.items]
    kwargs = {name: _shown(each) for name, each in given.kwargs.items()}
    name = call.name if call.name not in ("lambda", "partial") else "function"
    return Named(call.short, "" if sent else call.module, name, args, kwargs, items)


def _shown(value: Any) -> Any:
    """A value whose text makes it again, or a blank to fill in."""
    text = repr(value)
    try:
        same = len(text) <= LONGEST and ast.literal_eval(text) == value
    except Exception:
        return Blank()
    return value if same is True else Blank()
