"""The walk takes a pair of each undecided cell, pass by pass, in an order that the seed alone decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from support import gate_pairs
from support.fakes import Clock
from when_async.bench.gate.pairs import PairedCell, PairFailed
from when_async.bench.gate.walk import Broken, PairStep, Walk
from when_async.bench.model import Pair, Status
from when_async.bench.processes.service import ServiceFailed
from when_async.results.gate.deciding import CellTest, Terms

NAMES = ("one-a", "one-b", "one-c", "two-a", "two-b", "three-a")


@dataclass(frozen=True)
class Told:
    """As much of a comparison as a walk looks at."""

    id: str


def paired_cells(*names: str) -> dict[str, PairedCell]:
    nobody: Any = None
    made: Any = {name: PairedCell(name, Told(name.partition("-")[0]), nobody, nobody) for name in names}  # type: ignore[arg-type]
    return dict(made)


@dataclass
class Wants:
    """A judge that wants so many pairs of each series, one series after the other."""

    series: list[tuple[str, int]]
    seen: list[Pair] = field(default_factory=list)

    def wants(self) -> tuple[str, int] | None:
        for name, count in self.series:
            if sum(pair.series == name for pair in self.seen) < count:
                return name, count
        return None

    def owed(self) -> int:
        return sum(count for _, count in self.series) - len(self.seen)

    def urgent(self) -> bool:
        return False

    def add(self, pair: Pair) -> None:
        self.seen.append(pair)


class Taker:
    """Makes pairs at once, each of which costs a second of a fake clock; `trouble` fails a cell's n-th pair."""

    def __init__(self, trouble: Mapping[tuple[str, int], Exception] | None = None, clock: Clock | None = None) -> None:
        self.trouble = dict(trouble or {})
        self.clock = clock or Clock()
        self.order: list[str] = []
        self.indices: dict[str, list[int]] = {}

    def take(self, paired: PairedCell, series: str, index: int) -> Pair:
        self.order.append(paired.cell)
        self.indices.setdefault(paired.cell, []).append(index)
        self.clock.pass_s(1.0)
        if (paired.cell, index) in self.trouble:
            raise self.trouble[paired.cell, index]
        return gate_pairs.pair(0.0, series, index, cell=paired.cell)


def walk(
    taker: Taker, asks: Mapping[str, Any], seed: int = 1, budget_s: float = 1000.0, **options: Any
) -> tuple[Walk, list[Any]]:
    pairs: Any = taker
    made = Walk(paired_cells(*asks), asks, pairs, seed, budget_s, clock=taker.clock, **options)
    return made, list(made.events())


def asking(count: int, *names: str) -> dict[str, Wants]:
    return {name: Wants([("first", count)]) for name in names or NAMES}


def test_every_cell_gets_what_it_wants_and_the_pairs_are_numbered_on_through_the_series() -> None:
    taker = Taker()
    asks = {"one-a": Wants([("first", 3), ("fresh", 2)]), "two-a": Wants([("first", 1)])}
    _, events = walk(taker, asks)
    assert [pair.series for key, pair in events if key == "one-a"] == ["first"] * 3 + ["fresh"] * 2
    assert taker.indices == {"one-a": [0, 1, 2, 3, 4], "two-a": [0]}


def test_a_pass_takes_one_pair_of_each_cell_before_the_next_pass_begins() -> None:
    taker = Taker()
    walk(taker, asking(3))
    passes = [taker.order[start : start + len(NAMES)] for start in range(0, len(taker.order), len(NAMES))]
    assert len(passes) == 3
    assert all(sorted(each) == sorted(NAMES) for each in passes)


def test_cells_of_a_comparison_stay_neighbours() -> None:
    taker = Taker()
    walk(taker, asking(10))
    for start in range(0, len(taker.order), len(NAMES)):
        groups = [name.partition("-")[0] for name in taker.order[start : start + len(NAMES)]]
        changes = sum(one != other for one, other in pairwise(groups))
        assert changes == 2


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    orders = []
    for seed in (7, 7, 8):
        taker = Taker()
        walk(taker, asking(4), seed=seed)
        orders.append(taker.order)
    assert orders[0] == orders[1] != orders[2]


def test_passes_differ_in_their_order() -> None:
    taker = Taker()
    walk(taker, asking(6))
    assert len({tuple(taker.order[start : start + 6]) for start in range(0, 36, 6)}) > 1


def test_a_decided_cell_is_left_alone() -> None:
    taker = Taker()
    walk(taker, {**asking(2, "one-a"), **asking(0, "two-a")})
    assert taker.order == ["one-a", "one-a"]


def test_a_broken_cell_is_told_once_and_the_others_go_on() -> None:
    trouble = {("one-b", 1): PairFailed("head", Status.FAILED, "killed by signal 9")}
    taker = Taker(trouble)
    made, events = walk(taker, asking(3))
    assert [event for event in events if isinstance(event, Broken)] == [Broken("one-b", "head: killed by signal 9")]
    assert taker.order.count("one-b") == 2
    assert all(taker.order.count(name) == 3 for name in NAMES if name != "one-b")
    assert made.late == set()


def test_a_helper_that_does_not_start_breaks_its_cell_only() -> None:
    taker = Taker({("two-a", 0): ServiceFailed("the http server did not start: no port")})
    _, events = walk(taker, asking(1))
    assert Broken("two-a", "the http server did not start: no port") in events
    assert len(events) == len(NAMES)


def test_a_budget_that_runs_out_names_the_cells_that_were_not_decided() -> None:
    made, events = walk(Taker(), {**asking(2, "one-a"), **asking(100, "two-a", "three-a")}, budget_s=20.0)
    assert len(events) == 20
    assert made.late == {"two-a", "three-a"}


def test_without_a_budget_no_pair_is_taken_and_all_are_late() -> None:
    taker = Taker()
    made, events = walk(taker, asking(1), budget_s=0.0)
    assert (taker.order, events) == ([], [])
    assert made.late == set(NAMES)


def test_a_cell_that_was_decided_in_the_last_pass_is_not_late() -> None:
    made, _ = walk(Taker(), asking(1), budget_s=float(len(NAMES)))
    assert made.late == set()


def test_each_step_is_told_before_its_pair() -> None:
    steps: list[PairStep] = []
    walk(Taker(), asking(2, "one-a", "one-b"), on_step=steps.append)
    assert [(step.passed, step.place, step.undecided) for step in steps] == [(0, 0, 2), (0, 1, 2), (1, 0, 2), (1, 1, 2)]


def test_an_unchanged_cell_ends_at_the_first_look_and_a_slow_one_after_its_confirmation() -> None:
    class Chosen(Taker):
        def take(self, paired: PairedCell, series: str, index: int) -> Pair:
            plain = super().take(paired, series, index)
            jitter = 0.001 * (-1) ** index
            effect = 0.08 if paired.cell == "one-a" else 0.0
            return gate_pairs.pair(effect + jitter, plain.series, index)

    taker = Chosen()
    cell_tests = {name: CellTest(name, Terms({"wall": 0.03})) for name in ("one-a", "two-a")}
    walk(taker, cell_tests)
    assert taker.order.count("two-a") == 6
    assert taker.order.count("one-a") == 28
    assert cell_tests["one-a"].regressed() == ["wall"]


def test_what_is_neither_side_s_fault_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        walk(Taker({("one-a", 0): ZeroDivisionError()}), asking(1, "one-a"))


class Plain(Wants):
    """A judge to whom its cell is plain after two pairs, and who wants three more at once."""

    def urgent(self) -> bool:
        return 2 <= len(self.seen) < 5


def test_what_is_plain_is_confirmed_at_once_even_where_the_budget_ends_meanwhile() -> None:
    taker = Taker()
    asks: dict[str, Any] = {"one-a": Plain([("first", 2), ("fresh", 3)]), "two-a": Wants([("first", 9)])}
    made, _ = walk(taker, asks, budget_s=4.0)
    assert taker.order.count("one-a") == 5
    assert made.late == {"two-a"}


def test_more_cells_join_after_the_first_passes_or_when_nothing_else_is_undecided() -> None:
    for count, before in ((5, 3), (2, 2)):
        taker, asks = Taker(), asking(count, "one-a")

        def more(asks: dict[str, Wants] = asks) -> dict[str, PairedCell]:
            asks["two-a"] = Wants([("first", 4)])
            return paired_cells("two-a")

        made, _ = walk(taker, asks, more=more, joins=3)
        assert made.joined
        assert taker.order.index("two-a") in (before, before + 1)
        assert taker.order.count("two-a") == 4


def test_where_the_budget_ends_before_they_join_they_are_not_asked_for() -> None:
    made, _ = walk(Taker(), asking(9, "one-a"), budget_s=2.0, more=lambda: pytest.fail("asked"), joins=3)
    assert not made.joined
