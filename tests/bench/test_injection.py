"""A slow-down of known size is put into head by loops whose number is found out by measuring."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from support import fakes, gate_pairs
from when_async.bench.gate.controls import inject_all, injected, unchanged
from when_async.bench.gate.injection import against_itself, doubling_loops, labelled, slowed
from when_async.bench.gate.pairs import PAIR_SETTINGS, PairedCell, PairFailed
from when_async.bench.model import Pair
from when_async.bench.plan import build
from when_async.bench.registry import Found

ROUND_S, OPS = gate_pairs.ROUND_S, gate_pairs.OPS


def paired(name: str = "tiny", one_core: bool = True) -> PairedCell:
    runner = "sync" if one_core else "threading"
    plan = build(
        [(Found(fakes.workload(name), fakes.REF), fakes.point())],
        {runner: fakes.runner(runner, one_core=one_core)}, [fakes.ENVIRONMENT], PAIR_SETTINGS,
    )  # fmt: skip
    (comparison,) = plan.comparisons
    (contestant,) = comparison.contestants
    cell = f"{name}[n=20,c=4]-{runner}"
    return PairedCell(cell, comparison, labelled(contestant, "base"), labelled(contestant, "head"))


class Machine:
    """Slows head as `cost_s` says, which gets the number of loops in an op and gives seconds per round."""

    def __init__(self, cost_s: Callable[[int], float], blind: tuple[str, ...] = ()) -> None:
        self.cost_s = cost_s
        self.blind = blind
        self.loops: list[int] = []

    def take(self, paired: PairedCell, series: str, index: int) -> Pair:
        assert paired.base.extra_loops == 0
        loops = paired.head.extra_loops
        assert loops is not None
        self.loops.append(loops)
        slow_s = 0.0 if paired.cell in self.blind else self.cost_s(loops)
        return gate_pairs.pair(math.log1p(slow_s / ROUND_S), series, index)


def linear(loop_s: float) -> Machine:
    return Machine(lambda loops: loops * OPS * loop_s)


def doubling(machine: Machine) -> float:
    taker: Any = machine
    return doubling_loops(taker, paired())


@pytest.mark.parametrize("loop_s", [2e-9, 20e-9, 60e-9, 500e-9])
def test_the_loops_that_double_a_round_are_found_on_fast_and_slow_machines(loop_s: float) -> None:
    # One round of 10 ms has 20 ops, so each op has to get 0.5 ms more.
    assert doubling(linear(loop_s)) == pytest.approx(ROUND_S / OPS / loop_s, rel=0.01)


def test_the_size_is_read_off_near_a_fifth_and_not_far_from_it() -> None:
    machine = linear(100e-9)
    doubling(machine)
    last = machine.loops[-1] * OPS * 100e-9 / ROUND_S
    assert 0.10 <= last <= 0.40


def test_where_waiting_hides_the_work_no_size_can_be_set() -> None:
    machine = Machine(lambda loops: 0.0)
    with pytest.raises(PairFailed, match="so the size cannot be set"):
        doubling(machine)
    assert machine.loops == sorted(machine.loops)


def test_extra_work_leaves_base_with_the_bare_wrapper() -> None:
    found = slowed(paired(), 9)
    assert (found.base.extra_loops, found.head.extra_loops) == (0, 9)


def test_against_itself_differs_in_nothing_but_the_label() -> None:
    given = paired()
    found = against_itself(given.base, given)
    assert (found.base.cell.python, found.head.cell.python) == ("base", "head")
    assert found.base.workload == found.head.workload
    assert found.base.runner == found.head.runner
    assert found.base.environment.executable == found.head.environment.executable


def test_few_cells_get_one_unchanged_control_on_one_core() -> None:
    (control,) = unchanged([paired("many", one_core=False), paired("single")])
    assert control.paired.cell == "single[n=20,c=4]-sync"
    assert (control.injected, control.key) == (0.0, "unchanged control single[n=20,c=4]-sync")


def test_many_cells_get_two_unchanged_controls_of_different_workloads() -> None:
    controls = unchanged([paired(name) for name in ("a", "a", "a", "b", "b", "c", "c")])
    assert [control.paired.cell.partition("[")[0] for control in controls] == ["a", "b"]


def test_an_injected_control_is_three_margins_slower_and_at_least_a_tenth() -> None:
    for margin, effect in ((0.03, 0.10), (0.10, 0.30)):
        taker: Any = linear(20e-9)
        control = injected([paired()], lambda cell, margin=margin: margin, taker)
        assert control is not None
        assert control.injected == pytest.approx(effect)
        assert control.paired.head.extra_loops == pytest.approx(effect * ROUND_S / OPS / 20e-9, rel=0.01)


def test_a_cell_that_cannot_be_slowed_hands_the_injected_control_on() -> None:
    machine = linear(20e-9)
    machine.blind = ("a[n=20,c=4]-sync",)
    taker: Any = machine
    control = injected([paired("a"), paired("b")], lambda cell: 0.03, taker)
    assert control is not None
    assert control.paired.cell == "b[n=20,c=4]-sync"
    machine.blind = ("a[n=20,c=4]-sync", "b[n=20,c=4]-sync")
    assert injected([paired("a"), paired("b")], lambda cell: 0.03, taker) is None


def test_all_paired_cells_can_be_slowed_and_those_that_cannot_say_why() -> None:
    machine = linear(20e-9)
    machine.blind = ("b[n=20,c=4]-sync",)
    taker: Any = machine
    said: list[str] = []
    able, failed = inject_all({"a": paired("a"), "b": paired("b")}, 0.05, taker, said.append)
    assert able["a"].head.extra_loops == pytest.approx(0.05 * ROUND_S / OPS / 20e-9, rel=0.01)
    assert list(failed) == ["b"]
    assert "cannot be set" in failed["b"]
    assert len(said) == 2
