"""Any two things against each other: two cells or two environments of one run, or the same cells of two runs.

A is what B is compared with: a ratio is time of A / time of B, so above 1 B is faster. Inside one run the ratio is
formed in blocks where both took their turn. Two runs share no block, so theirs is unpaired and weaker. Unlike
environments are told in every row; what would be meaningless is refused: other work, or another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ..cells.pairing import CellRounds, cell_rounds, log_ratios, measured, nothing
from ..cells.rule import DECIDE
from ..runfile import Header
from ..stats.holm import holm
from ..stats.standing import Standing, judge, judge_unpaired
from .alike import environment_differences, machine_differences, run_differences
from .partners import Two, of_contestants, of_environments, of_runs, other_work
from .resolve import ContrastError, Kind, cells_of, resolve

MARGIN: Final = 0.03
"""The difference that does not matter where the user names none (method.md, gate recipe)."""
METRICS: Mapping[str, str] = {"wall": "makespan", "cpu": "cpu_per_op"}
"""Name -> the quantity of the summary that it compares, in seconds."""
UNPAIRED: Final = (
    "the two runs were measured at different times: the interval does not hold what changed on the machine between "
    "them; measure both sides in one run to be sure"
)
_TOO_COARSE = "the clock read 0 in some round, and 0 has no ratio; take longer rounds"


@dataclass(frozen=True)
class ContrastRow:
    """One metric of one cell of A against its counterpart of B.

    `cell_a` and `cell_b` are cell ids, also where nobody asked for that cell; `label` says what is compared. `metric`
    is `wall` (makespan) or `cpu` (CPU time per op). `contrast` is None where there is a hole, and `reason` then says
    why. `differs` tells what is unlike in the two environments or runs, `warning` what the interval does not hold.
    `p_holm` is the p of the contrast adjusted for all rows of its metric, None where no test was made.
    """

    cell_a: str
    cell_b: str
    label: str
    contrast: Standing | None
    reason: str
    metric: str
    differs: tuple[str, ...] = ()
    warning: str = ""
    p_holm: float | None = None


def contrast_named(frame: pd.DataFrame, a: str, b: str, margin: float = MARGIN) -> list[ContrastRow]:
    """Two interpreters of one run, or two of its cells or contestants, as `resolve` reads the texts `a` and `b`."""
    both = {resolve(frame, text).kind for text in (a, b)} == {Kind.PYTHON}
    return (contrast_environments if both else contrast_cells)(frame, a, b, margin)


def contrast_cells(frame: pd.DataFrame, a: str, b: str, margin: float = MARGIN) -> list[ContrastRow]:
    """Two cells or contestants against each other, paired inside the blocks of one run; two rows for each two cells.

    Contestants are compared wherever both take part in a comparison on the same interpreter, with the same library
    unless a text names one. Raises ContrastError for a text that names nothing or an interpreter, for cells of
    different comparisons, for equal sides, and where two cells that were named in full did unequal work.
    """
    header = _header(frame)
    names = resolve(frame, a), resolve(frame, b)
    for name in names:
        if name.kind is Kind.PYTHON:
            raise ContrastError(f"{name.text} is an interpreter; compare it with another one, or name two contestants")
    twos = of_contestants(*names)
    digests = _digests(frame)
    holes = _holes(twos, digests, digests)
    work = other_work(digests.get(twos[0].id_a, ()), digests.get(twos[0].id_b, ()))
    if work and {name.kind for name in names} == {Kind.CELL}:
        raise ContrastError(f"{names[0].text} and {names[1].text} cannot be compared: {work}")
    return _rows(twos, holes, _differences(twos, header, header), _paired(frame, margin))


def contrast_environments(frame: pd.DataFrame, a: str, b: str, margin: float = MARGIN) -> list[ContrastRow]:
    """Every cell of the interpreter labelled `a` against its counterpart of `b`, paired inside blocks of one run.

    Raises ContrastError for a text that is no interpreter of the run, and for the same one twice.
    """
    header = _header(frame)
    names = resolve(frame, a), resolve(frame, b)
    for name in names:
        if name.kind is not Kind.PYTHON:
            have = ", ".join(dict.fromkeys(str(cell["python"]) for cell in cells_of(frame)))
            raise ContrastError(f"{name.text} is not an interpreter of this run; it has {have}")
    twos = of_environments(*names)
    digests = _digests(frame)
    holes = _holes(twos, digests, digests)
    return _rows(twos, holes, _differences(twos, header, header), _paired(frame, margin))


def contrast_runs(
    frame_a: pd.DataFrame, frame_b: pd.DataFrame, margin: float = MARGIN, *, across_machines: bool = False
) -> list[ContrastRow]:
    """Every cell that two runs have under the same id, unpaired; each row carries the warning `UNPAIRED`.

    Raises ContrastError where the runs were made on different machines or processors, unless `across_machines` allows
    it, which is told all the same; and where they have no cell in common.
    """
    header_a, header_b = _header(frame_a), _header(frame_b)
    machines = machine_differences(header_a, header_b)
    if machines and not across_machines:
        what = ", ".join(machines)
        raise ContrastError(f"the runs were made on different machines ({what}); measure both sides on one machine")
    told = (*machines, *run_differences(header_a, header_b))
    twos = of_runs(cells_of(frame_a), cells_of(frame_b))
    holes = _holes(twos, _digests(frame_a), _digests(frame_b), _seeds(header_a, header_b))
    differs = [(*told, *own) for own in _differences(twos, header_a, header_b)]
    rows = _rows(twos, holes, differs, _unpaired(frame_a, frame_b, margin))
    return [replace(row, warning=UNPAIRED) for row in rows]


Judge = Callable[[Two, str], Standing | str]
"""The verdict on two OK cells in one metric, or why there is none."""


def _rows(
    twos: Sequence[Two], holes: Sequence[str], differs: Sequence[tuple[str, ...]], judged: Judge
) -> list[ContrastRow]:
    """One row per two cells and metric; the p values of each metric are one family."""
    rows = []
    for two, hole, told in zip(twos, holes, differs, strict=True):
        for metric in METRICS:
            found = hole or judged(two, metric)
            contrast, reason = (None, found) if isinstance(found, str) else (found, "")
            rows.append(ContrastRow(two.id_a, two.id_b, two.label, contrast, reason, metric, told))
    for metric in METRICS:
        places = [place for place, row in enumerate(rows) if row.metric == metric]
        family = [row.contrast.p if row.contrast else None for row in (rows[place] for place in places)]
        for place, p in zip(places, holm(family), strict=True):
            rows[place] = replace(rows[place], p_holm=p)
    return rows


def _paired(frame: pd.DataFrame, margin: float) -> Judge:
    """Judges two cells of one run by the log-ratios of the forks in which they met."""
    rounds = _rounds(frame)
    looked = _header(frame).get("profile") == DECIDE

    def judged(two: Two, metric: str) -> Standing | str:
        a, b = (rounds.get(cell, nothing()) for cell in (two.id_a, two.id_b))
        if _coarse(a, metric) or _coarse(b, metric):
            return _TOO_COARSE
        found = log_ratios(a, b, METRICS[metric])
        if not found:
            return "the two never met in a block, so they have no paired ratio"
        return judge(found, margin, looked=looked)

    return judged


def _rounds(frame: pd.DataFrame) -> dict[str, CellRounds]:
    """By cell the analysed rounds of the one run of a frame."""
    return {cell: rounds for (_, cell), rounds in cell_rounds(measured(frame), METRICS.values()).items()}


def _coarse(rounds: CellRounds, metric: str) -> bool:
    """Whether some round has no logarithm of this metric."""
    return not (rounds.values.get(METRICS[metric], np.empty(0)) > 0).all()


def _unpaired(frame_a: pd.DataFrame, frame_b: pd.DataFrame, margin: float) -> Judge:
    """Judges a cell of one run against one of another by the median of each of their processes."""
    sides = _rounds(frame_a), _rounds(frame_b)

    def judged(two: Two, metric: str) -> Standing | str:
        a, b = sides[0].get(two.id_a), sides[1].get(two.id_b)
        if a is None or b is None:
            return "one of the two has no measured round"
        if _coarse(a, metric) or _coarse(b, metric):
            return _TOO_COARSE
        logs_a, logs_b = (np.log(side.medians(METRICS[metric])) for side in (a, b))
        return judge_unpaired(logs_a, logs_b, margin)

    return judged


def _digests(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Cell -> the digests that its measured rounds came to."""
    digests = measured(frame).groupby("cell", sort=False)["digest"].unique()
    return {str(cell): tuple(sorted(map(str, found))) for cell, found in digests.items()}


def _holes(
    twos: Sequence[Two],
    digests_a: Mapping[str, tuple[str, ...]],
    digests_b: Mapping[str, tuple[str, ...]],
    hint: str = "",
) -> list[str]:
    """For each two cells why they cannot be compared, or the empty string; `hint` explains unequal work."""
    found = []
    for two in twos:
        work = other_work(digests_a.get(two.id_a, ()), digests_b.get(two.id_b, ()))
        found.append(two.hole or (work and work + hint))
    return found


def _seeds(a: Header, b: Header) -> str:
    """What to say of unequal work where the seeds of two runs differ."""
    seeds = a.get("seed"), b.get("seed")
    return (
        f"; the runs have seeds {seeds[0]} and {seeds[1]}, measure both with one --seed" if seeds[0] != seeds[1] else ""
    )


def _differences(twos: Sequence[Two], header_a: Header, header_b: Header) -> list[tuple[str, ...]]:
    """What is unlike in the interpreters of each two cells."""
    pairs = {two.pythons for two in twos}
    known = {(a, b): environment_differences(header_a, a, header_b, b) for a, b in pairs}
    return [known[two.pythons] for two in twos]


def _header(frame: pd.DataFrame) -> Header:
    """The header of the one run that a frame holds; ContrastError where it holds none or several."""
    headers: Sequence[Header] = frame.attrs.get("headers") or ()
    if len(headers) != 1:
        raise ContrastError(f"one run file is needed on each side, got {len(headers)}; load one with results.load")
    return headers[0]
