"""Plain values: those of which `repr` tells all, and how they are told with no order where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})
NESTS = frozenset({list, tuple, dict})
KNOWN = PLAIN | NESTS
DEEPEST = 60
MOST = 10_000_000
"""A plain value has no more parts than this: one that holds itself would have no end of them."""


def plain_text(value: Any) -> str | None:
    """The text of a value of plain parts, with each dict in the order of its keys; None where a part is not plain."""
    sorted_already = True
    level, seen = [value], 0
    for _ in range(DEEPEST):
        kinds = set(map(type, level))
        nests = kinds & NESTS
        if not kinds <= KNOWN or seen > MOST:
            return None
        if not nests:
            return _text(value if sorted_already else _reordered(value))
        if kinds != nests:
            level = [each for each in level if type(each) in NESTS]
        seen += sum(map(len, level))
        if seen > MOST:
            return None
        if dict in nests:
            dicts = [each for each in level if type(each) is dict]
            sorted_already = sorted_already and all(in_order(keys) == list(keys) for keys in set(map(tuple, dicts)))
            rest = [each for each in level if type(each) is not dict]
            values = chain.from_iterable(each.values() for each in dicts)
            level = [*chain.from_iterable(rest), *chain.from_iterable(dicts), *values]
        else:
            level = list(chain.from_iterable(level))
    return None


def _text(value: Any) -> str | None:
    try:
        return repr(value)
    except ValueError:  # an int of more digits than sys.set_int_max_str_digits allows
        return None


def _reordered(value: Any) -> Any:
    if type(value) is dict:
        return {key: _reordered(value[key]) for key in in_order(value)}
    if type(value) in (list, tuple):
        return type(value)(map(_reordered, value))
    return value


def in_order(keys: Iterable[Any]) -> list[Any]:
    """Keys of a dict in an order that does not hang on how they came."""
    try:
        return sorted(keys)
    except TypeError:
        return sorted(keys, key=repr)
