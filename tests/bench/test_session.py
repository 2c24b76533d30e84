"""The judge inside the measured process: whatever is not the work that was asked for is refused, with the reason."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from support import fakes
from support.in_process import FAST, contestants, natural, opened
from when_async.bench.model import Job, Proof, Round, Runner, Usage, Workload
from when_async.bench.runners.asyncio_ import ASYNCIO
from when_async.bench.runners.sync import SYNC
from when_async.bench.runners.threading_ import THREADING
from when_async.bench.runners.uvloop_ import UVLOOP
from when_async.bench.worker.equality import check_proof
from when_async.bench.worker.session import TrialSession, least_s
from when_async.bench.worker.trap import Refused

every = contestants(FAST)
IN_PROCESS = [runner for runner in FAST if runner.family != "processes" and runner.name != "asyncio+multiloop"]
"""Those whose results need not be sent from one process to another."""
SECOND_NS = 1_000_000_000


pytestmark = pytest.mark.usefixtures("hooks")


def refusal(runner: Runner, job: Job, *, prove: bool = False) -> str:
    with opened(runner, job) as trial, pytest.raises(Refused) as caught:
        trial.round(prove=prove)
    assert "\n" not in str(caught.value)
    assert "0x" not in str(caught.value)
    return str(caught.value)


def answering(answer: Callable[[Sequence[Any]], Any], took_s: float = 1.0, **changes: Any) -> Runner:
    """A runner whose rounds are made up: `answer` gives the results, or a whole Round."""

    class Session:
        facts: ClassVar[dict[str, Any]] = {"workers": 4}

        def run(self, items: Sequence[Any], *, prove: bool) -> Round:
            given = answer(items)
            if isinstance(given, Round):
                return given
            return Round(SECOND_NS, SECOND_NS + round(took_s * SECOND_NS), given, [], Usage(), 0)

    @contextmanager
    def open_(job: Job) -> Iterator[Any]:
        yield Session()

    return replace(fakes.runner("made-up").value, open=open_, **changes)


class Knot:
    """Complains when it is finalised, which takes a collection where two hold each other."""

    other: Any = None

    def __del__(self) -> None:
        raise OSError("it was tied to another")


def doubled(items: Sequence[Any]) -> list[Any]:
    return [item * 2 for item in items]


@contestants(IN_PROCESS)
def test_an_async_body_that_nobody_awaits_is_refused(runner: Runner) -> None:
    reason = refusal(runner, fakes.job(fakes.PROMISING, "pure"))
    assert reason == "op 0 returned coroutine that nobody awaited: no work was done"


@contestants(runner for runner in FAST if runner.name != "asyncio+multiloop")  # whose loops raise it as an error
def test_a_coroutine_that_an_op_makes_and_never_awaits_is_refused(runner: Runner) -> None:
    assert "coroutine 'unawaited' was never awaited" in refusal(
        runner, fakes.job(fakes.FORGETFUL, "pure", concurrency=2)
    )


@pytest.mark.parametrize("generations", [(), (0,), (0, 0), (1,), (2,), (0, 1, 2)])
def test_what_a_round_made_and_dropped_is_heard_in_that_round_however_old_it_grew(generations: tuple[int, ...]) -> None:
    def dropping(items: Sequence[Any]) -> list[Any]:
        one, two = Knot(), Knot()
        one.other, two.other = two, one
        for generation in generations:
            gc.collect(generation)
        return doubled(items)

    assert "tied to another" in refusal(answering(dropping), fakes.job(fakes.TINY))


def test_an_async_function_in_the_place_of_a_plain_body_is_refused() -> None:
    workload = fakes.workload(bodies={"blocking": fakes.double_async})
    reason = refusal(SYNC, fakes.job(workload, n=2))
    assert reason.startswith("2 of 2 ops failed (op 0: TypeError: 'coroutine' object is not callable; op 1:")


def test_a_plain_function_in_the_place_of_an_async_body_does_not_open() -> None:
    workload = fakes.workload(bodies={"async": fakes.double_blocking})
    with (
        pytest.raises(TypeError, match=r"can't be (used in 'await' expression|awaited)"),
        opened(ASYNCIO, fakes.job(workload, "async")),
    ):
        pass


def test_a_wrong_answer_is_refused_with_the_words_of_the_oracle() -> None:
    assert (
        refusal(answering(lambda items: list(items)), fakes.job(fakes.TINY))
        == "wrong answer: something was not doubled"
    )


def test_results_in_another_order_are_a_wrong_answer() -> None:
    assert "wrong answer" in refusal(answering(lambda items: doubled(items)[::-1]), fakes.job(fakes.TINY))


@pytest.mark.parametrize(("change", "count"), [(lambda done: done[:-1], 19), (lambda done: [*done, 1], 21)])
def test_missing_or_surplus_results_are_refused(change: Callable[[list[Any]], list[Any]], count: int) -> None:
    reason = refusal(answering(lambda items: change(doubled(items))), fakes.job(fakes.TINY))
    assert reason == f"{count} results came back for 20 ops"


@every
def test_a_round_with_a_failed_op_is_refused_and_tells_which(runner: Runner) -> None:
    reason = refusal(runner, natural(runner, fakes.FAILING, concurrency=1))
    assert reason == "2 of 20 ops failed (op 3: LookupError: no item 3; op 17: LookupError: no item 17)"


def test_failures_count_even_where_the_oracle_would_not_notice() -> None:
    careless = fakes.workload(check=lambda params, items, results: "fine")
    runner = answering(lambda items: Round(1, 2, doubled(items), [(5, "OSError: reset")], Usage(), 0))
    assert refusal(runner, fakes.job(careless)) == "1 of 20 ops failed (op 5: OSError: reset)"


SLEEPY = fakes.workload(ideal_s=lambda params, in_flight: -(-int(params["n"]) // in_flight) * float(params["wait_s"]))


def sleepy(wait_s: float = 0.01, concurrency: int = 4) -> Job:
    return Job(SLEEPY, "blocking", {"n": 20, "wait_s": wait_s}, concurrency)


def test_a_makespan_shorter_than_arithmetic_allows_is_refused() -> None:
    reason = refusal(answering(doubled, took_s=0.049), sleepy())
    assert reason == "the round took 0.049000 s, less than the 0.050000 s that its waits add up to"


@pytest.mark.parametrize("took_s", [0.0, -0.001])
def test_a_makespan_of_nothing_is_refused_without_any_ideal(took_s: float) -> None:
    assert "less than the 0.000000 s" in refusal(answering(doubled, took_s=took_s), fakes.job(fakes.TINY))


def test_a_makespan_of_exactly_the_ideal_is_accepted() -> None:
    with opened(answering(doubled, took_s=0.05), sleepy()) as trial:
        assert trial.round(prove=False)["makespan_s"] == 0.05


def test_a_serial_runner_is_held_to_the_sum_of_the_waits() -> None:
    assert least_s(SYNC, sleepy()) == pytest.approx(0.2)
    assert least_s(THREADING, sleepy()) == pytest.approx(0.05)
    assert least_s(SYNC, fakes.job(fakes.TINY)) == 0


def test_a_coarse_timer_may_cut_each_wait_by_its_resolution_and_no_more() -> None:
    assert least_s(UVLOOP, sleepy()) == pytest.approx(0.045)
    assert least_s(UVLOOP, sleepy(wait_s=0.0005)) == 0
    with opened(answering(doubled, took_s=0.0451, timer_resolution_s=0.001), sleepy()) as trial:
        trial.round(prove=False)
    assert "less than the 0.045" in refusal(answering(doubled, took_s=0.0449, timer_resolution_s=0.001), sleepy())


@every
def test_round_after_round_has_equal_digests_and_op_counts(runner: Runner) -> None:
    with opened(runner, natural(runner, concurrency=2)) as trial:
        rounds = [trial.round(prove=index == 0) for index in range(3)]
    assert len({each["digest"] for each in rounds}) == 1
    assert {each["ops_ok"] for each in rounds} == {20}
    assert [each["peak_in_flight"] is None for each in rounds] == [False, True, True]


def test_all_runners_agree_on_the_digest_and_other_results_have_another() -> None:
    digests = set()
    for runner in (SYNC, THREADING, ASYNCIO):
        with opened(runner, fakes.job(fakes.TINY, "pure")) as trial:
            digests.add(trial.round(prove=False)["digest"])
    assert len(digests) == 1
    careless = fakes.workload(check=lambda params, items, results: "fine")
    with opened(answering(list), fakes.job(careless)) as trial:
        assert trial.round(prove=False)["digest"] not in digests


def test_a_round_that_came_out_well_says_all_that_a_sample_needs_from_inside() -> None:
    from when_async.bench.model import Sample

    with opened(SYNC, fakes.job(fakes.TINY)) as trial:
        told = trial.round(prove=True)
    outside = {"cell", "fork", "block", "round", "attempt", "phase", "position", "service", "noise"}
    # Latencies travel as they were read, and are packed into the sample's histogram outside.
    assert set(told) - {"latencies_ns"} == set(Sample.__dataclass_fields__) - outside - {"latency"}
    assert (told["ops_ok"], told["ops_failed"], told["answer"], told["peak_in_flight"]) == (20, 0, "20 came back", 1)


PROOF = Proof(started=20, peak_in_flight=4, threads=4, processes=1)


def test_as_many_in_flight_as_allowed_is_accepted_and_fewer_too() -> None:
    check_proof(THREADING, fakes.job(fakes.TINY), PROOF, 20)
    check_proof(THREADING, fakes.job(fakes.TINY), replace(PROOF, peak_in_flight=1), 20)


@pytest.mark.parametrize("started", [1, 19, 21, 40])
def test_an_op_not_started_once_for_each_item_is_refused(started: int) -> None:
    with pytest.raises(Refused, match=f"^{started} op starts were counted for 20 ops$"):
        check_proof(THREADING, fakes.job(fakes.TINY), replace(PROOF, started=started), 20)


def test_more_in_flight_than_allowed_is_refused() -> None:
    with pytest.raises(Refused, match=r"^5 ops were in flight where 4 are allowed$"):
        check_proof(THREADING, fakes.job(fakes.TINY), replace(PROOF, peak_in_flight=5), 20)
    with pytest.raises(Refused, match=r"^2 ops were in flight where 1 are allowed$"):
        check_proof(SYNC, fakes.job(fakes.TINY), replace(PROOF, peak_in_flight=2), 20)


def test_a_session_that_was_never_opened_says_so() -> None:
    with pytest.raises(Refused, match="the session was never opened"):
        TrialSession(SYNC, fakes.job(fakes.TINY), 0).round(prove=False)


def test_start_and_end_of_a_session_are_no_part_of_any_makespan(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = fakes.Clock()
    monkeypatch.setattr("when_async.bench.worker.session.time.perf_counter", clock)

    @contextmanager
    def slow(job: Job) -> Iterator[Any]:
        clock.pass_s(30)
        with answering(doubled, took_s=0.5).open(job) as session:
            yield session
        clock.pass_s(7)

    trial = TrialSession(replace(answering(doubled), open=slow), fakes.job(fakes.TINY), 0)
    assert trial.open() == 30
    assert trial.round(prove=False)["makespan_s"] == 0.5
    assert trial.close() == 7


def test_a_coroutine_dropped_while_closing_is_refused() -> None:
    @contextmanager
    def untidy(job: Job) -> Iterator[Any]:
        yield None
        fakes.unawaited(1)

    trial = TrialSession(replace(SYNC, open=untidy), fakes.job(fakes.TINY), 0)
    trial.open()
    with pytest.raises(Refused, match="was never awaited"):
        trial.close()


def test_a_thread_left_behind_is_refused() -> None:
    ends = threading.Event()

    @contextmanager
    def untidy(job: Job) -> Iterator[Any]:
        thread = threading.Thread(target=ends.wait, name="straggler")
        thread.start()
        yield None

    trial = TrialSession(replace(SYNC, open=untidy), fakes.job(fakes.TINY), 0)
    trial.open()
    try:
        with pytest.raises(Refused, match="were left behind, such as straggler"):
            trial.close()
    finally:
        ends.set()


@every
def test_our_own_runners_leave_nothing_behind(runner: Runner) -> None:
    trial = TrialSession(runner, fakes.job(fakes.TINY, "pure", concurrency=2), 0)
    trial.open()
    trial.round(prove=False)
    assert trial.close() >= 0


def test_the_seed_reaches_the_items() -> None:
    workload: Workload = fakes.workload(make_items=lambda params, seed: [seed] * 2)
    with opened(SYNC, fakes.job(workload)) as trial:
        assert trial.round(prove=False)["ops_ok"] == 2
        assert trial.session.run([3], prove=False).results == [6]
