"""A selection as a run file keeps it, and had again from there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from .asking.parent import imported_with_care
from .model import Point, Workload
from .registry import Found, choose, find_runner, find_workload
from .selection import Reader, Selection


def to_record(selection: Selection) -> dict[str, Any]:
    """What a run file keeps of a selection, enough to ask for the same again."""
    return {
        "points": [
            {
                "ref": portable_ref(found.ref),
                "name": found.value.name,
                "params": dict(point.params),
                "concurrency": point.concurrency,
            }
            for found, point in selection.points
        ],
        "runners": [{"ref": portable_ref(found.ref), "name": name} for name, found in selection.runners.items()],
        **({"only": {place: list(names) for place, names in selection.only.items()}} if selection.only else {}),
    }


def portable_ref(ref: str) -> str:
    """A module's name as it is; a file's path relative to the working folder, for run files travel."""
    return os.path.relpath(ref) if ref.endswith(".py") else ref


def found_again(ref: str) -> str:
    """The other way round, from the same working folder."""
    if ref.endswith(".py"):
        return str(Path(ref).resolve())
    # Run files from before the one import name have the rooms' bare names.
    return f"when_async.{ref}" if ref.partition(".")[0] in ("bench", "workloads") else ref


def from_record(record: Mapping[str, Any], read: Reader | None = None) -> Selection:
    """The selection of a stored run; raises RegistryError when a workload or runner has gone since."""
    points = []
    for entry in record["points"]:
        found = _found(found_again(entry["ref"]), entry["name"], read)
        # A parameter that the workload got since is 0, as in the ids that the run file has.
        since = {param.name: 0 for param in found.value.params if param.low <= 0 and param.name not in entry["params"]}
        points.append((found, Point(entry["concurrency"], {**entry["params"], **since})))
    runners = {}
    for entry in record["runners"]:
        ref = found_again(entry["ref"])
        with _care(ref):
            runners[entry["name"]] = Found(find_runner(ref, entry["name"]), ref)
    only = {place: tuple(names) for place, names in record.get("only", {}).items()}
    return Selection(tuple(points), runners, only)


def _found(ref: str, name: str, read: Reader | None) -> Found[Workload]:
    if read and ref.endswith(".py"):
        return read(ref)[choose(name, read(ref), "workload")]
    with _care(ref):
        return Found(find_workload(ref, name), ref)


def _care(ref: str) -> AbstractContextManager[None]:
    return imported_with_care(ref) if ref.endswith(".py") else nullcontext()
