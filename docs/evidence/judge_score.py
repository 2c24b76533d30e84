"""The judge recording: predictions by sets of costs against what was measured, cell by cell, and how they score."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from statistics import fmean, median

from docs.evidence.judge_places import PYTHONS, SERIAL
from docs.evidence.spread import REFERENCE as REFERENCE_FOLDER
from when_async.bench.cli.advise import KNOWN
from when_async.reports.scene import conditions
from when_async.results.calibration import read
from when_async.results.cells.summary import Row, summary
from when_async.results.frame import load
from when_async.results.prediction import advice_file
from when_async.results.prediction.before_judge import CALIBRATED, REFERENCE, Verdict
from when_async.results.prediction.calibrated import calibrated
from when_async.results.prediction.fitted import Fitted, fitted, seen
from when_async.results.prediction.fitting import SeenCell
from when_async.results.prediction.judged import LEVEL, HeldOut, accuracy, recommended, spread
from when_async.results.prediction.model import Model

OTHERS = "other places"
ONE_CORE, FIRST = "one-core", PYTHONS[0]
NARROW = 0.05
"""A cell with a wider half-width is not one that can be met within 10 %."""


@dataclass
class Recorded:
    """One interpreter of the judge: its cells, and how wide each was; `cores` is what it could use."""

    name: str
    cores: int
    cells: Sequence[SeenCell]
    width: Mapping[tuple[str, str], float]
    rows: Sequence[Row]
    machine: str
    trials: dict[str, list[HeldOut]] = field(default_factory=dict)
    """By the name of a set of costs."""
    models: dict[str, Sequence[Model]] = field(default_factory=dict)


def recorded(folder: Path, name: str) -> Recorded:
    """The parts of a recording together; an op computes in all of them what most contestants measured."""
    frame = load(sorted([*folder.glob(f"{name}-[!0-9]*.jsonl"), *folder.glob(f"{name}-[!0-9]*.jsonl.gz")]))
    rows = [row for row in summary(frame) if row.makespan is not None]
    width = {(row.comparison, row.runner): _half(row) for row in rows}
    box = frame.attrs["headers"][0]
    return Recorded(name, int(box["machine"]["cores"]), seen(rows), width, rows, conditions.machine(box))


def _half(row: Row) -> float:
    """Half of the interval on the log scale, as a share."""
    made = row.makespan
    return float((made.high / made.low) ** 0.5 - 1) if made is not None and made.low > 0 else float("inf")


def pace(rows: Sequence[Row]) -> float:
    """What ops of half a millisecond and more took to compute, over what is nominal."""
    found = [
        row.figures["computed_s"].point / float(row.params["cpu_s"])
        for row in rows if row.runner == SERIAL and "computed_s" in row.figures and float(row.params["cpu_s"]) >= 5e-4
    ]  # fmt: skip
    return median(found)


def reference_rows() -> list[Row]:
    """What the reference measured on the first interpreter."""
    return [row for row in summary(load(REFERENCE_FOLDER / f"claims-{FIRST}.jsonl.gz")) if row.python == FIRST]


def predicted(one: Recorded, models: Iterable[Model]) -> list[HeldOut]:
    """Each cell of the models, as they stand."""
    by_runner = {model.runner: model for model in models}
    return [
        HeldOut(
            cell.runner, cell.place, cell.makespan_s, by_runner[cell.runner].makespan_s(cell.work, one.cores),
            cell.work.concurrency,
        )
        for cell in one.cells if cell.runner in by_runner
    ]  # fmt: skip


def judge(folder: Path) -> list[Recorded]:
    """All recordings with their predictions."""
    known, _ = advice_file.read(KNOWN)
    found = []
    for name in (*PYTHONS, ONE_CORE):
        one = recorded(folder, name)
        python = FIRST if name == ONE_CORE else name
        old = next(each for each in known if each.python == python)
        calibration = read(folder / f"{python}.json")
        sets = {CALIBRATED: calibrated(old.models, calibration), REFERENCE: old.models}
        for title, models in sets.items():
            one.trials[title], one.models[title] = predicted(one, models), models
        if name != ONE_CORE:
            again: Fitted | None = fitted(one.rows, python, name, one.cores)
            assert again is not None
            one.trials[OTHERS], one.models[OTHERS] = list(again.trials), again.models
        found.append(one)
    return found


def close(one: HeldOut) -> bool:
    return 0.9 <= one.predicted_s / one.measured_s <= 1.1


@dataclass(frozen=True)
class Score:
    """How many cells were within 10 %, of all and of those that are reproducible, and what the advice was worth."""

    cells: int
    close: int
    narrow: int
    narrow_close: int
    error: float
    places: int
    right: int
    regret: float
    worst: float


def score(trials: Sequence[tuple[Recorded, HeldOut]]) -> Score:
    """Over the cells of one recording or of several."""
    narrow = [trial for one, trial in trials if one.width[trial.place, trial.runner] <= NARROW]
    by_place: dict[tuple[str, str], list[HeldOut]] = {}
    for one, trial in trials:
        by_place.setdefault((one.name, trial.place), []).append(trial)
    regrets = [regret(own) for own in by_place.values() if len(own) > 1]
    errors = [abs(trial.log_error) for _, trial in trials]
    return Score(
        len(trials), sum(close(trial) for _, trial in trials), len(narrow), sum(map(close, narrow)),
        exp(median(errors)) - 1, len(regrets), sum(one <= LEVEL - 1 for one in regrets), fmean(regrets), max(regrets),
    )  # fmt: skip


def regret(own: Sequence[HeldOut]) -> float:
    """By how much the one that is recommended is behind the best of a place, as measured."""
    name = recommended({one.runner: one.predicted_s for one in own}, own[0].concurrency)
    chosen = next(one for one in own if one.runner == name)
    return chosen.measured_s / min(one.measured_s for one in own) - 1


def verdicts(found: Sequence[Recorded]) -> dict[str, Verdict]:
    """What `advise` says of how good it is, by what a machine has: a calibration of its own, or none."""
    several = [one for one in found if one.name != ONE_CORE]
    return {
        name: Verdict(
            {one.name: accuracy(one.trials[name]) for one in several},
            {
                runner: spread([trial for one in several for trial in one.trials[name] if trial.runner == runner])
                for runner in dict.fromkeys(cell.runner for one in several for cell in one.cells)
            },
        )
        for name in (CALIBRATED, REFERENCE)
    }  # fmt: skip


def with_law(found: Sequence[Recorded], folder: Path) -> list[str]:
    """Add what the law of before predicted, where it was asked; returns the names of its sets of costs."""
    path = folder / "law.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for one in found:
        for title, rows in told.get(one.name, {}).items():
            one.trials[title] = [HeldOut(*row) for row in rows]
    return list(dict.fromkeys(title for own in told.values() for title in own))


def edged(one: Recorded) -> list[HeldOut]:
    """The cells whose prediction hangs on a little more or less of computing."""
    models = {model.runner: model for model in one.models[CALIBRATED]}
    found = {(cell.runner, cell.place) for cell in one.cells if models[cell.runner].edge_s(cell.work, one.cores)}
    return [trial for trial in one.trials[CALIBRATED] if (trial.runner, trial.place) in found]
