"""The exhibition is played to its end, thinks as long as it says, and its bounds are those of one who takes turns."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.bench.worker.equality import wait_of_one_s
from when_async.workloads import chess
from when_async.workloads.bodies import thinking
from when_async.workloads.chess import CHESS, bounds, ideal_s

PARAMS = {"n": 3, "moves": 2, "wait_s": 0.055, "cpu_s": 0.005}
ITEMS = CHESS.make_items(PARAMS, 1)
CPU_NS, WAIT_NS = 5_000_000, 55_000_000
POINTS = [point for points in CHESS.grid.values() for point in points]


class Table:
    """A player and a clock that only moves when somebody thinks or waits; every return is 1 us late."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 0
        self.steps: list[str] = []
        monkeypatch.setattr(chess, "think", self.think)
        monkeypatch.setattr(chess, "time", SimpleNamespace(perf_counter_ns=lambda: self.now_ns))
        self.kit: Any = SimpleNamespace(sleep=self.sleep, in_flight=1, address=None)

    def think(self, cpu_ns: int) -> int:
        self.steps.append("think")
        self.now_ns += cpu_ns
        return cpu_ns

    def sleep(self, seconds: float) -> None:
        self.steps.append("wait")
        self.now_ns += round(seconds * 1e9) + 1000

    async def sleep_on_a_loop(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    return Table(monkeypatch)


def played(table: Table) -> list[Any]:
    op = CHESS.bodies["blocking"](table.kit, PARAMS)
    return [op(item) for item in ITEMS]


def test_a_board_is_thought_about_before_each_reply_is_waited_for(table: Table) -> None:
    played(table)
    assert table.steps == ["think", "wait"] * 2 * 3


async def test_both_bodies_play_the_same_game(table: Table) -> None:
    kit: Any = SimpleNamespace(sleep=table.sleep_on_a_loop, in_flight=3, address=None)
    op = await CHESS.bodies["async"](kit, PARAMS)
    assert [await op(item) for item in ITEMS] == played(table)


def test_a_game_ends_where_its_moves_lead_to(table: Table) -> None:
    seen = chess.observe(PARAMS, ITEMS, played(table))
    assert CHESS.check(PARAMS, ITEMS, seen.results) == "3 boards, 2 moves each"


def test_the_times_are_taken_off_the_results(table: Table) -> None:
    seen = chess.observe(PARAMS, ITEMS, played(table))
    assert [len(result) for result in seen.results] == [2, 2, 2]
    assert seen.figures == {"thought_s": pytest.approx(0.005)}
    assert seen.latencies_ns == [1000] * 6


def test_a_timer_that_fires_early_leaves_nobody_waiting_less_than_nothing() -> None:
    seen = chess.observe(PARAMS, ITEMS[:1], [(0, 1, 2 * CPU_NS, (-400, 7))])
    assert seen.latencies_ns == [0, 7]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param((0, 1, 2 * CPU_NS - 1, (0, 0)), "of thought", id="thought too little"),
        pytest.param((0, 1, 2 * CPU_NS, (0,)), "1 replies to 2 moves", id="reply left out"),
        pytest.param(None, "came back as None", id="none"),
    ],
)
def test_a_board_that_was_not_played_in_full_is_refused(result: Any, words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        chess.observe(PARAMS, ITEMS[:1], [result])


def at(board: int, moves: int) -> tuple[int, int]:
    return board, thinking.churn(ITEMS[board][1], moves * (chess.PLAYED + chess.REPLIED))


RIGHT = [at(board, 2) for board in range(3)]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([at(0, 1), *RIGHT[1:]], id="a lost move"),
        pytest.param([at(0, 3), *RIGHT[1:]], id="a move too many"),
    ],
)
def test_the_oracle_refuses_other_positions(results: list[Any]) -> None:
    assert CHESS.check(PARAMS, ITEMS, RIGHT)
    with pytest.raises(WrongAnswer):
        CHESS.check(PARAMS, ITEMS, results)


def test_the_seed_sets_up_other_positions_on_the_same_boards() -> None:
    other = CHESS.make_items(PARAMS, 2)
    assert CHESS.make_items(PARAMS, 1) == ITEMS != other
    assert [board for board, _ in other] == [0, 1, 2]
    assert all(0 < opening < thinking.MODULUS for _, opening in other)


def test_the_exhibition_of_the_notes_takes_twelve_hours_or_one() -> None:
    found = bounds({"n": 24, "moves": 30, "wait_s": 55.0, "cpu_s": 5.0}, 24)
    assert found["one board after another"] == pytest.approx(12 * 3600)
    assert found["taking turns"] == pytest.approx(3600)


@pytest.mark.parametrize("boards", [1, 2, 5, 11, 12, 13, 24, 48])
@pytest.mark.parametrize("moves", [1, 2, 7])
def test_the_bound_with_the_ends_is_what_a_player_takes_who_serves_whoever_waited_longest(
    boards: int, moves: int
) -> None:
    ready, now, left = [0.0] * boards, 0.0, [moves] * boards
    while any(left):
        board = min((board for board in range(boards) if left[board]), key=lambda board: (ready[board], board))
        now = max(now, ready[board]) + 5
        ready[board], left[board] = now + 55, left[board] - 1
    params = {"n": boards, "moves": moves, "wait_s": 0.055, "cpu_s": 0.005}
    assert bounds(params, boards)["taking turns, first move to last reply"] == pytest.approx(max(ready) / 1000)


def test_the_sides_of_the_bound_meet_at_twelve_boards() -> None:
    def turns(boards: int) -> float:
        return bounds({**PARAMS, "n": boards, "moves": 1}, boards)["taking turns"]

    assert turns(1) == turns(12) == pytest.approx(0.06)
    assert turns(13) == pytest.approx(0.065)


def test_no_bound_with_the_ends_is_given_where_boards_wait_for_a_place() -> None:
    assert set(bounds({**PARAMS, "n": 24}, 8)) == {"one board after another", "taking turns"}


@pytest.mark.parametrize(("in_flight", "ideal"), [(1, 0.36), (2, 0.24), (3, 0.12), (9, 0.12)])
def test_the_ideal_has_a_player_at_every_board(in_flight: int, ideal: float) -> None:
    assert ideal_s(PARAMS, in_flight) == pytest.approx(ideal)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_no_bound_is_below_the_ideal_and_lengths_are_whole_milliseconds(point: Any) -> None:
    ideal = ideal_s(point.params, point.concurrency)
    assert all(bound >= ideal - 1e-12 for bound in bounds(point.params, point.concurrency).values())
    for name in ("wait_s", "cpu_s"):
        assert point.params[name] * 1000 == pytest.approx(round(point.params[name] * 1000))


@pytest.mark.parametrize("places", [1, 3])
def test_a_timer_of_whole_milliseconds_cuts_less_than_one_off_a_place_however_many_waits_there_are(places: int) -> None:
    """What the ideal relies on: waits and thinking in whole milliseconds, timers that end on ticks."""
    waits, cpu_ms, wait_ms = 50 * places, 5, 55
    for phase in (0.0, 0.25, 0.999):
        now = phase
        for _ in range(waits):
            now = float(int(now + cpu_ms)) + wait_ms
        assert phase + waits * (cpu_ms + wait_ms) - now < 1


def test_the_harness_sees_that_all_boards_wait_equally() -> None:
    job: Any = SimpleNamespace(workload=CHESS, params=PARAMS)
    assert wait_of_one_s(job, 3) == pytest.approx(0.12)


def test_thinking_ends_with_the_first_reading_past_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = count(100, 30)
    monkeypatch.setattr(thinking, "time", SimpleNamespace(thread_time_ns=lambda: next(readings)))
    assert thinking.think(70) == 90


def test_no_thought_is_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinking, "time", SimpleNamespace(thread_time_ns=lambda: 5))
    assert thinking.think(0) == 0


def test_thinking_uses_cpu_of_its_own_thread() -> None:
    import time

    before = time.thread_time_ns()
    used = thinking.think(200_000)
    assert 200_000 <= used <= time.thread_time_ns() - before
