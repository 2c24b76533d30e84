"""From a gate run in progress to its report: verdicts, controls, what could have been seen, notes."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from when_async.results.cells.noise import spoken
from when_async.results.gate.acceptance import Acceptance
from when_async.results.gate.assembly import believed, canaries, cell_results, wall_series
from when_async.results.gate.deciding import FIRST, FRESH, CellTest
from when_async.results.gate.flips import flips
from when_async.results.gate.operating import operating
from when_async.results.gate.regimes import said as regimes_said
from when_async.results.gate.report import CellResult, GateReport, Word

from ...gate.matching import Matched
from ...machine.fingerprint import fingerprint
from .. import folders
from .sides import Sides
from .state import GateState, Request


def report_of(
    request: Request,
    sides: Sides,
    matched: Matched,
    state: GateState,
    accepted: Mapping[tuple[str, str], Acceptance],
    started: datetime,
    seconds: float,
    noise: str,
) -> GateReport:
    controls = canaries(state.controls, state.broken, state.late)
    results = believed(cell_results(state.cell_tests, state.broken, state.late), controls)
    unmatched, told = _unmatched(matched, accepted, state.checked)
    # Of a few pairs of what is plainly slower nothing follows for what is not.
    series = [] if state.settled else wall_series(state.cell_tests, state.controls)
    decided = max(1, len(state.cell_tests))
    spent = sum(result.seconds for result in results) / decided
    contestants = {paired.cell: (paired.comparison.id, paired.base.cell.contestant) for paired in matched.paired_cells}
    return GateReport(
        base=sides.base,
        head=sides.head,
        started=started.isoformat(timespec="seconds"),
        command=command_line(request.argv),
        margin=request.config.margin,
        budget_s=request.config.budget_s,
        seconds=seconds,
        seed=request.seed,
        machine=fingerprint(),
        noise=noise,
        cells=(*results, *unmatched),
        canaries=controls,
        flips=flips(contestants, {key: cell_test.pairs[FIRST] for key, cell_test in state.cell_tests.items()},
                    request.config.margin),
        operating=operating(series, margin=request.config.margin, comparisons=decided,
                            seconds_per_decision=spent, seed=request.seed,
                            cut_short=state.interrupted or bool(state.late)),
        notes=(*_injected(request), *state.notes, *_calibrated(), *_allowed(state.cell_tests, accepted),
               *_regimes(state.cell_tests), *told),
        interrupted=state.interrupted,
        allow_undecided=request.config.allow_undecided,
        allow_new=request.config.allow_new,
        controls_missed=state.controls_missed,
        injected=request.inject,
    )  # fmt: skip


def _injected(request: Request) -> list[str]:
    if not request.inject:
        return []
    return [f"{100 * request.inject:g} % of extra work was put into each op of head on purpose (--inject)"]


def _regimes(cell_tests: Mapping[str, CellTest]) -> list[str]:
    """What is to be known of the allocator, for each cell where base and head differ in it."""
    told = (regimes_said(key, [*one.pairs[FIRST], *one.pairs[FRESH]]) for key, one in cell_tests.items())
    return [sentence for sentence in told if sentence]


def _calibrated() -> list[str]:
    """What `when-async calibrate` found amiss with this machine, or that it was never asked."""
    from when_async.reports.calibration.findings import findings
    from when_async.results.calibration_files import for_runs

    here = fingerprint()
    known, ignored = for_runs([{"machine": here}], [folders.runs()])
    calibration = known.get(str(here.get("node_id", "")))
    if calibration is None:
        return [*ignored, "this machine was not calibrated; `when-async calibrate` measures its clocks and noise"]
    day = f"{calibration.date:%Y-%m-%d}"
    return [*ignored, *(f"calibrated on {day}: {one.said}" for one in findings(calibration) if one.todo)]


def _allowed(cells: Collection[str], accepted: Mapping[tuple[str, str], Acceptance]) -> list[str]:
    """One sentence for each slow-down that was accepted and widens a margin of this run, which the reader must know."""
    return [
        f"{one.cell}: {one.metric} up to {100 * one.slowdown:.1f} % slower was accepted on {one.date}: {one.reason}"
        for one in accepted.values()
        if one.metric and one.cell in cells
    ]


def _unmatched(
    matched: Matched, accepted: Mapping[tuple[str, str], Acceptance], checked: Mapping[str, str]
) -> tuple[list[CellResult], list[str]]:
    """Cells that base and head could not both run; those whose loss was accepted are only told."""
    results, told = [], []
    for each in matched.unmatched:
        if each.word == "SKIPPED":
            continue
        known = accepted.get((each.cell, ""))
        if known and each.word in (Word.MISSING, Word.RENAMED):
            told.append(f"{each.cell} is {each.word.lower()}, which was accepted on {known.date}: {known.reason}")
            continue
        if failed := checked.get(each.cell):
            results.append(CellResult(each.cell, Word.BROKEN, f"it is new, and {failed}"))
            continue
        seen = "; measured and checked in head, with nothing to compare it with yet" if each.cell in checked else ""
        results.append(CellResult(each.cell, Word(each.word), f"{each.reason}{seen}"))
    return results, told


def noise_word(since: Mapping[str, float], seconds: float) -> str:
    """`quiet`, `disturbed: 12 % steal` or `not recorded`, for the time of the gate."""
    steal, pressure = (since[name] / seconds if name in since else None for name in ("steal_s", "pressure_s"))
    return spoken(steal, pressure)


def command_line(argv: Sequence[str]) -> str:
    return shlex.join(["when-async", *argv])
