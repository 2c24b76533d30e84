"""Extra work goes before the op and changes nothing else of it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from when_async.bench.worker import slowdown
from when_async.bench.worker.slowdown import slowed, slowed_async


def double(item: int) -> int:
    return item * 2


async def double_async(item: int) -> int:
    return item * 2


def fail(item: int) -> int:
    raise LookupError(f"no item {item}")


def test_without_extra_work_the_op_is_the_very_same() -> None:
    assert slowed(double, None) is double
    assert slowed_async(double_async, None) is double_async


@pytest.mark.parametrize("loops", [0, 1, 50])
async def test_a_slowed_op_gives_the_same_results(loops: int) -> None:
    assert slowed(double, loops)(21) == 42
    assert await slowed_async(double_async, loops)(21) == 42


def test_no_loops_wrap_all_the_same_so_that_the_wrapper_is_no_difference() -> None:
    base, head = slowed(double, 0), slowed(double, 10)
    assert base is not double
    assert base.__code__ is head.__code__  # type: ignore[attr-defined]


def test_an_async_op_stays_one_and_does_its_extra_work_only_when_awaited() -> None:
    assert inspect.iscoroutinefunction(slowed_async(double_async, 3))
    assert not inspect.iscoroutinefunction(slowed(double, 3))


@pytest.mark.parametrize("loops", [0, 7])
def test_the_loop_turns_as_often_as_it_was_told(loops: int, monkeypatch: pytest.MonkeyPatch) -> None:
    turned: list[int] = []

    def counted(_: None, count: int) -> Any:
        class Turns:
            def __iter__(self) -> Any:
                for turn in range(count):
                    turned.append(turn)
                    yield turn

        return Turns()

    monkeypatch.setattr(slowdown, "repeat", counted)
    op = slowed(double, loops)
    op(1)
    op(2)
    assert len(turned) == 2 * loops


def test_what_the_op_raises_comes_through() -> None:
    with pytest.raises(LookupError, match="no item 3"):
        slowed(fail, 5)(3)
