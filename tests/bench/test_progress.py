"""How long a run will take is a guess that gets better, and what is printed suits where it goes."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from support import fakes
from when_async.bench.model import Phase, Status, Workload
from when_async.bench.plan import Plan, blocks, build, walk
from when_async.bench.registry import Found
from when_async.bench.walk.experiment import Done, RoundStep
from when_async.bench.walk.progress import FORK_OVERHEAD_S, UNKNOWN_ROUND_S, Forecast, Progress, clock_text, guess_s

NAMES = ("my-sync", "threading")
SLEEPY = fakes.workload(ideal_s=lambda params, in_flight: 8.0 / in_flight)


def plan(workload: Workload = fakes.TINY) -> Plan:
    return build(
        [(Found(workload, fakes.REF), fakes.point(n)) for n in (10, 20)],
        fakes.runners(*NAMES),
        [fakes.ENVIRONMENT],
        fakes.SETTINGS,
    )


def steps(given: Plan) -> list[RoundStep]:
    return [
        RoundStep(comparison.contestants[index].cell.id, fork, block.phase, block.round)
        for fork, comparison in walk(given)
        for block in blocks(given.settings, comparison, fork)
        for index in block.order
    ]


ROUNDS = 2 * 2 * 2 * 4
"""Comparisons, contestants, forks, rounds with the warm-up."""


def test_before_the_first_round_every_round_is_a_guess() -> None:
    assert Forecast(plan(), fakes.Clock()).left_s() == pytest.approx(ROUNDS * UNKNOWN_ROUND_S + 2 * FORK_OVERHEAD_S)


def test_the_guess_follows_the_ideal_time_and_the_serial_runner_waits_alone() -> None:
    cell = plan(SLEEPY).cells[0]
    assert guess_s(SLEEPY, cell, serial=False) == pytest.approx(2.25)
    assert guess_s(SLEEPY, cell, serial=True) == pytest.approx(8.85)


def test_the_forecast_never_rises_and_falls_to_nothing_when_rounds_take_what_they_took() -> None:
    clock = fakes.Clock()
    given = plan()
    forecast = Forecast(given, clock)
    left = [forecast.left_s()]
    for step in steps(given):
        forecast.step(step)
        clock.pass_s(UNKNOWN_ROUND_S)
        left.append(forecast.left_s())
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(left))
    assert left[-1] == pytest.approx(0)


def test_a_round_that_takes_longer_than_thought_does_not_make_the_rest_negative() -> None:
    clock = fakes.Clock()
    given = plan()
    forecast = Forecast(given, clock)
    for step in steps(given):
        forecast.step(step)
    clock.pass_s(1000)
    assert forecast.left_s() >= 0


def test_rounds_seen_replace_the_guess() -> None:
    clock = fakes.Clock()
    given = plan()
    forecast = Forecast(given, clock)
    for step in steps(given)[: ROUNDS // 4]:
        forecast.step(step)
        clock.pass_s(10.0)
    assert forecast.left_s() > 10.0 * (ROUNDS // 4 - 2)


def test_the_rounds_of_a_lost_cell_are_not_waited_for() -> None:
    given = plan()
    progress = Progress(given, io.StringIO(), live=False)
    for cell in given.cells:
        progress.drop(cell.id)
    progress.drop("a cell that was never planned")
    assert progress.forecast.left_s() == 0


def test_what_an_interrupted_run_has_already_is_not_waited_for() -> None:
    given = plan()
    first, second, *rest = [cell.id for cell in given.cells]
    done = Done(samples={(first, 0, str(Phase.MEASURE), 0)}, decided=dict.fromkeys((second, *rest), Status.FAILED))
    progress = Progress(given, io.StringIO(), live=False)
    progress.forget(done)
    assert progress.forecast.left_s() == pytest.approx(7 * UNKNOWN_ROUND_S + FORK_OVERHEAD_S)


def test_seconds_are_shown_as_a_clock() -> None:
    assert [clock_text(seconds) for seconds in (0, 59.4, 59.6, 65, 3600)] == ["0:00", "0:59", "1:00", "1:05", "60:00"]


def test_plain_lines_hold_no_escape_codes_and_one_line_stands_for_a_whole_visit() -> None:
    stream = io.StringIO()
    given = plan()
    with Progress(given, stream, live=False) as progress:
        for step in steps(given):
            progress.step(step)
        progress.say("FAILED [red]sleep[/red]: no")
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()
    assert len(lines) == 2 * 2 + 1
    assert lines[0].startswith("fork 1/2  tiny[n=")
    assert "about" in lines[0]
    assert lines[-1] == "FAILED [red]sleep[/red]: no"


def test_quiet_progress_says_only_what_it_is_told_to_say() -> None:
    stream = io.StringIO()
    with Progress(plan(), stream, live=False, quiet=True) as progress:
        for step in steps(plan()):
            progress.step(step)
        progress.say("one line")
    assert stream.getvalue() == "one line\n"


def test_a_live_line_shows_brackets_as_they_are_and_ends_with_the_run() -> None:
    stream = io.StringIO()
    given = plan()
    with Progress(given, stream, live=True) as progress:
        progress.step(steps(given)[0])
        shown = str(progress._status.renderable.text)
        progress.say("FAILED tiny[n=10,c=4]: no")
    assert "tiny[n=" in shown
    assert "warm-up 1/1" in shown
    assert "FAILED tiny[n=10,c=4]: no" in stream.getvalue()
