"""From the words of a trial to a runner and its job, found and imported in the measured process."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model import Job, Runner, Shape
from ..registry import find_runner, find_workload


def load(trial: Mapping[str, Any]) -> tuple[Runner, Job]:
    """Find the runner and the workload that the trial names, in the folder that relative paths of it mean."""
    if trial.get("folder"):
        os.chdir(trial["folder"])
    runner = find_runner(trial["runner_ref"], trial["runner"])
    if runner.prepare is not None:
        runner.prepare()
    workload = find_workload(trial["workload_ref"], trial["workload"])
    library = trial["body_key"].partition("/")[2]
    if library and library not in workload.faces:
        # A program imports its client at the top, so a pool that forks has it already and a loop does not pay for it.
        importlib.import_module(library)
    if library in workload.threaded:
        runner = replace(runner, one_core=False)
    places = 1 if runner.serial else trial["concurrency"]
    program = workload.shape is Shape.PROGRAM
    job = Job(
        workload=workload,
        body_key=trial["body_key"],
        params=trial["params"],
        concurrency=1 if program else places,
        address=trial.get("address"),
        workload_ref=trial["workload_ref"],
        extra_loops=trial.get("extra_loops"),
        within=places if program else None,
    )
    return runner, job
