"""What only finalisers say is heard and refused, once."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest

from support import fakes
from when_async.bench.worker.trap import FinaliserTrap, Refused


@pytest.fixture
def trap(hooks: None) -> FinaliserTrap:
    installed = FinaliserTrap()
    installed.install()
    return installed


class Sore:
    """Complains when it is finalised; `other` makes it part of a cycle, which only a collection ends."""

    other: Any = None

    def __del__(self) -> None:
        raise OSError("the socket was never closed")


def sore_cycle() -> list[Sore]:
    """Two that hold each other, and so need a collection once the list is emptied."""
    one, two = Sore(), Sore()
    one.other, two.other = two, one
    return [one, two]


def test_who_heard_nothing_is_content(trap: FinaliserTrap) -> None:
    trap.check()
    trap.check(sweep=False)


def test_a_coroutine_that_was_never_awaited_is_refused(trap: FinaliserTrap) -> None:
    fakes.unawaited(1)
    with pytest.raises(Refused, match=r"^coroutine 'unawaited' was never awaited$"):
        trap.check(sweep=False)


def test_an_error_in_a_finaliser_is_refused_with_its_words(trap: FinaliserTrap) -> None:
    Sore()
    with pytest.raises(Refused, match=r"OSError\('the socket was never closed'\)"):
        trap.check(sweep=False)


def test_what_was_heard_is_told_once(trap: FinaliserTrap) -> None:
    Sore()
    with pytest.raises(Refused):
        trap.check()
    trap.check()


def test_what_only_a_collection_brings_to_light_is_heard_by_a_sweep(trap: FinaliserTrap) -> None:
    gc.collect()
    gc.disable()
    try:
        del sore_cycle()[:]
        trap.check(sweep=False)
        with pytest.raises(Refused):
            trap.check(sweep=True)
    finally:
        gc.enable()


def test_a_sweep_of_what_is_young_leaves_the_rest_to_the_next_full_one(trap: FinaliserTrap) -> None:
    old = sore_cycle()
    gc.collect()
    gc.disable()
    try:
        del old[:]
        trap.check(old=False)
        del sore_cycle()[:]
        with pytest.raises(Refused):
            trap.check(old=False)
        with pytest.raises(Refused):
            trap.check()
    finally:
        gc.enable()


def test_other_warnings_are_not_refused(trap: FinaliserTrap) -> None:
    warnings.warn("this op is slow", RuntimeWarning, stacklevel=1)
    trap.check()


def test_the_same_coroutine_is_heard_again_and_not_only_the_first_time(trap: FinaliserTrap) -> None:
    for _ in range(3):
        fakes.unawaited(1)
    assert len(trap.heard) == 3
    trap.heard.clear()
