"""Run the place of ours that corresponds to an outside script, by the command line, and read its processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.evidence.against_wrk import Failed
from docs.navigation import ROOT
from when_async.results.cells.summary import Row, summary
from when_async.results.frame import load

from .groups import CPU, RATE, TIME, Group

NAMES: Mapping[str, str] = {
    RATE: "served_per_s",
    CPU: "cpu_per_message_s",
    TIME: "makespan",
    "client_busy": "generator_busy",
}
"""What a summary calls the quantities; a place has those of them that it has."""


def run(group: Group, forks: int, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The readings of each contestant in each process, and the header of the run; raises Failed."""
    found: list[dict[str, Any]] = []
    header: dict[str, Any] = {}
    for place in group.places:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.jsonl"
            asked = command(group, place, forks, seed, path)
            done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failed(f"ours ended with {done.returncode}: {done.stderr.strip()[-600:]}")
            frame = load([path])
        (header,) = frame.attrs["headers"]
        faults = minor_faults(frame)
        rows = {row.contestant: row for row in summary(frame)}
        for contestant in group.contestants:
            if contestant.place == place:
                if contestant.ours not in rows or not rows[contestant.ours].processes:
                    raise Failed(f"ours has no {contestant.ours}, but {sorted(rows)}")
                found += readings(contestant.name, rows[contestant.ours], faults)
    return found, header


def command(group: Group, place: str, forks: int, seed: int, path: Path) -> list[str]:
    """The command of a run of ours."""
    runners = [word for runner in group.runners for word in ("-r", runner)]
    python = ["--python", group.python] if group.python else []
    return [
        *(sys.executable, "-m", "when_async.bench.cli.main", "run", "-w", place, *runners, *python, "--queue"),
        *("--profile", "quick", "--forks", str(forks), "--rounds", str(group.rounds)),
        *("--seed", str(seed), "-o", str(path)),
    ]


def readings(name: str, row: Row, faults: Mapping[tuple[str, int], float]) -> list[dict[str, Any]]:
    """One entry for each process of a contestant."""
    return [
        {
            "contestant": name,
            "process": fork,
            **{
                quantity: row.processes[told][fork]
                for quantity, told in NAMES.items()
                if fork in row.processes.get(told, {})
            },
            "faults": faults[row.cell, fork],
        }
        for fork in row.processes["makespan"]
    ]


def minor_faults(frame: Any) -> dict[tuple[str, int], float]:
    """By cell and process the median over rounds of the page faults of an op."""
    rounds = frame[frame["phase"] == "measure"]
    each = (rounds["minor_faults"] / rounds["ops"]).groupby([rounds["cell"], rounds["fork"]]).median()
    return {(str(cell), int(fork)): float(value) for (cell, fork), value in each.items()}
