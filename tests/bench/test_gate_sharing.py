"""Threads that take turns share a core in a gate; what uses several cores keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from when_async.bench.gate.pairs import PAIR_SETTINGS, Looked, PairedCell
from when_async.bench.gate.sharing import ALONE, sharing
from when_async.bench.plan import build
from when_async.bench.registry import Found


class Seen:
    """Pairs that were looked at, with the cores that each side kept busy."""

    def __init__(self, base: float, head: float) -> None:
        self.cores = {name: value for name, value in (("base", base), ("head", head)) if value}
        self.asked: list[str] = []

    def look(self, paired: PairedCell) -> Looked:
        self.asked.append(paired.cell)
        if self.cores.get("head", 0) < 0:
            return Looked({}, {"head": "no tea"}, {"base": self.cores["base"]})
        return Looked({}, {}, self.cores)


def cell(runner: str = "threading", *, family: str = "threads", gil: bool = True) -> PairedCell:
    environment = replace(fakes.ENVIRONMENT, gil=gil)
    points = [(Found(fakes.workload(), fakes.REF), fakes.point())]
    runners = {runner: fakes.runner(runner, family=family)}
    (comparison,) = build(points, runners, [environment], PAIR_SETTINGS).comparisons
    (contestant,) = comparison.contestants
    return PairedCell("tiny-threading", comparison, contestant, contestant)


def pinned(found: tuple[PairedCell, ...]) -> set[bool]:
    sides = [side for each in found for side in (each.base, each.head, *each.comparison.contestants)]
    return {side.cell.one_core for side in sides}


@pytest.mark.parametrize(("base", "head", "expected"), [
    (0.4, 0.5, True), (1.0, ALONE, True), (1.0, 1.9, False), (1.9, 1.0, False), (0.5, -1, False), (0.5, 0, False),
])  # fmt: skip
def test_threads_share_a_core_where_neither_side_used_more_than_one(base: float, head: float, expected: bool) -> None:
    assert pinned(sharing([cell()], Seen(base, head))) == {expected}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other", [{"gil": False}, {"runner": "multiprocessing", "family": "processes"}, {"runner": "mine", "family": "own"}]
)
def test_what_is_no_thread_under_the_gil_is_not_even_looked_at(other: dict[str, Any]) -> None:
    seen = Seen(0.5, 0.5)
    assert pinned(sharing([cell(**other)], seen)) == {False}  # type: ignore[arg-type]
    assert seen.asked == []


def test_threads_behind_a_loop_are_threads() -> None:
    behind = cell("asyncio+to_thread", family="asyncio")
    assert pinned(sharing([behind], Seen(0.9, 0.9))) == {True}  # type: ignore[arg-type]
