"""A round that the machine disturbed is left out with its whole block, and that is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.run_files import make_run, sleep_cells
from when_async.bench.model import Phase
from when_async.reports.scene import conditions
from when_async.results.cells.disturbed import LEAST_S, SHARE, TICK_S
from when_async.results.frame import load

Noise = Callable[[dict[str, Any]], dict[str, float]]
QUIET = {"window_s": 1.0, "queued_s": 0.0, "steal_s": 0.0}


def run(folder: Path, noise: Noise) -> Path:
    """Three processes of five rounds; `noise` says what the machine did to a sample."""
    cells = [one for one in sleep_cells() if one.cell.runner in ("sync", "asyncio", "threading")]
    path = make_run(folder / "run.jsonl", cells=cells, forks=3, rounds=5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["kind"] == "sample":
            line["noise"] = {**QUIET, **noise(line)}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def at(line: dict[str, Any], runner: str, fork: int = 1, round_: int = 2, phase: str = "measure") -> bool:
    there = (line["fork"], line["round"], line["phase"]) == (fork, round_, phase)
    return there and line["cell"].partition("]-")[2].startswith(f"{runner}@")


def left(frame: pd.DataFrame) -> set[tuple[str, int, int]]:
    rows = frame[frame["phase"] == Phase.DISTURBED]
    return set(zip(rows["runner"], rows["fork"], rows["round"], strict=True))


WHOLE_BLOCK = {(runner, 1, 2) for runner in ("sync", "asyncio", "threading")}


@pytest.mark.parametrize(
    ("runner", "what", "expected"),
    [
        ("asyncio", {"queued_s": SHARE + 0.01}, WHOLE_BLOCK),
        ("asyncio", {"queued_s": SHARE - 0.01}, set()),
        ("asyncio", {"window_s": 0.001, "queued_s": LEAST_S * 0.9}, set()),
        ("threading", {"queued_s": 0.9}, set()),
        ("threading", {"steal_s": SHARE + 0.01}, WHOLE_BLOCK),
        ("threading", {"throttled_s": SHARE + 0.01}, WHOLE_BLOCK),
        ("threading", {"window_s": 0.1, "steal_s": TICK_S / 2}, set()),
    ],
)
def test_a_disturbed_round_takes_its_block_along(
    tmp_path: Path, runner: str, what: dict[str, float], expected: set[tuple[str, int, int]]
) -> None:
    path = run(tmp_path, lambda line: what if at(line, runner) else {})
    frame = load(path)
    assert left(frame) == expected
    said = (
        "run.jsonl: 3 of 45 measured rounds are left out, in 1 block of which one waited for its core, or had time "
        "withheld, for more than 5 % of it"
    )
    assert frame.attrs["notes"] == ([said] if expected else [])


def test_all_rounds_are_there_where_they_are_wanted_raw(tmp_path: Path) -> None:
    path = run(tmp_path, lambda line: {"queued_s": 0.5} if at(line, "asyncio") else {})
    assert left(load(path, raw=True)) == set()
    assert (load(path, raw=True)["phase"] == Phase.MEASURE).sum() == 45


def test_a_warm_up_round_disturbs_nothing(tmp_path: Path) -> None:
    assert left(load(run(tmp_path, lambda line: {"queued_s": 0.5} if line["phase"] == "warmup" else {}))) == set()


def test_a_process_that_would_lose_most_of_its_rounds_keeps_all_of_them(tmp_path: Path) -> None:
    def noise(line: dict[str, Any]) -> dict[str, float]:
        many = line["fork"] == 0 and line["round"] < 3
        return {"queued_s": 0.5} if (many or at(line, "asyncio")) and "asyncio" in line["cell"] else {}

    assert left(load(run(tmp_path, noise))) == WHOLE_BLOCK


def test_of_a_run_that_did_not_record_it_nothing_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    cells = [one for one in sleep_cells() if one.cell.runner in ("sync", "asyncio")]
    frame = load(make_run(tmp_path / "old.jsonl", cells=cells, forks=3, others=0.0))
    assert left(frame) == set()
    assert "how long workers waited for a CPU was not recorded" in conditions.noise(frame).sentence


def test_the_noise_of_a_run_says_what_was_left_out(tmp_path: Path) -> None:
    spoiled = load(run(tmp_path, lambda line: {"queued_s": 0.5} if at(line, "asyncio") else {}))
    assert "3 of 45 measured rounds are left out, in 1 block" in conditions.noise(spoiled).sentence
    calm = load(run(tmp_path, lambda line: {}))
    assert "no round was so disturbed that it was left out" in conditions.noise(calm).sentence
