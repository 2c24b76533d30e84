"""The page of the judge: a table for each set of costs, each runner, one core, and the cells that were furthest off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from docs.evidence.judge_places import PYTHONS
from docs.evidence.judge_score import (
    FIRST,
    NARROW,
    ONE_CORE,
    OTHERS,
    Recorded,
    close,
    edged,
    pace,
    reference_rows,
    score,
    with_law,
)
from when_async.reports import words
from when_async.reports.calibration.cards import COSTS
from when_async.results.calibration import Calibration, read
from when_async.results.prediction.before_judge import CALIBRATED, REFERENCE
from when_async.results.prediction.calibrated import FIELDS, PLACE, measured
from when_async.results.prediction.judged import CLOSE_GOAL, RIGHT_GOAL

REGRET_GOAL, WORST_GOAL = 0.01, 0.25


def share(part: int, whole: int) -> str:
    """`88 of 101 (87 %)`."""
    return f"{part} of {whole} ({part / whole * 100:.0f} %)" if whole else "none"


def met(part: int, whole: int, goal: float) -> str:
    return "met" if part >= goal * whole else "missed"


def scores(found: Sequence[Recorded], title: str) -> Iterator[str]:
    """A table by interpreter, and all together."""
    yield "| recording | within 10 % | reproducible | goal | median error | best, or 5 % off | mean regret | worst |"
    yield "|---|---|---|---|---:|---|---:|---:|"
    groups = [(one.name, [one]) for one in found]
    for name, ones in [*groups, ("all", list(found))]:
        own = score([(one, trial) for one in ones for trial in one.trials[title]])
        whole = f" ({met(own.close, own.cells, CLOSE_GOAL)})" if name == "all" else ""
        right = f" ({met(own.right, own.places, RIGHT_GOAL)})" if name == "all" else ""
        yield (
            f"| {name} | {share(own.close, own.cells)}{whole} | {share(own.narrow_close, own.narrow)} | "
            f"{met(own.narrow_close, own.narrow, CLOSE_GOAL)} | {own.error * 100:.1f} % | "
            f"{share(own.right, own.places)}{right} | {own.regret * 100:.1f} % | {own.worst * 100:.0f} % |"
        )


def by_runner(found: Sequence[Recorded]) -> Iterator[str]:
    """Cells within 10 % of each runner, by each set of costs."""
    yield f"| runner | {' | '.join(found[0].trials)} |"
    yield f"|---|{'---|' * len(found[0].trials)}"
    for runner in dict.fromkeys(cell.runner for one in found for cell in one.cells):
        columns = []
        for title in found[0].trials:
            own = [trial for one in found for trial in one.trials[title] if trial.runner == runner]
            columns.append(share(sum(map(close, own)), len(own)))
        yield f"| {runner} | {' | '.join(columns)} |"


def worst(found: Sequence[Recorded], most: int = 15) -> Iterator[str]:
    """The cells that the calibrated costs were furthest off in."""
    yield "| Python | cell | measured | half-width | measured / predicted |"
    yield "|---|---|---:|---:|---:|"
    trials = [(one, trial) for one in found for trial in one.trials[CALIBRATED]]
    for one, trial in sorted(trials, key=lambda pair: -abs(pair[1].log_error))[:most]:
        wide = one.width[trial.place, trial.runner]
        yield (
            f"| {one.name} | `{trial.place}-{trial.runner}` | {words.scalar(trial.measured_s, 's')} | "
            f"{wide * 100:.0f} % | {trial.measured_s / trial.predicted_s:.2f} |"
        )


SUMS = {
    "a wait of a thread and the hand-over after it": ("threading", ("op_s", "handover_s")),
    "an op of asyncio": ("asyncio", ("op_s",)), "an op of uvloop": ("uvloop", ("op_s",)),
    "an op of trio": ("trio", ("op_s",)), "lateness of a sleep": ("sync", ("late_s",)),
    "lateness and two turns of asyncio": ("asyncio", ("late_s", "turn_s", "turn_s")),
    "lateness and a turn of trio": ("trio", ("late_s", "turn_s")),
    "a wait in a process": ("multiprocessing", ("op_s",)), "a chunk": ("multiprocessing", ("chunk_s",)),
}  # fmt: skip
"""What can be told from cells: of some costs only the sum, as one can stand for the other there."""
NEAR = 0.2


def agreement(found: Sequence[Recorded]) -> Iterator[str]:
    """Costs that were calibrated against those that are fitted to the recording."""
    yield f"| cost | {' | '.join(one.name for one in found)} |"
    yield f"|---|{'---|' * len(found)}"
    for title, (runner, names) in SUMS.items():
        yield f"| {title} | {' | '.join(_pair(one, runner, names) for one in found)} |"


def _pair(one: Recorded, runner: str, names: Sequence[str]) -> str:
    """`3.4 / 3.5 µs`, in bold where they differ by more than a fifth."""
    both = []
    for title in (CALIBRATED, OTHERS):
        model = next((each for each in one.models[title] if each.runner == runner), None)
        if model is None or (model.gil is False and "handover_s" in names):
            return ""
        both.append(sum(getattr(model.costs, name) for name in names))
    mine, fit = both
    near = 1 / (1 + NEAR) <= mine / fit <= 1 + NEAR if fit > 0 else False
    said = f"{mine * 1e6:.1f} / {fit * 1e6:.1f} µs"
    return said if near else f"**{said}**"


NAMES = {
    **{field: COSTS[column] for column, field in FIELDS.items()}, "start_place_s": COSTS[PLACE],
    "op_s": "an op with a wait, among few",
}  # fmt: skip
"""Costs as `calibrate` calls them."""


def figures(calibrations: Mapping[str, Calibration]) -> Iterator[str]:
    """What each calibration measured, with its interval."""
    yield "| Python | runner | cost | figure |"
    yield "|---|---|---|---|"
    for python, one in calibrations.items():
        for runner, own in measured(one).items():
            for name, estimate in own.figures.items():
                unit = "x" if name == "scale" else "s"
                yield f"| {python} | {runner} | {NAMES[name]} | {words.with_unit(estimate, unit)} |"


def opening(several: Sequence[Recorded]) -> list[str]:
    """What was recorded, when, on what, and the words that follow."""
    return [
        "# Predictions before a judge",
        "Written by `python -m docs.evidence.judge --write`. When the code was frozen, a recording was made of places "
        "that nothing had been fitted to, and no constant and no structure was changed after it had been read. The "
        "rules were committed before it: [judge.py](evidence/judge.py), [the places](evidence/judge_places.py).",
        f"Machine: {several[0].machine}. It goes by the name of that of the reference, and is another: computing "
        f"that took {pace(several[0].rows):.2f} of its nominal time here took {pace(reference_rows()):.2f} of it "
        "there. The files name commit 3c389df; a link that had slipped into that commit was taken out of the history, "
        "in which it is 730bbff.",
        "One recording of the reference's own places was made on this machine before, with 3 processes a cell "
        "(`judge/development-3.11.jsonl.gz`). By it was decided that `advise` takes a calibration where there is one. "
        "A trial of the recorder, with other places and 2 processes, was thrown away.",
        "A place is some work: how long ops wait and compute, how many there are, how many in flight. A cell is a "
        "model "
        "in a place; it is reproducible where the 95 % interval of its time has a half-width of at most "
        f"{NARROW * 100:g} %. Regret is by how much the recommended model is behind the best of its place, as "
        "measured.",
    ]


def page(found: Sequence[Recorded], folder: Path) -> str:
    """The whole page."""
    several, alone = [one for one in found if one.name != ONE_CORE], [one for one in found if one.name == ONE_CORE]
    laws = with_law(several, folder)
    own = score([(one, trial) for one in several for trial in one.trials[CALIBRATED]])
    edges = [trial for one in several for trial in edged(one)]
    blocks = [
        *opening(several),
        "## By calibration: no cell of the recording was seen",
        f"The goals: within 10 % in {CLOSE_GOAL * 100:g} % of the reproducible cells of every interpreter, and of all "
        f"cells together; the best or within 5 % of it in {RIGHT_GOAL * 100:g} % of the places; a mean regret of at "
        f"most {REGRET_GOAL * 100:g} %; nothing that is more than {WORST_GOAL * 100:g} % behind. The goal for the "
        f"mean regret is {'met' if own.regret <= REGRET_GOAL else 'missed'}, and that for the worst is "
        f"{'met' if own.worst <= WORST_GOAL else 'missed'}; the table says it of the others.",
        "\n".join(scores(several, CALIBRATED)),
        f"On an edge, where 3 % of computing more or less changes the prediction by a tenth, lie {len(edges)} of the "
        f"{own.cells} cells. Of them {sum(map(close, edges))} were within 10 %.",
        "Threads with 256 in flight took longer than was predicted. The cause was found when this had been read: the "
        "calibration of the hand-over counts what reading a clock costs as computing. It stays as it is until another "
        "judge can say whether a change is one for the better.",
        "## By what was fitted to the reference, on another machine",
        "\n".join(scores(several, REFERENCE)),
        "## By what is fitted to the other places of the recording",
        "\n".join(scores(several, OTHERS)),
        "## Each runner",
        "\n".join(by_runner(several)),
        "## The law that was there before",
        "Six fitted figures a runner, in its last version; its code is gone from here (`docs/evidence/judge_law.py` "
        "takes it out of the history).",
        *(part for title in laws for part in (f"By {title.partition(', ')[2]}:", "\n".join(scores(several, title)))),
        "## One core",
        f"The places of {FIRST} once more, bound to one core (`taskset -c 0`), and the predictions of `--cores 1`.",
        "\n".join(scores(alone, CALIBRATED)),
        "## The cells that were furthest off, by calibration",
        "\n".join(worst(found)),
        "## Calibrated costs and fitted ones",
        "Left what `when-async calibrate` measured, right what was fitted to the recording; **bold** where they differ "
        "by more than a fifth.",
        "\n".join(agreement(several)),
        "## What the calibrations measured",
        "\n".join(figures({name: read(folder / f"{name}.json") for name in PYTHONS})),
    ]
    return "\n\n".join(blocks) + "\n"
