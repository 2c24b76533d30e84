"""Puts a gate's report together from the tests of its cells: corrections over the family, controls, acceptances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..stats.holm import holm
from ..stats.sequential import Floats
from .deciding import FRESH, CellTest
from .report import Canary, CellResult, MetricResult, Word


@dataclass(frozen=True)
class Control:
    """The test of a cell whose answer is known: `injected` is the slow-down that was put in, 0.0 for none."""

    cell_test: CellTest
    cell: str
    injected: float


def cell_results(
    cell_tests: Mapping[str, CellTest], broken: Mapping[str, str], late: Sequence[str]
) -> tuple[CellResult, ...]:
    """The verdict on each cell that both sides ran, its p values adjusted by Holm's method over all of them."""
    results = []
    for key, cell_test in cell_tests.items():
        if key in broken:
            result = replace(cell_test.result(out_of_time=True), word=Word.BROKEN, reason=broken[key])
        else:
            result = cell_test.result(out_of_time=key in late)
        results.append(result)
    return corrected(results)


def corrected(results: Sequence[CellResult]) -> tuple[CellResult, ...]:
    """The same results with `p_holm` filled in over the tests of all cells and metrics, confirmations apart."""
    tests = [metric.p for result in results for metric in result.metrics]
    adjusted = iter(holm(tests))
    return tuple(
        replace(result, metrics=tuple(replace(metric, p_holm=next(adjusted)) for metric in result.metrics))
        for result in results
    )


def canaries(controls: Sequence[Control], broken: Mapping[str, str], late: Sequence[str]) -> tuple[Canary, ...]:
    """What the controls did: an unchanged one must not regress, an injected one must."""
    found = []
    for control in controls:
        key = control.cell_test.cell
        result = control.cell_test.result(out_of_time=key in late or key in broken)
        regressed = result.word is Word.REGRESSED
        wall = metric_named(result, "wall")
        passed = regressed if control.injected else not regressed and key not in broken
        found.append(
            Canary(
                cell=control.cell,
                kind="injected" if control.injected else "unchanged",
                injected=control.injected,
                word=Word.BROKEN if key in broken else result.word,
                passed=passed,
                ratio=wall.ratio if wall else None,
                pairs=result.pairs + len(control.cell_test.pairs[FRESH]),
            )
        )
    return tuple(found)


def believed(results: Sequence[CellResult], controls: Sequence[Canary]) -> tuple[CellResult, ...]:
    """Turn regressions into INCONCLUSIVE where the gate alarmed on a program compared with itself."""
    if not any(control.kind == "unchanged" and control.word is Word.REGRESSED for control in controls):
        return tuple(results)
    why = "the gate alarmed on an unchanged control too, so this alarm cannot be believed"
    return tuple(
        replace(result, word=Word.INCONCLUSIVE, reason=f"{result.reason}; {why}")
        if result.word is Word.REGRESSED
        else result
        for result in results
    )


def wall_series(cell_tests: Mapping[str, CellTest], controls: Sequence[Control]) -> list[Floats]:
    """Log-ratios of wall time per pair of every cell, for replaying the run's own noise."""
    every = [*cell_tests.values(), *(control.cell_test for control in controls)]
    return [row for cell_test in every for metric, row in cell_test.ratios("first").items() if metric == "wall"]


def metric_named(result: CellResult, name: str) -> MetricResult | None:
    """One metric of a result."""
    return next((metric for metric in result.metrics if metric.metric == name), None)
