"""What a machine was found to be: the calibration file, its reader, and the figures that follow from its samples.

`when-async calibrate` writes one JSON object with the raw values of every process; every estimate is computed
from them here, so that it can be computed again. Which file counts is for calibration_files to say.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from when_async.bench.model import Estimate, WhenAsyncError

from .fields import mapping, number, text
from .files import os_words, write_whole
from .late import late
from .runfile import TOOL
from .stats.estimate import linear_interval, log_interval
from .stats.samples import PairedRounds

if TYPE_CHECKING:
    import numpy as np
    from scipy import special
else:
    np, special = late("numpy"), late("scipy.special")

SCHEMA: Final = 1
"""Of the calibration file; a reader ignores fields and groups of figures it does not know, and refuses a higher number.

Files of older versions hold what calls, tasks, threads and runners cost; nothing is shown of that any more.
"""
KIND: Final = "calibration"
AGAIN: Final = "make it again with: when-async calibrate"
MODELS: Final = "models"
"""What each model costs; files of older versions do not have it."""
GROUPS: Final = ("clocks", "waits", "cores", MODELS)
"""Of the quantities that are read."""
PAIRS: Final = "pairs"
ALL: Final = (*GROUPS, PAIRS)

NORMAL_MAD: Final = 0.6744897501960817
"""Median of |x| of a standard normal x, which turns a median deviation into a standard deviation."""


class CalibrationError(WhenAsyncError):
    """A calibration file that cannot be read or written; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class Figure:
    """One figure of a machine: its estimate over fresh processes, or the reason why there is none.

    `absent` says that the reason lies in the Python or the system, and that nothing failed.
    """

    group: str
    row: str
    column: str
    estimate: Estimate | None
    reason: str = ""
    absent: bool = False


@dataclass(frozen=True)
class Calibration:
    """All that is known of one machine; `surroundings`, `idle_noise` and `busy_noise` are facts without an interval."""

    path: Path
    node_id: str
    date: datetime
    seconds: float
    processes: int
    interpreter: str
    python: str
    """The label of that interpreter, such as 3.13t."""
    machine: Mapping[str, Any]
    surroundings: Mapping[str, Any]
    idle_noise: Mapping[str, Any]
    busy_noise: Mapping[str, Any]
    figures: tuple[Figure, ...]
    failures: tuple[tuple[str, str], ...]
    """(what, reason) of each probe that failed."""

    def of(self, group: str) -> list[Figure]:
        """The figures of one group, in the order in which they were measured first."""
        return [figure for figure in self.figures if figure.group == group]

    def figure(self, group: str, row: str, column: str) -> Figure | None:
        """One figure by its place; None where it was not measured."""
        return next((one for one in self.of(group) if (one.row, one.column) == (row, column)), None)


def default_name(node_id: str, python: str = "") -> str:
    """What the calibration file of a machine is called, of an interpreter that was asked for by name."""
    return f"calibration-{node_id}{python and f'-{python}'}.json"


def check_folder(path: Path) -> None:
    """Raise CalibrationError where `path` could not be written, before time is spent on what would go there."""
    if not path.name:
        raise CalibrationError("the file to write has no name; name one with -o FILE")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> CalibrationError:
    return CalibrationError(f"cannot write {path}: {os_words(error)}; name another file with -o")


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Write a calibration file whole or not at all; `record` lacks `kind`, `schema` and `tool`, which are added.

    Raises CalibrationError where the folder cannot be written.
    """
    written = json.dumps({"kind": KIND, "schema": SCHEMA, "tool": TOOL} | dict(record), indent=1) + "\n"
    try:
        write_whole({path: written})
    except OSError as error:
        raise _unwritable(path, error) from error


def read(path: Path) -> Calibration:
    """Read a calibration file and compute its figures; raises CalibrationError in one line where it is damaged."""
    try:
        return load(path)
    except ValueError as error:
        raise CalibrationError(f"{path} {error}; {AGAIN}") from None


def load(path: Path, groups: Sequence[str] = ALL) -> Calibration:
    """The same, but the ValueError says what is wrong without naming the file, whose folder a page must not show."""
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot be read: {os_words(error)}") from None
    except (ValueError, RecursionError):
        raise ValueError("is no calibration: it is not JSON") from None
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise ValueError("is no calibration")
    if type(record.get("schema")) is not int or record["schema"] > SCHEMA:
        raise ValueError(f"has schema {str(record.get('schema'))[:20]} and this {TOOL} reads up to {SCHEMA}")
    try:
        return parse(path, record, groups)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"no {error.args[0]}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"is damaged: {what}") from None


def parse(path: Path, record: Mapping[str, Any], groups: Sequence[str] = ALL) -> Calibration:
    """A Calibration from the object in its file, of which only some groups may be wanted.

    KeyError, TypeError or ValueError where something is amiss.
    """
    date = datetime.fromisoformat(record["date"])
    if date.tzinfo is None:
        raise ValueError("the date has no zone")
    interpreter = mapping(record["interpreter"])
    gil = "" if interpreter.get("gil", True) else " without GIL"
    return Calibration(
        path=path,
        node_id=text(record["node_id"]),
        date=date,
        seconds=number(record["seconds"]),
        processes=int(number(record["processes"])),
        interpreter=f"{interpreter.get('implementation', '')} {interpreter.get('version', '')}{gil}".strip(),
        python=_label(interpreter),
        machine=_machine(record["machine"]),
        surroundings=mapping(record["surroundings"]),
        idle_noise=mapping(record["idle_noise"]),
        busy_noise=mapping(record["busy_noise"]),
        figures=(
            *(_figure(one) for one in record["quantities"] if one["group"] in groups and one["group"] in GROUPS),
            *(pair_figures(record["pairs"], record.get("absent", ())) if PAIRS in groups else ()),
        ),
        failures=tuple((text(one["title"]), text(one["reason"])) for one in record["failures"]),
    )


def _label(interpreter: Mapping[str, Any]) -> str:
    short = ".".join(str(interpreter.get("version", "")).split(".")[:2])
    name = str(interpreter.get("implementation", "CPython")).lower().removeprefix("cpython")
    return f"{name}{short}{'' if interpreter.get('gil', True) else 't'}"


def _figure(quantity: Mapping[str, Any]) -> Figure:
    """The estimate of one quantity over its processes."""
    values = [number(value) for value in quantity["values"]]
    reason = text(quantity.get("reason") or "")
    interval = {"log": log_interval, "linear": linear_interval}[quantity["scale"]]
    try:
        estimate = interval(values, text(quantity["unit"]))
    except ValueError as error:
        estimate, reason = None, str(error)
    if estimate is None and not reason:
        reason = "fewer than two processes gave a value"
    group, row, column = (text(quantity[name]) for name in ("group", "row", "column"))
    return Figure(group, row, column, estimate, reason, bool(quantity.get("absent")))


PINNED: Final = "pinned to one core"
FREE: Final = "free"

ESTIMATORS: Final[Mapping[str, Callable[[PairedRounds], float]]] = {
    "median of paired round ratios": PairedRounds.median_log_ratio,
    "ratio of medians": PairedRounds.ratio_of_medians,
    "ratio of lower quartiles": PairedRounds.lower_quartile_ratio,
    "ratio of minima": PairedRounds.min_ratio,
    "ratio of means": PairedRounds.mean_ratio,
}
"""Each makes one log-ratio of the rounds of one pair; the first is what the gate uses."""

CENTRE: Final = "centre of the first, 0 without bias"


def pair_figures(pairs: Sequence[Mapping[str, Any]], absent: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Spread of each estimator over A/A pairs, pinned and free, and the centre of the one that the gate uses."""
    why = {PINNED: text(absent[0]["reason"]) if absent else "", FREE: ""}
    rounds: dict[str, list[PairedRounds]] = {PINNED: [], FREE: []}
    for one in pairs:
        sides = (np.array([number(value) for value in one[name]]) for name in ("base_s", "head_s"))
        rounds[PINNED if one["pinned"] else FREE].append(PairedRounds(*sides))
    figures = []

    def add(row: str, column: str, found: Estimate | None, least: int) -> None:
        reason = "" if found else why[column] or f"fewer than {least} pairs"
        figures.append(Figure(PAIRS, row, column, found, reason, absent=found is None and bool(why[column])))

    for name, estimator in ESTIMATORS.items():
        for column, taken in rounds.items():
            add(name, column, spread(list(map(estimator, taken))), 6)
    gate = next(iter(ESTIMATORS.values()))
    for column, taken in rounds.items():
        add(CENTRE, column, linear_interval(map(gate, taken), "fraction"), 2)
    return figures


def spread(log_ratios: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """Robust standard deviation of log-ratios whose true value is 0, as of A/A pairs; None for fewer than 6 at 95 %.

    The median of their absolute values over 0.6745; because 0 is known and not estimated, the order statistics of the
    absolute values give an exact distribution-free interval for it (Hollander & Wolfe, chapter 3, sign test).
    """
    sizes = np.sort(np.abs(np.asarray(log_ratios, dtype=np.float64))) / NORMAL_MAD
    n = len(sizes)
    # The largest k with P(Binomial(n, 1/2) <= k) within one tail; k values are left out at each end.
    cut = max((k for k in range(n) if special.bdtr(k, n, 0.5) <= (1 - confidence) / 2 * (1 + 1e-12)), default=None)
    if cut is None:
        return None
    return Estimate(float(np.median(sizes)), float(sizes[cut]), float(sizes[n - 1 - cut]), "fraction", n, confidence)


def _machine(value: Any) -> Mapping[str, Any]:
    """The fingerprint of a machine, whose counts are numbers where they are known."""
    box = mapping(value)
    counts = {name: number(box[name]) for name in ("cores", "memory_bytes") if box.get(name) is not None}
    if any(count < 0 for count in counts.values()):
        raise ValueError("a machine with less than no cores or memory")
    return box
