"""A timeline shows who waited and who worked, in files that a browser and Perfetto open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.commands import Call

POINT = "sleep[wait=2ms,n=8,c=4]"


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    found = json.loads((folder / "trace.json").read_text())["traceEvents"]
    return [one for one in found if one.get("cat") == kind]


@pytest.mark.parametrize("runner", ["asyncio", "threading", "multiprocessing"])
def test_ops_and_their_waits_are_seen_in_every_task_thread_or_process(call: Call, tmp_path: Path, runner: str) -> None:
    done = call("timeline", POINT, runner, "-o", "out")
    assert done.exit_code == 0, done.stderr
    ops, waits = events(tmp_path / "out", "op"), events(tmp_path / "out", "wait")
    # The round that warms up is not in it, and each op is in it once, whoever ran it.
    assert sorted(one["name"] for one in ops) == [f"op {item}" for item in range(8)]
    assert len(waits) == 8
    for wait in waits:
        around = [one for one in ops if one["tid"] == wait["tid"] and one["ts"] <= wait["ts"]
                  and wait["ts"] + wait["dur"] <= one["ts"] + one["dur"] + 0.001]  # fmt: skip
        assert len(around) == 1
    processes = {one["pid"] for one in ops}
    assert (len(processes) > 1) == (runner == "multiprocessing")
    assert "<svg" in (tmp_path / "out" / "timeline.svg").read_text()
    assert "out/trace.json  open it in https://ui.perfetto.dev" in done.stdout.splitlines()
    assert "out/timeline.svg  open it in a browser" in done.stdout.splitlines()


def test_one_op_after_another_is_told_as_that_and_goes_to_the_usual_folder(call: Call) -> None:
    done = call("timeline", POINT, "sync")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == "One wait at a time: none of the 8 lay beside another."
    assert Path(".when-async/pages/timeline-sleep-wait-2ms-n-8-c-4-sync/trace.json").exists()


def test_the_tasks_that_a_program_starts_have_lanes_of_their_own(call: Call, tmp_path: Path) -> None:
    Path("mine.py").write_text(PROGRAM)
    done = call("timeline", "mine.py", "asyncio", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == "3 of 3 tasks waited at once."
    assert [one["name"] for one in events(tmp_path / "out", "op")] == ["program"]
    assert len({one["tid"] for one in events(tmp_path / "out", "wait")}) == 4


PROGRAM = """
import asyncio

from when_async.bench.model import Param, Point, Shape, Workload


async def body(kit, params):
    async def one(item):
        await kit.sleep(0.05)
        return item

    async def program(items):
        return await asyncio.gather(*map(one, items))

    return program


MINE = Workload(
    name="mine", summary="waits", bodies={"asyncio": body}, params=(Param("n", 1, 100, "waits"),), shape=Shape.PROGRAM,
    make_items=lambda params, seed: list(range(params["n"])), check=lambda params, items, results: "waited",
    grid={"quick": (Point(3, {"n": 3}),)},
)
"""

BROKEN = PROGRAM.replace("return item", "raise LookupError(f'no {item}')")


def test_a_round_that_fails_is_told_and_leaves_no_files(call: Call) -> None:
    Path("mine.py").write_text(BROKEN)
    done = call("timeline", "mine.py", "asyncio", "-o", "out")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1] == "when-async: the program failed (LookupError: no 0)"
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sleeep", "asyncio"), "there is no workload named 'sleeep'; did you mean 'sleep'?"),
        (("sleep", "asincio"), "there is no runner named 'asincio'; did you mean 'asyncio'?"),
        ((POINT, "asyncio/aiohttp"), "there is no 'aiohttp' here; it can be left out"),
        ((POINT, "core"), "a timeline is of one runner, and 'core' is sync, threading, "),
        ((POINT, "asyncio", "--python", "9.9"), "no Python 9.9 on this machine"),
        (("grid_search", "asyncio+to_thread", "-o", "taken/here"), "cannot write taken/here/trace.json: "),
    ],
)
def test_what_cannot_be_recorded_is_told(call: Call, arguments: tuple[str, ...], words: str) -> None:
    Path("taken").write_text("a file in the way")
    done = call("timeline", *arguments)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
