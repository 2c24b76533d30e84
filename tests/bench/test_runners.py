"""Each runner does all the work once, in order, with no more in flight than allowed, and leaves nothing behind."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from support import fakes
from support.in_process import FAST, RUNNERS, SLOW, contestants, facts, named, natural, run
from when_async.bench.model import Runner, Workload
from when_async.bench.runners.sync import SYNC
from when_async.bench.runners.threading_ import THREADING

pytestmark = pytest.mark.usefixtures("nothing_left_behind", "impatient")

WAIT_S = 10.0
"""Longer than any test takes; nobody waits that long unless the test is about to fail."""

BEHIND_A_LOOP = ("asyncio+to_thread", "anyio+to_thread", "asyncer+asyncify")
THREADS = ("threading", "threading+executor", "threading+per_op", *BEHIND_A_LOOP)

every = contestants(FAST)
threads = contestants(named(*THREADS))
FAILED = [(3, "LookupError: no item 3"), (17, "LookupError: no item 17")]


@every
@pytest.mark.parametrize("n", [1, 3, 50])
def test_every_result_comes_back_once_and_in_order(runner: Runner, n: int) -> None:
    done = run(runner, natural(runner, n=n, concurrency=2))
    assert done.results == [item * 2 for item in range(n)]
    assert done.failures == []
    assert done.end_ns > done.start_ns


@every
def test_a_session_serves_round_after_round(runner: Runner) -> None:
    assert run(runner, natural(runner, concurrency=2), rounds=3).results == [item * 2 for item in range(20)]


@every
def test_a_pure_body_runs_under_every_runner(runner: Runner) -> None:
    done = run(runner, fakes.job(fakes.TINY, "pure", concurrency=2), prove=True)
    assert done.results == [item * 2 for item in range(20)]
    assert done.proof is not None
    assert done.proof.started == 20


@every
@pytest.mark.parametrize("prove", [False, True], ids=["plain", "counted"])
def test_failures_are_told_with_their_index_and_cost_no_other_op(runner: Runner, prove: bool) -> None:
    done = run(runner, natural(runner, fakes.FAILING, concurrency=2), prove=prove)
    assert sorted(done.failures) == FAILED
    assert done.results == [None if item in (3, 17) else item * 2 for item in range(20)]


@every
def test_a_session_goes_on_after_a_round_that_failed(runner: Runner) -> None:
    done = run(runner, natural(runner, fakes.FAILING, concurrency=2), rounds=3)
    assert sorted(done.failures) == FAILED


@every
def test_the_op_is_started_once_for_each_item(runner: Runner) -> None:
    done = run(runner, natural(runner, n=37, concurrency=3), prove=True)
    assert done.proof is not None
    assert done.proof.started == 37
    assert 1 <= done.proof.peak_in_flight <= 3


@every
def test_only_a_round_that_is_to_be_proved_is_counted(runner: Runner) -> None:
    assert run(runner, natural(runner, concurrency=2)).proof is None


@every
def test_a_body_that_fails_to_open_says_its_own_reason(runner: Runner) -> None:
    with pytest.raises((ValueError, RuntimeError), match="no server at this address"):
        run(runner, natural(runner, fakes.UNOPENED, concurrency=2))


@every
def test_every_runner_attests_how_many_workers_it_has(runner: Runner) -> None:
    assert facts(runner, concurrency=3)["workers"] == (1 if runner.serial else 3)


# aiomultiprocess asks what is deprecated from Python 3.14 on.
libraries_way = pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction':DeprecationWarning")


@libraries_way
@contestants(named(*SLOW))
def test_a_runner_that_is_slow_to_open_is_as_sound_as_the_others(runner: Runner) -> None:
    with runner.open(natural(runner, fakes.FAILING, concurrency=2)) as session:
        first = session.run(range(20), prove=True)
        second = session.run(range(20), prove=False)
        shown = dict(session.facts)
    assert first.proof is not None
    assert first.proof.started == 20
    assert 1 <= first.proof.peak_in_flight <= 2
    for done in (first, second):
        assert sorted(done.failures) == FAILED
        assert done.results == [None if item in (3, 17) else item * 2 for item in range(20)]
        assert done.children, "who computes in other processes says what they used"
    assert second.proof is None
    assert shown["workers"] == 2


@libraries_way
@contestants(each for each in named(*SLOW) if each.name != "dask")  # whose library can be used once in a process
def test_a_runner_that_is_slow_to_open_says_why_a_body_does_not(runner: Runner) -> None:
    with pytest.raises(RuntimeError, match="no server at this address"):
        run(runner, natural(runner, fakes.UNOPENED, concurrency=2))


def planted(monkeypatch: pytest.MonkeyPatch, body: Any) -> Workload:
    """A workload with a body of the test's own, where threads that look for it by name find it."""
    workload = fakes.workload("planted", {"blocking": body})
    monkeypatch.setattr(fakes, "PLANTED", workload, raising=False)
    return workload


@threads
def test_the_op_sees_each_item_once_even_from_many_threads(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[int] = Counter()
    lock = threading.Lock()

    def body(kit: Any, params: Any) -> Any:
        def op(item: int) -> int:
            with lock:
                seen[item] += 1
            return item * 2

        return op

    run(runner, fakes.job(planted(monkeypatch, body), n=500, concurrency=16))
    assert seen == Counter(range(500))


@threads
def test_as_many_threads_as_asked_for_are_in_flight_at_once(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a library has a lower limit of its own: asyncio one of cores + 4, anyio one of 40."""
    count = 50
    together = threading.Barrier(count)

    def body(kit: Any, params: Any) -> Any:
        return lambda item: item * 2 if together.wait(WAIT_S) >= 0 else None

    done = run(runner, fakes.job(planted(monkeypatch, body), n=2 * count, concurrency=count), prove=True)
    assert done.failures == []
    assert done.proof is not None
    assert done.proof.peak_in_flight == count
    # A loop that hands its ops to threads counts them where it awaits them.
    assert done.proof.threads == 1 if runner.name in BEHIND_A_LOOP else done.proof.threads >= count


@threads
def test_what_a_thread_opens_is_its_own_and_is_never_used_by_two_at_once(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    closed: list[int] = []
    together = threading.Barrier(8)

    def body(kit: Any, params: Any) -> Any:
        opened.append(kit.in_flight)
        kit.stack.callback(closed.append, kit.in_flight)
        busy = threading.Lock()

        def op(item: int) -> int:
            assert busy.acquire(blocking=False), "two threads use one connection"
            try:
                return item * 2 if together.wait(WAIT_S) >= 0 else 0
            finally:
                busy.release()

        return op

    done = run(runner, fakes.job(planted(monkeypatch, body), n=80, concurrency=8), rounds=2)
    assert done.failures == []
    assert opened == closed == [1] * 8


def test_the_plain_loop_is_one_worker_whatever_was_asked_for() -> None:
    assert facts(SYNC, concurrency=50) == {"workers": 1}
    assert facts(THREADING, concurrency=3) == {"workers": 3}


def test_a_new_thread_for_each_op_that_the_system_does_not_give_is_a_failed_op(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from when_async.bench.runners import threading_per_op

    class Scarce(threading.Thread):
        started_ones = 0

        def start(self) -> None:
            Scarce.started_ones += 1
            if Scarce.started_ones % 2 == 0:
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(threading_per_op, "Thread", Scarce)
    done = run(RUNNERS["threading+per_op"], fakes.job(fakes.TINY, n=6, concurrency=2))
    assert done.results == [0, None, 4, None, 8, None]
    assert done.failures == [(index, "RuntimeError: can't start new thread") for index in (1, 3, 5)]


def test_an_op_that_leaves_the_program_gives_back_what_its_thread_borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(kit: Any, params: Any) -> Any:
        def op(item: int) -> int:
            raise SystemExit("enough")

        return op

    done = run(RUNNERS["threading+per_op"], fakes.job(planted(monkeypatch, body), n=6, concurrency=2))
    assert sorted(done.failures) == [(index, "SystemExit: enough") for index in range(6)]
