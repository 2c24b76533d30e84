"""The recordings of the reference by interpreter: what each process came to, what it cost, and the plan it was in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from docs.evidence.spread import REFERENCE, ROUNDS, log_variances
from when_async.bench.cli.run.claimed import prepared, selection_for, with_core
from when_async.bench.cli.run.course import UNKNOWN_S
from when_async.bench.model import Environment, Phase, from_json
from when_async.bench.plan import DECIDE, VERDICTS, Plan, build
from when_async.bench.selection import catalogue
from when_async.reports.recordings.agreement import one_each
from when_async.reports.verdicts.claim import Cell, Statement
from when_async.reports.verdicts.judging import lookups
from when_async.reports.verdicts.lookup import Hole, Lookup
from when_async.results.cells.rule import Rule, Series
from when_async.results.cells.summary import Row
from when_async.results.frame import load
from when_async.results.overview import header_of

Processes = Mapping[int, float]
"""A quantity by process."""


@dataclass
class Recording:
    """One interpreter of the reference.

    `brief` has the rounds that a deciding run takes of each process, `whole` all of them. `fork_s` holds by comparison,
    process and cell the seconds that it took, `launch_s` those of its start, which all of a comparison have at once.
    """

    environment: Environment
    brief: Lookup
    whole: Lookup
    fork_s: Mapping[tuple[str, int, str], float]
    launch_s: Mapping[tuple[str, int, str], float]
    scatter: Mapping[str, float]
    """By the key of a part the log of its variance over all processes."""
    factor: float
    """What the whole recording took over the sum of its known parts."""
    series: dict[tuple[object, ...], Processes | Hole] = field(default_factory=dict)
    """What was looked up of `brief`, kept for the next replay."""

    def step_s(self, place: str, fork: int, cells: Sequence[str]) -> float:
        """What a process of each of these cells takes together; of a cell that has no record, what Course expects."""
        known = [cell for cell in cells if (place, fork, cell) in self.fork_s]
        asked = sum(self.fork_s[place, fork, cell] for cell in known)
        launched = max((self.launch_s[place, fork, cell] for cell in known), default=0.0)
        return (asked + launched) * self.factor + UNKNOWN_S * (len(cells) - len(known))


def plan_of(environment: Environment, asked: Sequence[Statement]) -> Plan:
    """What the default run plans for an interpreter."""
    known = catalogue()
    selection = with_core(selection_for(asked, known), known)
    plan = build(selection.points, selection.runners, [environment], VERDICTS[DECIDE], selection.only)
    return prepared(plan, asked)


def recordings(once: frozenset[str], path: Path = REFERENCE) -> dict[str, Recording]:
    """All interpreters by label; of the comparisons `once` a process has a single round."""
    found = {}
    for file in one_each({one: header_of(one) for one in sorted(path.glob("claims-*.jsonl.gz"))}):
        frame = load(file)
        rounds = np.where(frame["comparison"].isin(once), 1, ROUNDS)
        brief = frame[(frame["phase"] != Phase.MEASURE) | (frame["round"] < rounds)]
        costs, everything = _costs(brief), _costs(frame)
        factor = frame.attrs["accounts"][0]["wall_s"] / _sum_s(everything)
        (header,) = frame.attrs["headers"]
        environments = {one["label"]: one for one in header["environments"]}
        for whole, short in zip(lookups(frame), lookups(brief), strict=True):
            own = costs[costs["python"] == whole.python]
            keys = list(own[["comparison", "fork", "cell"]].itertuples(index=False, name=None))
            found[whole.python] = Recording(
                from_json(Environment, environments[whole.python]), short, whole,
                dict(zip(keys, own["asked_s"], strict=True)),
                # Where two interpreters were recorded together, twice as many workers started side by side.
                dict(zip(keys, own["launch_s"] / len(environments), strict=True)),
                dict(log_variances(whole)), factor,
            )  # fmt: skip
    return found


def _costs(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per process: the seconds of its start, and those of all the rest."""
    keys = ["python", "comparison", "fork", "cell"]
    timed = frame[frame["fork"].notna()]
    own = timed.groupby(keys, sort=False, observed=True).agg(
        {"window_s": "sum", "launch_s": "first", "startup_s": "first", "teardown_s": "first"}
    )
    own["asked_s"] = own[["window_s", "startup_s", "teardown_s"]].sum(axis=1)
    return own.reset_index()[[*keys, "asked_s", "launch_s"]].fillna(0.0)


def _sum_s(costs: pd.DataFrame) -> float:
    launched = costs.groupby(["comparison", "fork"])["launch_s"].max().sum()
    return float(costs["asked_s"].sum() + launched)


class Served(Lookup):
    """What a run knows that has the first processes of a recording in an order of its own.

    `order` names the processes, `forks` says how many of them each comparison has, `left` who takes part no more.
    """

    def __init__(
        self, of: Recording, rule: Rule, order: Sequence[int], forks: Mapping[str, int], left: Mapping[str, str]
    ) -> None:
        super().__init__(of.brief.scene, of.brief.run, of.brief.python, rule)
        self._of, self._order, self._forks, self._left = of, order, forks, left

    def row(self, cell: Cell) -> Row | Hole:
        """The row of a cell, unless it left or its comparison has not been measured."""
        place, contestant = cell
        if not self._forks.get(place):
            return Hole("it was not measured yet", f"{contestant} in {place}", asked=False)
        found = super().row(cell)
        if not isinstance(found, Hole) and found.cell in self._left:
            return Hole(self._left[found.cell], f"{contestant} in {place}", found.cell)
        return found

    def series(self, cell: Cell, name: str) -> Series | Hole:
        found = super().series(cell, name)
        if isinstance(found, Hole):
            return found
        row = self.row(cell)
        assert not isinstance(row, Hole)
        return Series(self._served(cell[0], row.processes[name]), found.unit, found.signed)

    def ratios(self, over: Cell, under: Cell, name: str) -> Series | Hole:
        for cell in (over, under):
            row = self.row(cell)
            if isinstance(row, Hole):
                return row
        key = (over, under, name)
        if key not in self._of.series:
            self._of.series[key] = self._by_process(over, under, name)
        found = self._of.series[key]
        return found if isinstance(found, Hole) else Series(self._served(over[0], found), "x")

    def _by_process(self, over: Cell, under: Cell, name: str) -> Processes | Hole:
        brief = self._of.brief
        whole = brief.ratios(over, under, name)
        if isinstance(whole, Hole):
            return whole
        rows = [row for row in map(brief.row, (over, under)) if not isinstance(row, Hole)]
        met = sorted(set.intersection(*(set(row.processes["makespan"]) for row in rows)))
        return dict(zip(met, whole.values, strict=True))

    def _served(self, place: str, values: Processes) -> tuple[float, ...]:
        taken = self._order[: self._forks[place]]
        return tuple(values[fork] for fork in taken if fork in values)
