"""The front door's comparing half: which of its kinds A and B mean, and a run of two environments beside each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from when_async.results.journal import AGAIN

from ...environments.sides import Asked, Sides
from ...model import Environment
from ...plan import Comparison, Contestant, Plan, build
from ...selection import catalogue, select
from ..run.starting import Started, begin, settings_of
from ..shared import tell
from .sides import at_home, make_sides

if TYPE_CHECKING:
    import pandas as pd

    from when_async.results.contrast.rows import ContrastRow

BROKEN_STATUSES = ("FAILED", "TIMEOUT", "INCOMPLETE")


@dataclass(frozen=True)
class Compared:
    """What a comparison came to: its rows, the names of A and B, and whether a cell of it failed."""

    a: str
    b: str
    rows: Sequence[ContrastRow]
    broken: bool
    path: Path | None = None
    """The run file of a comparison that was measured."""


def compare_files(a: Path, b: Path, margin: float) -> Compared:
    """Two stored runs, unpaired; raises ContrastError where that would be meaningless."""
    from when_async.results.contrast.resolve import ContrastError
    from when_async.results.contrast.rows import contrast_runs
    from when_async.results.frame import load

    if a.samefile(b):
        raise ContrastError(f"{a} would be compared with itself; name two different runs")
    frames = load([a]), load([b])
    rows = contrast_runs(*frames, margin)
    broken = [_broken(frame, rows) for frame in frames]
    return Compared(a.name, b.name, rows, any(broken))


def compare_stored(path: Path, a: str, b: str, margin: float) -> Compared:
    """Two interpreters, contestants or cells of one stored run; raises ContrastError."""
    from when_async.results.contrast.rows import contrast_named
    from when_async.results.frame import load

    frame = load([path])
    rows = contrast_named(frame, a, b, margin)
    return Compared(a, b, rows, _broken(frame, rows))


def names_contestants(path: Path | None, a: str, b: str) -> bool:
    """Whether both are cells or contestants of a stored run.

    An interpreter of it does not count: `compare 3.13 3.14` is to measure, and not to repeat what was measured once.
    """
    from when_async.results.contrast.resolve import ContrastError, Kind, resolve
    from when_async.results.frame import load

    if path is None:
        return False
    try:
        frame = load([path])
        return all(resolve(frame, text).kind is not Kind.PYTHON for text in (a, b))
    except ContrastError:
        return False


def near(*texts: str) -> str:
    """What to add where a text was taken for a git ref: the runner that was perhaps meant by it."""
    import difflib

    runners = catalogue().runners
    meant = [difflib.get_close_matches(text, runners, 1) for text in texts if text not in runners]
    if found := next((each[0] for each in meant if each), None):
        return f"; if you meant the runner {found}: it is looked up in the latest run, or in that of --run FILE"
    missing = [text for text in texts if text in runners]
    return f"; the runner {missing[0]} is looked up in the latest run, or in that of --run FILE" if missing else ""


def compare_measured(path: Path, environments: Sequence[Environment], margin: float) -> Compared:
    """The two environments of a run that was just measured."""
    a, b = (environment.label for environment in environments)
    return replace(compare_stored(path, a, b, margin), path=path)


def _broken(frame: pd.DataFrame, rows: Sequence[ContrastRow]) -> bool:
    """Whether a compared cell failed, or there was none to compare."""
    cells = {cell for row in rows for cell in (row.cell_a, row.cell_b)}
    own = frame[frame["cell"].isin(cells)]
    return bool(own["status"].isin(BROKEN_STATUSES).any()) or not (own["status"] == "OK").any()


def start(a: Asked, b: Asked, options: Mapping[str, Any]) -> tuple[Started, Sides]:
    """Make both environments, plan a run of both and write the head of its file."""
    known = catalogue(options["workloads"], options["runners"])
    core = [name for name, found in known.workloads.items() if found.value.core]
    selection = select(known, options["workloads"] or core, options["runners"], "quick")
    sides = make_sides(a, b, known.modules(options["runners"]), tell)
    settings = settings_of({**options, "profile": "quick"})
    plan = _at_home(build(selection.points, selection.runners, sides.environments, settings), sides)
    # `run --resume` cannot make two sides again: it refuses labels with a source or pins, for it finds no such Python.
    labels = [environment.label for environment in sides.environments]
    asked = {"asked_pythons": labels, "asked_pins": [], "compares": labels}
    started = begin(plan, selection, sides.environments, options["output"], asked, AGAIN)
    for note in sides.notes:
        tell(f"note: {note}")
    return started, sides


def _at_home(plan: Plan, sides: Sides) -> Plan:
    """The same plan with files of the working copy replaced by those of each side's tree; raises Unresolvable."""

    def moved(contestant: Contestant) -> Contestant:
        label = contestant.environment.label
        return replace(
            contestant,
            workload=at_home(sides, contestant.workload, label),
            runner=at_home(sides, contestant.runner, label),
        )

    def of(comparison: Comparison) -> Comparison:
        return replace(comparison, contestants=tuple(map(moved, comparison.contestants)))

    return replace(plan, comparisons=tuple(map(of, plan.comparisons)))


def are_files(a: str, b: str) -> bool:
    """Whether both name run files that exist."""
    return all(os.path.isfile(text) and text.endswith(".jsonl") for text in (a, b))
