"""What most oracles have to say: each op came back, in its place, with what it had to bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from when_async.bench.model import WrongAnswer


def came_back(noun: str, expected: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many came back; raises WrongAnswer unless they are as expected, in order; `noun` is one."""
    if len(results) != len(expected):
        raise WrongAnswer(f"{len(expected)} {noun}s were asked for, {len(results)} came back")
    for place, (right, result) in enumerate(zip(expected, results, strict=True)):
        if result != right:
            raise WrongAnswer(f"{noun} {place} came back as {result!r} instead of {right!r}")
    return f"{len(results)} {noun}s came back"
