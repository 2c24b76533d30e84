"""`asyncio+to_thread_default`: what waits for one of the default pool's threads is not in flight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import fakes
from support.in_process import RUNNERS, facts, natural, run
from when_async.bench.runners import to_thread
from when_async.bench.worker.equality import allowed

DEFAULT = RUNNERS["asyncio+to_thread_default"]
THREADS = 3

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.fixture(autouse=True)
def small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_thread, "default_threads", lambda: THREADS)


@pytest.mark.parametrize(("asked", "workers"), [(2, 2), (8, THREADS)])
def test_it_attests_the_threads_of_the_pool_or_as_many_as_are_asked_for(asked: int, workers: int) -> None:
    assert facts(DEFAULT, asked)["workers"] == workers


def test_ops_are_counted_in_the_threads_that_run_them() -> None:
    job = natural(DEFAULT, fakes.TINY, concurrency=8)
    proof = run(DEFAULT, job, prove=True).proof
    assert proof is not None
    assert proof.peak_in_flight <= THREADS
    assert proof.started == 20


def test_no_more_may_be_in_flight_than_the_pool_has_threads() -> None:
    held = replace(DEFAULT, holds_back=lambda: THREADS)
    assert [allowed(held, natural(DEFAULT, concurrency=asked)) for asked in (1, 1000)] == [1, THREADS]
    assert allowed(RUNNERS["asyncio+to_thread"], natural(DEFAULT, concurrency=1000)) == 1000
