"""Holds the results of a round against the oracle, and tells them by what they hold (method.md, R7)."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Job, Unsuited, WrongAnswer, last_words
from ..model.contents import Untold, contents, digest_of
from .trap import Refused

SHOWN = 60
"""Characters of an answer that a complaint shows."""
DUTY = "`check` raises WrongAnswer where results are wrong, and else says in words what is right, such as '20 sums'"


def check_items(items: Any) -> None:
    """Refuse a round without work: nothing is done in no time."""
    if not (hasattr(items, "__len__") and hasattr(items, "__getitem__")) or isinstance(items, Mapping):
        raise Refused(f"its make_items returned {type(items).__name__} and not a list with one item for each op")
    if not len(items):
        raise Refused("its make_items makes no items, so there is nothing to do: return one item for each op")


def judge(job: Job, items: Sequence[Any], results: Sequence[Any]) -> tuple[str, str]:
    """Hold the results against the oracle; returns its answer and a digest of all results in order of the items.

    Raises Refused where the oracle does not take them, where it says nothing, and where what they hold cannot be told.
    """
    try:
        answer = job.workload.check(job.params, items, results)
    except WrongAnswer as error:
        raise Refused(f"wrong answer: {error}") from error
    except AssertionError as error:
        raise Refused(f"wrong answer: {' '.join(str(error).split()) or _place(error)}") from error
    except Unsuited:
        raise
    except Exception as error:
        raise Refused(f"its oracle failed: {' '.join(last_words(error).split())}") from error
    if inspect.iscoroutine(answer):
        answer.close()
    if not isinstance(answer, str) or not answer.strip():
        raise Refused(f"its oracle answered {repr(answer)[:SHOWN]}: {DUTY}")
    try:
        return answer, digest_of(contents(results))
    except Untold as error:
        raise Refused(str(error)) from error


def _place(error: AssertionError) -> str:
    """Which assertion it was that says nothing."""
    import traceback  # nobody else needs it here

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"the assertion at {os.path.basename(frame.filename)}:{frame.lineno} does not hold"
