"""Unequal work that was published in the field, rebuilt: each wrong row is refused and says what was unequal.

Every case has the wrong contestant beside an honest one that does the same work, and that one must be OK. Docs:
docs/method.md, N1 to N13.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from support.unequal.n09_gil_flag import free_threaded, mislabelled
from when_async.bench.environments import provision as environment
from when_async.bench.machine.host import Host, make_host
from when_async.bench.model import Environment, Measurement, Point, Runner, Status, Workload
from when_async.bench.plan import Settings, build
from when_async.bench.registry import Found, collect
from when_async.bench.walk.experiment import Experiment

UNEQUAL = Path(__file__).resolve().parents[1] / "support" / "unequal"
SETTINGS = Settings("unequal", forks=1, warmups=1, rounds=1, timeout_s=60.0)


@dataclass(frozen=True)
class Case:
    """Contestants of one comparison; `refused` maps the wrong ones to words of their reason, `fine` are the others."""

    number: str
    workload: str
    refused: dict[str, str]
    fine: Sequence[str] = ()
    point: Point | None = None
    own: bool = False
    """Whether its file has runners too."""

    @property
    def file(self) -> str:
        return str(next(UNEQUAL.glob(f"{self.number.lower()}_*.py")))


CASES = [
    Case("N01", "echo", {"sync": "message 0 had 1000 bytes and its reply has 4096"}, ["threading"]),
    Case("N01", "careless_echo", {"sync": "4000 bytes went in and 16384 came out"}, ["threading"]),
    Case(
        "N02", "sleep", {"asyncio": "threads were at work where asyncio is a model of one thread"},
        ["asyncio+to_thread"], Point(4, {"wait_s": 0.02, "n": 8}), own=True,
    ),
    Case("N03", "larger_pool", {"threading": "connections where a pool of 2 was allowed"}, ["sync"]),
    Case(
        "N03", "smaller_pool", {"threading": "saw 1 connection(s) where 4 ops were in flight"}, ["asyncio+to_thread"]
    ),
    Case(
        "N04", "no_session_at_all", {"sync/requests": "saw 4 connections where a pool of 1 was allowed"},
        ["threading/requests"],
    ),
    Case(
        "N05", "sleep", {"all_in_one": "1 op starts were counted for 8 ops"}, ["asyncio"],
        Point(8, {"wait_s": 0.001, "n": 8}), own=True,
    ),
    Case("N06", "five_hundred", {"sync": "op 1 (GET /0/64/1): status is 500, expected 200"}),
    Case("N06", "two_hundred", {}, ["sync"]),
    Case(
        "N06", "half_fail",
        {"keeps_exceptions": "exception was handed over as a result: ConnectionRefusedError('nobody listens')",
         "asyncio": "2 of 4 ops failed (op 1: ConnectionRefusedError: nobody listens"},
        own=True,
    ),
    Case("N06", "none_fail", {}, ["keeps_exceptions", "asyncio"], own=True),
    Case(
        "N07", "lost_updates", {"threading": "the counter stands at 4 after 8 increments, 4 were lost"}, ["sync"]
    ),
    Case(
        "N08", "busy",
        {"divides": "ms before the last op was done",
         "divides_unseen": "s of CPU were used in what it says were",
         "starts_late": "ms after the first op had begun",
         "multiplies": "that passed around it",
         "fast_clock": "its clock ",
         "slow_clock": "its clock "},
        ["sync"], own=True,
    ),
    Case(
        "N10", "rows",
        {"sync": "its results differ from those of 2 of the 3 contestants (they are of type list[dict], the others of "
                 "type list[tuple])"},
        ["threading", "asyncio+to_thread"],
    ),
    Case(
        "N11", "sleep",
        {"default_limit": "40 ops are said to have been in flight, but there were"}, ["asyncio+to_thread"],
        Point(40, {"wait_s": 0.001, "n": 40}), own=True,
    ),
    Case("N12", "lines", {"own_input": "given other items than those that the round was made of"}, ["sync"], own=True),
    Case(
        "N12", "lines_by_chance", {"asyncio": "its items differ from those of 2 of the 3 contestants"},
        ["sync", "threading"],
    ),
    Case(
        "N13", "dies_early",
        {"clients": "6 op starts were counted for 8 ops", "threading": "1 of 8 ops failed (op 3: ConnectionResetError"},
        own=True,
    ),
    Case("N13", "dies_last", {"clients": "7 of 8 ops came to a result, but all of them are counted"}, own=True),
    Case("N13", "lives", {}, ["clients", "threading"], own=True),
]  # fmt: skip


@pytest.fixture(scope="module")
def here() -> Environment:
    return environment.default(["requests"])


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    # Helper processes are modules; ours lie beside the workloads that need them.
    monkeypatch.setenv("PYTHONPATH", str(UNEQUAL))
    host = make_host()
    yield host
    host.reaper.close()
    host.noise.close()


@cache
def ours(kind: type) -> dict[str, Found]:
    return collect("when_async.bench.runners" if kind is Runner else "when_async.workloads", kind)


def measured(
    host: Host, workload: Found, point: Point, runners: dict[str, Found], environments: Sequence[Environment]
) -> dict[str, Measurement]:
    """What became of each contestant, by its name with its environment."""
    plan = build([(workload, point)], runners, environments, SETTINGS)
    events = list(Experiment(plan, host).events())
    contestants = {each.cell.id: each.cell for each in plan.comparisons[0].contestants}
    assert not plan.comparisons[0].refused
    return {
        f"{contestants[event.cell].contestant}@{contestants[event.cell].python}": event
        for event in events
        if isinstance(event, Measurement)
    }


def run(case: Case, host: Host, here: Environment) -> dict[str, Measurement]:
    runners = dict(ours(Runner))
    if case.own:
        runners |= collect(case.file, Runner)
    workloads = ours(Workload) if case.workload in ours(Workload) else collect(case.file, Workload)
    found = workloads[case.workload]
    wanted = [name.partition("/")[0] for name in (*case.refused, *case.fine)]
    point = case.point or found.value.grid["quick"][0]
    told = measured(host, found, point, {name: runners[name] for name in wanted}, [here])
    return {name.rpartition("@")[0]: measurement for name, measurement in told.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}-{case.workload}")
def test_unequal_work_is_refused_by_name_and_its_honest_twin_is_not(case: Case, host: Host, here: Environment) -> None:
    told = run(case, host, here)
    assert set(told) == {*case.refused, *case.fine}
    for name, words in case.refused.items():
        assert told[name].status is Status.FAILED, name
        assert words in told[name].reason
    assert {name: told[name].reason for name in case.fine} == dict.fromkeys(case.fine, "")
    assert {told[name].status for name in case.fine} <= {Status.OK}


def test_a_worker_whose_gil_is_not_as_its_environment_says_is_refused_n9(host: Host, here: Environment) -> None:
    workload, runner = ours(Workload)["empty"], {"sync": ours(Runner)["sync"]}
    told = measured(host, workload, Point(1, {"n": 2, "spin_s": 0.0}), runner, [here, mislabelled(here)])
    assert told[f"sync@{here.label}"].status is Status.OK
    wrong = told[f"sync@{here.label}-flagged"]
    assert wrong.status is Status.FAILED
    assert f"the GIL should be {'off' if here.gil else 'on'} in {here.label}-flagged" in wrong.reason


def test_a_library_that_switches_the_gil_on_is_named_by_the_row_n9(host: Host, here: Environment) -> None:
    # Who set it outside would be told instead.
    host.worker_environ = {name: value for name, value in host.worker_environ.items() if name != "PYTHON_GIL"}
    runners = collect(str(UNEQUAL / "n09_gil_flag.py"), Runner)
    names = ("without_gil", "loads_early", "loads_late")
    told = measured(
        host, ours(Workload)["empty"], Point(1, {"n": 2, "spin_s": 0.0}), {name: runners[name] for name in names},
        [free_threaded(here)],
    )  # fmt: skip
    assert told[f"without_gil@{here.label}-free"].status is Status.OK
    for name, module in (("loads_early", "early._speedups"), ("loads_late", "late._speedups")):
        wrong = told[f"{name}@{here.label}-free"]
        assert wrong.status is Status.FAILED
        assert wrong.reason == (
            f"the GIL should be off in {here.label}-free, the worker says it is on (importing {module} switched it on)"
        )


def test_every_artefact_on_the_list_is_rebuilt_here() -> None:
    rebuilt = {case.number for case in CASES} | {"N09"}
    assert rebuilt == {f"N{number:02}" for number in range(1, 14)}
    assert {path.name[:3].upper() for path in UNEQUAL.glob("n*.py")} == rebuilt
