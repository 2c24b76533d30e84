"""Advice says what may be read into an OK row, and is silent where there is nothing to say."""

from __future__ import annotations

from support.run_files import sample_line
from when_async.bench.model import Cell, Phase, Sample, from_json
from when_async.bench.walk.advice import History, advise, drift_of


def cell(runner: str = "asyncio", family: str = "asyncio", concurrency: int = 4) -> Cell:
    return Cell("sleep", {}, concurrency, runner, "", "3.11", f"sleep[c={concurrency}]", family=family)


def history(*forks: list[float], peak: int | None = None) -> History:
    kept = History(peak_in_flight=peak)
    for fork, makespans in enumerate(forks):
        kept.makespans[fork] = dict(enumerate(makespans))
    return kept


def test_a_settled_cell_with_all_ops_in_flight_gets_no_advice() -> None:
    assert advise(cell(), history([1.0, 1.01, 0.99, 1.0], [1.0, 1.0, 1.0, 1.0], peak=4), cores=2) == ()


def test_rounds_that_grow_in_every_fork_are_told_as_not_settled() -> None:
    (advice,) = advise(cell(), history([1.0, 1.0, 1.2, 1.2], [1.0, 1.0, 1.3, 1.3], peak=4), cores=2)
    assert "slower than its first" in advice


def test_one_fork_that_drifts_against_another_is_noise() -> None:
    assert drift_of(history([1.0, 1.0, 1.3, 1.3], [1.3, 1.3, 1.0, 1.0])) is None


def test_too_few_rounds_cannot_show_a_drift() -> None:
    assert drift_of(history([1.0, 2.0], [1.0, 2.0])) is None


def test_ops_that_never_overlapped_are_told() -> None:
    (advice,) = advise(cell(), history([1.0], peak=1), cores=2)
    assert "1 of 4 ops" in advice


def test_a_pool_that_nearly_fills_is_not_reproached() -> None:
    assert advise(cell(concurrency=100), history([1.0], peak=97), cores=2) == ()


def test_sync_is_not_reproached_with_one_op_in_flight() -> None:
    assert advise(cell("sync", "sync"), history([1.0], peak=1), cores=2) == ()


def test_more_processes_than_cores_are_flagged() -> None:
    (advice,) = advise(cell("multiprocessing", "processes", 8), history([1.0], peak=8), cores=2)
    assert advice == "8 processes share 2 cores"


def test_only_measured_rounds_count_for_drift() -> None:
    kept = History()
    kept.keep(from_json(Sample, sample_line("x", phase=Phase.WARMUP, makespan_s=9.0, peak_in_flight=3)))
    assert kept.makespans == {}
    assert kept.peak_in_flight == 3


def test_a_loop_that_stood_still_is_told_as_blocked_and_not_as_ops_that_hardly_wait() -> None:
    kept = history([1.0, 1.0], peak=1)
    kept.keep(from_json(Sample, sample_line("x", makespan_s=0.5, stall_max_s=0.49)))
    (advice,) = advise(cell(), kept, cores=2)
    assert advice.endswith("the loop stood still for the whole round, so its ops block it or compute")
