"""Whoever looks on inside a worker is told beside its row; what is set for finding faults does not get there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from typing import Any

import pytest

from support import fakes
from support.fakes import Fleet
from support.in_process import opened
from when_async.bench.model import Measurement, Trial
from when_async.bench.plan import build
from when_async.bench.processes.undisturbed import kept_out, quiet_options, undisturbed
from when_async.bench.registry import Found
from when_async.bench.runners.asyncio_ import ASYNCIO
from when_async.bench.runners.sync import SYNC
from when_async.bench.walk.advice import seen_in
from when_async.bench.walk.experiment import Experiment
from when_async.bench.worker import observers
from when_async.bench.worker.observers import observers as looking

pytestmark = pytest.mark.usefixtures("hooks")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run under a tracer themselves."""
    monkeypatch.delenv("PYTHONASYNCIODEBUG", raising=False)
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    monkeypatch.setattr(sys, "monitoring", None, raising=False)


def other(frame: Any, event: str, argument: Any) -> None:
    return None


class Tool:
    def __call__(self, *_: Any) -> None:
        return None


def test_nobody_looks_on_in_a_plain_process() -> None:
    assert looking() == []


@pytest.mark.parametrize(("hook", "name"), [(other, other.__module__), (Tool(), __name__)])
def test_a_tracer_is_told_with_its_maker(monkeypatch: pytest.MonkeyPatch, hook: Any, name: str) -> None:
    monkeypatch.setattr(sys, "gettrace", lambda: hook)
    assert looking() == [f"sys.settrace by {name}"]


def test_a_tracer_of_threads_alone_is_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "getprofile", lambda: other)
    assert looking() == [f"sys.setprofile by {other.__module__}"]


def test_tools_of_sys_monitoring_are_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Monitoring:
        @staticmethod
        def get_tool(number: int) -> str | None:
            return "coverage.py" if number == 1 else None

    monkeypatch.setattr(sys, "monitoring", Monitoring, raising=False)
    assert looking() == ["sys.monitoring by coverage.py"]


def test_tracing_of_memory_is_told() -> None:
    tracemalloc.start()
    try:
        assert looking() == ["tracemalloc"]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        (["-X", "dev"], {}, ["Python's development mode"]),
        ([], {"PYTHONASYNCIODEBUG": "1"}, ["asyncio's debug mode"]),
        (["-O"], {}, ["-O, which leaves out assertions, those of an oracle too"]),
        (["-X", "tracemalloc"], {}, ["tracemalloc"]),
        ([], {"PYTHONMALLOC": "pymalloc_debug"}, ["PYTHONMALLOC=debug"]),
    ],
)
def test_modes_are_told(options: list[str], environ: dict[str, str], said: list[str]) -> None:
    code = f"import json; from {observers.__name__} import observers; print(json.dumps(observers()))"
    environ = {"PYTHONPATH": os.pathsep.join(sys.path), **environ}
    done = subprocess.run(
        [sys.executable, *options, "-S", "-c", code],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == said


def test_a_loop_that_a_body_has_put_in_debug_mode_is_told() -> None:
    async def body(kit: Any, params: Any) -> Any:
        asyncio.get_running_loop().set_debug(True)
        return await fakes.double_async(kit, params)

    with opened(ASYNCIO, fakes.job(fakes.workload(bodies={"async": body}), "async")) as trial:
        trial.round(prove=False)
        assert trial.facts["observed"] == "asyncio's debug mode"


def test_a_tracer_that_comes_in_the_midst_of_a_round_is_in_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    def op(item: int) -> int:
        monkeypatch.setattr(sys, "getprofile", lambda: other)
        return item * 2

    with opened(SYNC, fakes.job(fakes.workload(bodies={"blocking": lambda kit, params: op}))) as trial:
        assert "observed" not in trial.facts
        trial.round(prove=False)
        assert trial.facts["observed"] == f"sys.setprofile by {other.__module__}"


SET = {
    "PYTHONOPTIMIZE": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "5",
    "COVERAGE_PROCESS_START": "x.ini", "COVERAGE_PROCESS_CONFIG": "x", "COV_CORE_SOURCE": "x", "PYTHONMALLOC": "debug",
    "PYTHONINSPECT": "1", "PYTHONVERBOSE": "1", "PYTHONPROFILEIMPORTTIME": "1",
}  # fmt: skip
KEPT = {"PYTHON_GIL": "0", "PYTHONHASHSEED": "7", "PYTHONMALLOC": "mimalloc", "OMP_NUM_THREADS": "1", "COVERALLS": "x"}


@pytest.mark.parametrize(("name", "value"), SET.items())
def test_what_is_set_for_finding_faults_does_not_reach_a_worker(name: str, value: str) -> None:
    assert undisturbed({name: value, "HOME": "/"}) == {"HOME": "/"}
    assert kept_out({name: value}) == [name]


def test_what_changes_how_work_is_done_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert undisturbed(KEPT) == KEPT
    assert kept_out(KEPT) == []
    assert kept_out({"PYTHONOPTIMIZE": ""}) == []
    assert quiet_options(["-X", "gil=0", "-X", "dev", "-X", "tracemalloc=5", "-X", "utf8"]) == [
        "-X",
        "gil=0",
        "-X",
        "utf8",
    ]
    monkeypatch.setattr(sys, "_xoptions", {"dev": True, "gil": "0"})
    assert kept_out({}) == ["-X dev"]


FACTS = {"workers": 1, "keeps": "2 thread(s), such as shop_0", "observed": "tracemalloc"}


def test_what_a_trial_says_of_itself_is_advice_beside_its_row_and_said_once() -> None:
    fleet = Fleet({("sync", "close"): lambda worker, times: {"facts": FACTS}})
    plan = build(
        [(Found(fakes.TINY, fakes.REF), fakes.point())], fakes.runners("sync"), [fakes.ENVIRONMENT], fakes.SETTINGS
    )
    experiment = Experiment(plan, fakes.host(fleet))
    events = list(experiment.events())
    assert [each.facts["keeps"] for each in events if isinstance(each, Trial)] == [FACTS["keeps"]] * 2
    (last,) = (each for each in events if isinstance(each, Measurement))
    assert last.advice[:2] == (
        "its own code keeps 2 thread(s), such as shop_0: the row is of them too, whatever its model says",
        "its workers were watched by tracemalloc: the row is of that too",
    )
    assert [each.partition("@")[0] for each in experiment.news] == ["tiny[n=20,c=4]-sync"] * 2
    assert seen_in({"workers": 1}) == []
