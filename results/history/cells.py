"""One cell over many stored runs, and which of its values may be compared; `results.trend` says what they show.

Stored numbers serve trends only. The same program on the same kind of machine spread 26 % from job to job
(method.md, section 2), so nothing here passes or fails anything; that is the gate's business.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from when_async.bench.model import Estimate

from ..cells.noise import noise
from ..cells.summary import Row, summary
from ..frame import load
from ..runfile import Header, RunFileError

Uses = Callable[[str, str], Collection[str] | None]
"""(workload, runner) -> the libraries whose version can matter to it, or None where that is not known."""


@dataclass(frozen=True)
class Quantity:
    """What is followed over time: its name on the command line, field of a Row, kind of unit, words for it.

    `up` says in a word what a larger value means.
    """

    name: str
    field: str
    kind: str
    words: str
    up: str


QUANTITIES: Mapping[str, Quantity] = {
    one.name: one
    for one in (
        Quantity("wall", "makespan", "s", "makespan of a round", "slower"),
        Quantity("cpu", "cpu_per_op", "s", "CPU time per op", "dearer"),
        Quantity("throughput", "throughput", "/s", "throughput", "faster"),
    )
}


@dataclass(frozen=True)
class Stored:
    """One run file that could be read; `noise` is its noise word, `frame` its tidy frame."""

    path: Path
    header: Header
    frame: pd.DataFrame
    noise: str

    @property
    def cells(self) -> list[str]:
        return [str(cell) for cell in self.frame["cell"].unique()]


@dataclass(frozen=True)
class Point:
    """One cell in one run; `value` is None where there is no number that can be compared, and `reason` says why.

    `environment` is the key that must be equal before two values may be compared, each entry in words.
    """

    run: str
    file: str
    started: str
    commit: str | None
    python: str
    value: Estimate | None
    reason: str
    noise: str
    server_bound: bool
    environment: Mapping[str, str]


@dataclass(frozen=True)
class History:
    """One cell over time, oldest run first; `again` is the command that measures it once more."""

    cell: str
    quantity: Quantity
    family: str
    again: str
    points: tuple[Point, ...]
    groups: tuple[int | None, ...] = field(init=False)
    """For each point the number of its environment, in order of first appearance; None for a point without a value."""

    def __post_init__(self) -> None:
        known: list[Mapping[str, str]] = []
        groups: list[int | None] = []
        for point in self.points:
            if point.value is not None and point.environment not in known:
                known.append(point.environment)
            groups.append(None if point.value is None else known.index(point.environment))
        object.__setattr__(self, "groups", tuple(groups))

    def values(self, indices: Iterable[int]) -> list[Estimate]:
        """The estimates at these places, which must have one."""
        found = [self.points[index].value for index in indices]
        return [value for value in found if value is not None]

    @property
    def comparable(self) -> list[int]:
        """The places of the points that may be compared with the latest one that has a value, itself included."""
        last = next((group for group in reversed(self.groups) if group is not None), None)
        return [] if last is None else self.of_group(last)

    def of_group(self, group: int) -> list[int]:
        return [index for index, own in enumerate(self.groups) if own == group]


def read_folder(folder: Path) -> tuple[list[Stored], list[str]]:
    """The runs of a folder, oldest first, and a sentence for each file that was left out or is damaged.

    Raises RunFileError where the folder holds no run file at all.
    """
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise RunFileError(f"there is no run in {folder}; measure first with: when-async run")
    runs: dict[str, Stored] = {}
    notes: list[str] = []
    for path in paths:
        try:
            run, more = _read(path)
        except RunFileError as error:
            # Advice for commands that read a single file is none here.
            notes.append(f"left out: {str(error).partition('; read the rest with')[0]}")
            continue
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            notes.append(f"left out: {path} is not what the schema says ({type(error).__name__}); remove it")
            continue
        notes += more
        name = str(run.header["run"])
        if name in runs:
            notes.append(f"left out: {path} holds the same run as {runs[name].path}")
        else:
            runs[name] = run
    return sorted(runs.values(), key=lambda run: (_order(run.header.get("started")), str(run.path))), notes


def _read(path: Path) -> tuple[Stored, list[str]]:
    frame = load([path])
    header, notes = frame.attrs["headers"][0], frame.attrs["notes"]
    # Pandas copies the attrs at every step, which would take half of the time of a summary.
    frame.attrs = {}
    return Stored(path, header, frame, str(noise(frame)["word"])), notes


def moment(started: object) -> datetime | None:
    """When a run began, in its own zone; None where the text is no date."""
    try:
        return datetime.fromisoformat(str(started))
    except ValueError:
        return None


def _order(started: object) -> datetime:
    """What runs are sorted by; the beginning of time where one does not say."""
    found = moment(started) or datetime.min
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def histories(
    runs: Sequence[Stored], quantity: Quantity, uses: Uses, cells: Collection[str] | None = None
) -> list[History]:
    """One History for each of `cells` (default: all), in order of first appearance."""
    points: dict[str, list[Point]] = {}
    latest: dict[str, tuple[Row, Header]] = {}
    for run in runs:
        frame = run.frame if cells is None else run.frame[run.frame["cell"].isin(list(cells))]
        for row in summary(frame) if len(frame) else ():
            points.setdefault(row.cell, []).append(_point(run, row, quantity, uses))
            latest[row.cell] = (row, run.header)
    return [
        History(cell, quantity, latest[cell][0].family, _again(*latest[cell]), tuple(found))
        for cell, found in points.items()
    ]


def _point(run: Stored, row: Row, quantity: Quantity, uses: Uses) -> Point:
    value = row.estimate(quantity.field)
    reason = ""
    if row.status != "OK":
        value, reason = None, f"{row.status}: {row.reason}" if row.reason else row.status
    elif value is None:
        reason = f"{row.forks} process{'' if row.forks == 1 else 'es'} with this number, an interval needs 2"
    elif value.low <= 0:
        value, reason = None, "too short for the clock: its interval holds 0"
    environment = _entry(run.header, row.python)
    commit = environment.get("source") or run.header.get("commit")
    return Point(
        run=row.run,
        file=run.path.name,
        started=str(run.header.get("started") or ""),
        commit=str(commit) if commit else None,
        python=_interpreter(environment, row),
        value=value,
        reason=reason,
        noise=run.noise,
        server_bound=row.server_bound,
        environment=_key(run.header, row, uses(row.workload, row.runner)),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _entry(header: Header, label: str) -> Mapping[str, Any]:
    """What the header says of the environment with that label."""
    return next((env for env in map(_mapping, header.get("environments") or ()) if env.get("label") == label), {})


def _pins(environment: Mapping[str, Any]) -> list[str]:
    """The packages that were asked for by version."""
    pins = environment.get("pins")
    return [str(pin) for pin in pins] if isinstance(pins, Sequence) else []


def _interpreter(environment: Mapping[str, Any], row: Row) -> str:
    name = f"{environment.get('implementation') or 'Python'} {environment.get('version') or row.python_version}"
    return name if environment.get("gil", row.gil) is not False else f"{name} without GIL"


def _key(header: Header, row: Row, used: Collection[str] | None) -> dict[str, str]:
    """What must be equal before two values may be compared: machine, interpreter, libraries, instrument and work.

    Of the libraries only those that the cell can feel and those that were pinned count, where that is known: a new
    uvloop is no reason to begin the history of threads anew.
    """
    machine, environment = _mapping(header.get("machine")), _entry(header, row.python)
    versions = _mapping(environment.get("modules"))
    pinned = (re.split(r"[^\w.-]", pin)[0].lower() for pin in _pins(environment))
    wanted = versions if used is None else {*used, row.library, *pinned} & versions.keys()
    return {
        "machine": str(machine.get("node_id")),
        "cpu": str(machine.get("cpu")),
        "cores": str(machine.get("cores")),
        "interpreter": _interpreter(environment, row),
        **{name: str(versions[name]) for name in sorted(wanted)},
        "when-async": str(header.get("tool_version")),
        "pinning": "pinned" if header.get("pin") else "not pinned",
        "results": ",".join(row.digests),
    }


def _again(row: Row, header: Header) -> str:
    """The command that measures a cell once more, as it was measured last."""
    source = str(_mapping(header.get("sources")).get(row.workload, ""))
    point = row.comparison.removeprefix(row.workload)
    workload = f"{source}{point}" if source.endswith(".py") else row.comparison
    environment = _entry(header, row.python)
    asked = [] if environment.get("default", True) else ["--python", row.python.partition("+")[0]]
    pins = [word for pin in _pins(environment) for word in ("--with", pin)]
    return shlex.join(["when-async", "run", "-w", workload, "-r", row.runner, *asked, *pins])
