"""Frames and pages that several tests look at; each is built once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock

from support.crowds import fetching, searching
from support.mixed_cells import mixed_cells
from support.run_files import CellSpec, grid_cells, http_cells, make_run, sleep_cells, standard_cells
from when_async.bench.model import Status
from when_async.reports.page.writing import write
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import Scene
from when_async.results.frame import load

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "when-async report results/runs/a.jsonl"
NASTY = "<script>alert('x')</script>"


@pytest.fixture(scope="session")
def frame_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pd.DataFrame]:
    """Writes a synthetic run with the given changes and loads it."""
    folder = tmp_path_factory.mktemp("runs")

    def build(name: str, **changes: Any) -> pd.DataFrame:
        return load([make_run(folder / f"{name}.jsonl", **changes)])

    return build


@pytest.fixture(scope="session")
def frame(frame_of: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return frame_of("standard")


@pytest.fixture(scope="session")
def standard(frame: pd.DataFrame) -> Scene:
    return scene(frame)


def nasty_cells() -> list[CellSpec]:
    """The standard cells, one workload and two reasons among them written by somebody who means ill."""
    evil = sleep_cells()[0]
    named = replace(
        evil,
        cell=replace(evil.cell, workload=NASTY, comparison=f"{NASTY}[c=10]", runner="$x_1$ | `run`", reference=False),
    )
    fetch = [
        replace(spec, reason=f"{NASTY} \x1b[31mred\x1b[0m | **bold** http://evil.example/x.js\nsecond line")
        if spec.status is Status.FAILED
        else spec
        for spec in http_cells()
    ]
    return [*sleep_cells(), *sleep_cells(concurrency=100), named, *fetch]


def claimed_cells() -> list[CellSpec]:
    """Cells at places that claims of the house ask about, on two builds, with a decision map for each."""
    cells = []
    for python in ("3.14", "3.14t"):
        for one in grid_cells(python):
            place = "grid_search[unit=5ms,n=40,c=2]"
            cells.append(replace(one, cell=replace(one.cell, comparison=place)))
        cells += mixed_cells(python)
    return cells


def page_runs() -> dict[str, dict[str, Any]]:
    """One interpreter, two, a smoke run, a run of ill will, holes only, claims, every runner."""
    hopeless = [
        replace(spec, status=Status.TIMEOUT, reason="60 s were not enough", failed_after=0) for spec in standard_cells()
    ]
    crowd = [*fetching("3.14", 20), *searching("3.14"), *searching("3.14t")]
    return {
        "standard": {},
        "two": {"pythons": ("3.11", "3.13t"), "steal": 0.2},
        "smoke": {"forks": 1, "rounds": 2, "profile": "smoke"},
        "nasty": {"cells": nasty_cells(), "cpu": NASTY, "command": f"run {NASTY}"},
        "hopeless": {"cells": hopeless},
        "claims": {"cells": claimed_cells(), "pythons": ("3.14", "3.14t"), "forks": 6},
        "crowd": {"cells": crowd},
    }


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with a report each; written once, whichever of the workers of a test run comes first."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, runs = base / "report-pages", page_runs()
    with FileLock(base / "report-pages.lock"):
        if not (folder / "all").exists():
            for name, changes in runs.items():
                write(load([make_run(folder / f"{name}.jsonl", **changes)]), folder / name, command=COMMAND)
            (folder / "all").touch()
    return {name: folder / name for name in runs}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the recorded reference on one interpreter: it has as many comparisons as a default run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "reference-page"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "index.html").exists():
            write(load([ROOT / "results" / "reference" / "claims-3.11.jsonl.gz"]), folder, command=COMMAND)
    return folder / "index.html"
