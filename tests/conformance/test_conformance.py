"""Every runner there is keeps the same promises, each shown by two real workers of it (docs/method.md, R7, R8, R13).

One is led through a few rounds of which some go wrong, the other hangs; what the tests state is read from what their
ops wrote down and from the system, not from the runner. The runners are found, so a new one is held to this too.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from conformance_driver import (
    ENDS_WITHIN_S,
    OPS,
    PATIENCE_S,
    SETTLES_WITHIN_S,
    Driver,
    Seen,
    driven,
    in_flight,
)
from conformance_field import RUNNERS, environment

from support.commands import wait_until
from support.contestants.conformance import FORGET, HANG, LEAVES, PROMISE, RAISES, STUMBLE, WORK
from when_async.bench.machine.host import Host
from when_async.bench.model import Runner
from when_async.bench.processes import worker as process
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut

HANGS_S = 0.05

BACKGROUND = {
    "dask": "its client, scheduler and workers talk to each other all the time, which takes tasks and sockets that "
    "come and go; what would leak with each op still shows",
}
"""Runners of which fewer than one in two ops may leave a task or a descriptor, and why."""


@dataclass
class Story:
    """What became of one runner: its rounds in order, its end, and the end of the one that hung."""

    runner: Runner
    rounds: list[Seen]
    complaint: str
    left: list[str]
    litter: list[str]
    given_up: str
    outlived: list[str]

    def of(self, deed: str) -> list[Seen]:
        return [seen for seen in self.rounds if seen.deed == deed]


def led(driver: Driver) -> tuple[list[Seen], str, list[str], list[str]]:
    """Rounds of all kinds to an orderly end; the one that may break a pool comes last."""
    first = driver.round(WORK, prove=True)
    slack = slack_of(driver.runner)
    deeds = (STUMBLE, FORGET, WORK, WORK, WORK)
    rounds = [first, *(driver.round(deed, at_most=first.held, slack=slack) for deed in deeds), driver.round(PROMISE)]
    complaint = ""
    try:
        driver.worker.ask(PATIENCE_S, do="close")
        driver.worker.wait(PATIENCE_S)
    except (ProcessFailed, ProcessTimedOut) as error:
        complaint = str(error)
    return rounds, complaint, driver.left(SETTLES_WITHIN_S), driver.litter()


def hung(driver: Driver) -> tuple[str, list[str]]:
    """A round that never ends: what is said when the time is up, and what is left once it was killed."""
    driver.order(HANG)
    driver.worker.send(json.dumps({"do": "round"}))
    wait_until(lambda: len(driver.lines()) >= in_flight(driver.runner) or not driver.worker.alive(), PATIENCE_S)
    try:
        driver.worker.expect("done", HANGS_S)
        return "it was done", []
    except (ProcessFailed, ProcessTimedOut) as error:
        driver.family()
        driver.worker.kill()
        return str(error), driver.left(ENDS_WITHIN_S)


def slack_of(runner: Runner) -> int:
    """By how much what a runner holds may differ from round to round."""
    return OPS // 2 if runner.name in BACKGROUND else 0


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The two workers live side by side, which takes half the time."""
    found, folder = RUNNERS[request.param], tmp_path_factory.mktemp("c")

    def lead() -> tuple[list[Seen], str, list[str], list[str]]:
        with driven(host, environment(), found, folder / "1") as driver:
            return led(driver)

    def hang() -> tuple[str, list[str]]:
        with driven(host, environment(), found, folder / "2") as driver:
            return hung(driver)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(process, "STACK_WAIT_S", HANGS_S)
        leading, hanging = pool.submit(lead), pool.submit(hang)
        return Story(found.value, *leading.result(), *hanging.result())


def test_as_many_ops_are_in_flight_as_were_asked_for_and_never_more(story: Story) -> None:
    assert {seen.peak for seen in story.rounds} == {in_flight(story.runner)}


def test_the_runner_says_of_itself_what_its_ops_saw(story: Story) -> None:
    assert story.rounds[0].answer.get("peak_in_flight") == story.rounds[0].peak


@pytest.mark.parametrize("deed", [WORK, STUMBLE, FORGET])
def test_every_op_is_done_once_and_only_once(story: Story, deed: str) -> None:
    for seen in story.of(deed):
        assert seen.times("+") == seen.times("-") == Counter(range(OPS))


def test_every_round_of_sound_ops_gives_the_results_of_the_oracle_also_after_others_have_failed(story: Story) -> None:
    assert [seen.complaint for seen in story.of(WORK)] == ["", "", "", ""]
    assert [seen.answer.get("squares") for seen in story.of(WORK)] == [OPS] * 4


def test_an_op_that_raises_or_exits_is_told_with_its_index_and_its_words(story: Story) -> None:
    (stumbled,) = story.of(STUMBLE)
    assert stumbled.complaint.startswith(f"2 of {OPS} ops failed (")
    assert f"op {RAISES}: LookupError: no item {RAISES}" in stumbled.complaint
    assert f"op {LEAVES}: SystemExit: no item {LEAVES}" in stumbled.complaint


def test_a_coroutine_that_an_op_forgets_fails_the_round(story: Story) -> None:
    (forgot,) = story.of(FORGET)
    assert "coroutine 'never_awaited' was never awaited" in forgot.complaint


def test_a_coroutine_that_an_op_returns_fails_the_round(story: Story) -> None:
    (promised,) = story.of(PROMISE)
    assert "coroutine" in promised.complaint
    assert "\n" not in promised.complaint


def test_nothing_grows_from_round_to_round(story: Story) -> None:
    slack = slack_of(story.runner)
    first, *later = story.of(WORK)
    assert [seen.held.beyond(first.held, slack) for seen in later] == [{}, {}, {}]


def test_a_closed_session_leaves_neither_process_nor_file_behind(story: Story) -> None:
    assert (story.complaint, story.left, story.litter) == ("", [], [])


def test_ops_that_hang_are_given_up_when_the_time_is_up(story: Story) -> None:
    assert story.given_up.startswith(f"no answer within {HANGS_S:g} s")


def test_nothing_outlives_the_kill_of_ops_that_hang(story: Story) -> None:
    assert story.outlived == []


def test_a_runner_that_is_said_to_be_unable_to_run_here_cannot_be_opened_here(
    refused: str, host: Host, tmp_path: Path
) -> None:
    with pytest.raises(ProcessFailed, match=r"^\w+Error: "), driven(host, environment(), RUNNERS[refused], tmp_path):
        pass
