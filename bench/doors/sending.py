"""What has no name or no JSON is pickled for the processes that run it; what cannot be is named in one line."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ..model import WhenAsyncError
from .places import importable

EXTRA = "pip install 'when-async[notebook]'"
PLAIN = (str, int, float, bool, type(None))


class Unsendable(WhenAsyncError):
    """It cannot be sent to a process of its own; the text says what and what to do."""


@dataclass(frozen=True)
class Given:
    """What a function is called with: arguments, or items of which each call gets one."""

    args: Sequence[Any] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    items: Sequence[Any] = ()

    @property
    def parts(self) -> Iterator[tuple[str, Any]]:
        """Every value, with the words that name it."""
        yield from ((f"args[{at}]", each) for at, each in enumerate(self.args))
        yield from ((f"kwargs[{name!r}]", each) for name, each in self.kwargs.items())
        yield from ((f"items[{at}]", each) for at, each in enumerate(self.items))

    @property
    def plain(self) -> bool:
        """Whether JSON brings all of it back as it is."""
        return all(_plain(each) for _, each in self.parts)

    def as_json(self) -> tuple[str, str, str]:
        """Arguments, named ones and items, for a call that takes JSON."""
        items = json.dumps(list(self.items)) if self.items else ""
        return json.dumps(list(self.args)), json.dumps(self.kwargs), items


def _plain(value: Any) -> bool:
    """Whether JSON makes the very same of it; a tuple would come back as a list, an enum as its number."""
    if type(value) is dict:
        return all(type(name) is str and _plain(each) for name, each in value.items())
    if type(value) is list:
        return all(map(_plain, value))
    return type(value) in PLAIN and value == value and value not in (float("inf"), float("-inf"))


def packed_arguments(given: Given, abroad: str) -> bytes:
    """All of it pickled; raises Unsendable with the name of what cannot be. `abroad` is another interpreter's name."""
    by_value = False
    for name, value in given.parts:
        try:
            by_value |= _needs_value(pickle.dumps(value, 5))
        except Exception as error:
            words = " ".join(str(error).split())
            raise Unsendable(
                f"{name}, of type {type(value).__name__}, cannot be sent to a process of its own ({words}); "
                "make it inside the function, or give what it is made from"
            ) from None
        if by_value:
            _check_cloudpickle(f"{name}, whose class is defined in this notebook or script,", "its class", abroad)
    whole = ([*given.args], {**given.kwargs}, [*given.items])
    return _by_value(whole) if by_value else pickle.dumps(whole, 5)


def packed_function(function: Any, short: str, abroad: str) -> bytes:
    """A function without a name that leads to it, pickled; raises Unsendable."""
    with suppress(Exception):
        named = pickle.dumps(function, 5)
        if not _needs_value(named) and _reachable(function):
            return named
    _check_cloudpickle(f"{short} has no name that another process could import, so it", "it", abroad)
    try:
        with _modules_by_value(function):
            return _by_value(function)
    except Exception as error:
        words = " ".join(str(error).split())
        raise Unsendable(f"{short} cannot be sent to a process of its own ({words}); put it in a module") from None


def _needs_value(pickled: bytes) -> bool:
    """Whether it names something of the main module, which is another one in a process of its own."""
    return b"__main__" in pickled


def _reachable(function: Any) -> bool:
    module = getattr(function, "__module__", None)
    return not module or importable(module)


def _check_cloudpickle(what: str, which: str, abroad: str) -> None:
    try:
        import cloudpickle  # noqa: F401
    except ImportError:
        raise Unsendable(
            f"{what} is sent by cloudpickle, which is not installed; {EXTRA}, or put {which} in a module"
        ) from None
    if abroad:
        raise Unsendable(f"{what} is sent by cloudpickle, which Python {abroad} cannot read; put {which} in a module")


def _by_value(value: Any) -> bytes:
    import cloudpickle

    found: bytes = cloudpickle.dumps(value, 5)
    return found


@contextmanager
def _modules_by_value(function: Any) -> Iterator[None]:
    """Send along what a module holds of which only this process knows the name."""
    import cloudpickle

    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or importable(module.__name__):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
