"""Runners opened inside the test process: which of them can be, and a round or several with one of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support import fakes
from when_async.bench.environments.provision import default_label
from when_async.bench.model import Environment, Job, Round, Runner, Workload
from when_async.bench.registry import bodies_for, collect, refusal
from when_async.bench.worker import attest
from when_async.bench.worker.session import TrialSession

RUNNERS: dict[str, Runner] = {name: found.value for name, found in collect("when_async.bench.runners", Runner).items()}

ELSEWHERE = ("gevent", "interpreters", "rloop")
"""gevent patches the whole process, a new interpreter does not find what pytest has put on the path, and each loop of
rloop leaves two sockets open, which is an error in our tests and none in a worker, which has one loop."""

SLOW = ("aiomultiprocess", "dask", "joblib+loky", "multiprocessing+forkserver", "multiprocessing+spawn")
"""They take from half a second to several to open, so they are tried once and not by every test."""

FAST = [runner for name, runner in RUNNERS.items() if name not in (*ELSEWHERE, *SLOW)]

HERE = Environment(
    default_label(), sys.executable, "CPython", attest.python_version(), attest.gil_enabled(),
    modules=attest.versions({module for runner in RUNNERS.values() for module in runner.requires}),
)  # fmt: skip


def contestants(runners: Iterable[Runner]) -> pytest.MarkDecorator:
    """Try a test with each of them; whoever cannot run on this interpreter is skipped with the reason."""
    given = []
    for runner in runners:
        reason = refusal(fakes.TINY, runner, natural(runner).body_key, HERE)
        marks = [pytest.mark.skip(reason=reason)] if reason else []
        given.append(pytest.param(runner, id=runner.name, marks=marks))
    return pytest.mark.parametrize("runner", given)


def named(*names: str) -> list[Runner]:
    """Our runners of these names."""
    return [RUNNERS[name] for name in names]


def natural(runner: Runner, workload: Workload = fakes.TINY, **options: Any) -> Job:
    """A job with the body that this runner would be given."""
    return fakes.job(workload, bodies_for(workload, runner)[0], **options)


def run(runner: Runner, job: Job, *, prove: bool = False, rounds: int = 1) -> Round:
    """The last of so many rounds in one session."""
    items = job.workload.make_items(job.params, 0)
    with runner.open(job) as session:
        done = [session.run(items, prove=prove) for _ in range(rounds)]
    return done[-1]


def facts(runner: Runner, concurrency: int = 2) -> dict[str, Any]:
    """What a session attests of itself after a round of three ops."""
    with runner.open(natural(runner, concurrency=concurrency)) as session:
        session.run([1, 2, 3], prove=False)
        return dict(session.facts)


@contextmanager
def opened(runner: Runner, job: Job) -> Iterator[TrialSession]:
    """A trial with its judge, as a worker opens it."""
    trial = TrialSession(runner, job, seed=3)
    trial.open()
    try:
        yield trial
    finally:
        trial._stack.close()
