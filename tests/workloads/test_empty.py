"""The empty workload does nothing, or spins until the clock says so."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import empty
from when_async.workloads.empty import EMPTY

PARAMS = {"n": 4, "spin_s": 0.0}
ITEMS = EMPTY.make_items(PARAMS, 1)
KIT: Any = SimpleNamespace(sleep=None, in_flight=1, address=None)


def test_the_op_returns_its_item() -> None:
    op = EMPTY.bodies["pure"](KIT, PARAMS)
    assert [op(item) for item in ITEMS] == ITEMS


def test_without_a_spin_the_clock_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def clock() -> float:
        raise AssertionError("an empty op read the clock")

    monkeypatch.setattr(empty, "time", SimpleNamespace(perf_counter=clock))
    assert EMPTY.bodies["pure"](KIT, PARAMS)(3) == 3


def test_a_spin_ends_with_the_first_reading_at_or_past_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(empty, "time", SimpleNamespace(perf_counter=lambda: next(ticks) / 128))
    op = EMPTY.bodies["pure"](KIT, {"n": 4, "spin_s": 8 / 128})
    assert op(3) == 3
    assert next(ticks) == 9


def test_the_oracle_counts_the_ops_that_came_back_and_refuses_a_wrong_one() -> None:
    assert EMPTY.check(PARAMS, ITEMS, list(ITEMS)) == "4 ops came back"
    with pytest.raises(WrongAnswer):
        EMPTY.check(PARAMS, ITEMS, [*ITEMS[:-1], 7])


def test_there_is_no_ideal_time_for_nothing() -> None:
    assert EMPTY.ideal_s is None
