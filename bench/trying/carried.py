"""Functions without a name and arguments that JSON cannot hold, in a file of pickles that a worker reads.

The parts are pickled one by one, so that only who needs a function that was sent along imports cloudpickle for it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from functools import cache
from typing import Any

Arguments = tuple[list[Any], dict[str, Any], list[Any]]
"""Positional ones, named ones, and the items that calls get in turn."""


def write(path: str, function: bytes | None, arguments: bytes | None) -> None:
    """Write what was pickled; nobody else may read it, nor write what would be run from it."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        pickle.dump((function, arguments), file)


def function(path: str) -> Any:
    """The function of such a file, the same object each time; None where it has none."""
    return _function(path)


def arguments(path: str) -> Arguments | None:
    """The arguments of such a file, fresh ones each time; None where it has none."""
    packed = _parts(path)[1]
    return None if packed is None else pickle.loads(packed)


@cache
def _function(path: str) -> Any:
    packed = _parts(path)[0]
    return None if packed is None else pickle.loads(packed)


@cache
def _parts(path: str) -> Sequence[bytes | None]:
    with open(path, "rb") as file:
        found: Sequence[bytes | None] = pickle.load(file)
    return found
