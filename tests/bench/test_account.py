"""Where the time of a run went: every second has one cause."""

from __future__ import annotations

import pytest

from support.fakes import Clock
from when_async.bench.machine.account import Account


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(clock: Clock) -> Account:
    return Account(clock)


def test_time_is_charged_to_the_cause_that_took_it(account: Account, clock: Clock) -> None:
    with account.charge("launch"):
        clock.pass_s(2)
    with account.charge("open"):
        clock.pass_s(3)
    with account.charge("launch"):
        clock.pass_s(4)
    assert account.closed() == ({"launch": 6, "open": 3, "other": 0}, 9)


def test_the_causes_add_up_to_the_wall(account: Account, clock: Clock) -> None:
    clock.pass_s(1.5)
    with account.charge("service"):
        clock.pass_s(0.25)
    clock.pass_s(7)
    causes, wall_s = account.closed()
    assert sum(causes.values()) == wall_s == 8.75
    assert causes["other"] == 8.5


def test_the_timed_part_of_a_round_is_moved_and_the_sum_stays(account: Account, clock: Clock) -> None:
    with account.charge("between_rounds"):
        clock.pass_s(1.0)
    account.move("between_rounds", "timed_measure", 0.75)
    assert account.closed() == ({"between_rounds": 0.25, "timed_measure": 0.75, "other": 0}, 1.0)


def test_a_step_that_fails_is_charged_too(account: Account, clock: Clock) -> None:
    def fails() -> None:
        with account.charge("open"):
            clock.pass_s(3)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert account.causes == {"open": 3}


def test_an_account_can_be_read_before_the_end(account: Account, clock: Clock) -> None:
    clock.pass_s(1)
    account.closed()
    clock.pass_s(1)
    assert account.closed() == ({"other": 2}, 2)
