"""From the pairs of one cell to its verdict: says which pairs are still wanted, and in the end what they show.

Pure: it is handed pairs and never asks where they come from, so every verdict can be had again from the stored pairs
(method.md, T19), and tests feed it pairs that were never measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from when_async.bench.model import Pair

from ..stats import sequential
from ..stats.estimate import paired_interval, signed_rank_p
from ..stats.sequential import DEFAULT, Floats, Rule
from .reducing import inside, log_ratio, per_op, usable
from .report import CellResult, MetricResult, Word

FIRST, FRESH = "first", "fresh"
"""The two series of pairs: those that the looks and the test see, and those that must confirm an alarm."""

POWER_95 = 2 * 1.959964
"""Standard errors between the margin and an effect that both tests find, each with a chance of 97.5 %."""


@dataclass(frozen=True)
class Terms:
    """What is asked of a cell: the margin of each gated metric (0.03 is 3 %), and whether to skip the early looks."""

    margins: Mapping[str, float]
    thorough: bool = False
    """Take at least the pairs of the second look, because improvement or equivalence is the question."""


@dataclass
class CellTest:
    """One cell before the gate: collect its pairs with `add`, ask `wants` for more, and `result` for the verdict."""

    cell: str
    terms: Terms
    rule: Rule = DEFAULT
    pairs: dict[str, list[Pair]] = field(default_factory=lambda: {FIRST: [], FRESH: []})

    _known: dict[str, tuple[str, int] | None] = field(default_factory=dict, repr=False)
    _logs: dict[tuple[str, int, str], float | None] = field(default_factory=dict, repr=False)

    def add(self, pair: Pair) -> None:
        self.pairs[pair.series].append(pair)
        self._known.clear()

    def wants(self) -> tuple[str, int] | None:
        """The series to go on with and how many pairs it needs in all; None when the cell can be decided."""
        # A gate asks after each pair of each cell, and the answer changes only with a pair of this one.
        if "wants" not in self._known:
            self._known["wants"] = self._wants()
        return self._known["wants"]

    def owed(self) -> int:
        """How many pairs are still wanted, as far as is known by now."""
        wanted = self.wants()
        return wanted[1] - len(self.pairs[wanted[0]]) if wanted else 0

    def _wants(self) -> tuple[str, int] | None:
        first = len(self.pairs[FIRST])
        if first < self.rule.first_look:
            return FIRST, self.rule.first_look
        if not self._after_first_look():
            return None
        if self.plain(FIRST):
            if len(self.pairs[FRESH]) < self.rule.first_look:
                return FRESH, self.rule.first_look
            if self.plainly_regressed():
                return None
        if first < self.rule.second_look:
            return FIRST, self.rule.second_look
        if not self.questioned():
            return None
        size = self.size()
        if first < size:
            # One step at a time: there is a look at each size on the way.
            return FIRST, next(step for step in self.rule.sizes if step > first)
        fresh = len(self.pairs[FRESH])
        if self.suspects() and fresh < self.fresh_size():
            return FRESH, self.fresh_size()
        return None

    def ratios(self, series: str) -> dict[str, Floats]:
        """One log(head / base) per pair for each gated metric that every pair has."""
        rows = {
            metric: [self._log(series, index, metric) for index in range(len(self.pairs[series]))]
            for metric in self.terms.margins
        }
        return {metric: np.array(row, dtype=float) for metric, row in rows.items() if row and None not in row}

    def _log(self, series: str, index: int, metric: str) -> float | None:
        """The log-ratio of one pair, reduced once; None where it has no such metric."""
        key = (series, index, metric)
        if key not in self._logs:
            pair = self.pairs[series][index]
            self._logs[key] = log_ratio(pair, metric) if usable(pair, metric) else None
        return self._logs[key]

    def _after_first_look(self) -> dict[str, Floats]:
        d = self.ratios(FIRST)
        if self.terms.thorough:
            return d
        return {m: row for m, row in d.items() if self._one(sequential.passes_first_look, m, row)}

    def questioned(self) -> dict[str, Floats]:
        """The metrics that every look so far has left in question."""
        first = len(self.pairs[FIRST])
        return {
            m: row
            for m, row in self._after_first_look().items()
            if first < self.rule.second_look
            or all(
                self._one(sequential.passes_look, m, row[:look])
                for look in sequential.looks_before(self._planned(m, row), self.rule)
                if look <= first
            )
        }

    def _planned(self, metric: str, row: Floats) -> int:
        return int(sequential.planned_pairs(row[None, :], self.terms.margins[metric], self.rule)[0])

    def size(self) -> int:
        """How many pairs the test has: what the widest metric in question needs."""
        return max((self._planned(m, row) for m, row in self.questioned().items()), default=self.rule.second_look)

    def fresh_size(self) -> int:
        """How many fresh pairs the confirmation has: those of the second look, then what their own spread needs."""
        fresh = self.ratios(FRESH)
        if len(self.pairs[FRESH]) < self.rule.second_look:
            return self.rule.second_look
        return max((self._planned(m, fresh[m]) for m in self.suspects() if m in fresh), default=self.rule.second_look)

    def suspects(self) -> list[str]:
        """The metrics that alarm in the first series, once it is long enough for the test."""
        if len(self.pairs[FIRST]) < self.rule.sizes[0]:
            return []
        return [m for m, row in self.questioned().items() if self._one(sequential.rejects, m, row)]

    def plain(self, series: str) -> set[str]:
        """The metrics that are so much slower in a series that few pairs are enough to tell."""
        return {m for m, row in self.ratios(series).items() if self._one(sequential.plain, m, row)}

    def plainly_regressed(self) -> list[str]:
        """Those that are so in both series."""
        both = self.plain(FIRST) & self.plain(FRESH)
        return [m for m in self._after_first_look() if m in both]

    def urgent(self) -> bool:
        """Whether it is plainly slower, and only fresh pairs are wanting to say so."""
        wanted = self.wants()
        return wanted is not None and wanted[0] == FRESH and len(self.pairs[FRESH]) < self.rule.first_look

    def regressed(self) -> list[str]:
        """The metrics that alarm in both series."""
        fresh = self.ratios(FRESH)
        plain, suspects = self.plainly_regressed(), self.suspects()
        return [
            m
            for m in self.ratios(FIRST)
            if m in plain or (m in suspects and m in fresh and self._one(sequential.rejects, m, fresh[m]))
        ]

    def improved(self) -> list[str]:
        """The mirror image: the metrics that are faster by more than the margin, seen after the second look."""
        if len(self.pairs[FIRST]) < self.rule.second_look:
            return []
        return [m for m, row in self.ratios(FIRST).items() if self._one(sequential.rejects, m, -row)]

    def _one(self, rule: object, metric: str, row: Floats) -> bool:
        return bool(rule(row[None, :], self.terms.margins[metric], self.rule)[0])  # type: ignore[operator]

    def result(self, *, out_of_time: bool = False) -> CellResult:
        """The verdict; a cell that was stopped, or still wants pairs, is inconclusive whatever its pairs say so far."""
        metrics = tuple(self._metric(FIRST, metric) for metric in self.ratios(FIRST))
        stopped = out_of_time or self.wants() is not None
        word, reason = self._cut_short() if stopped else self._verdict(metrics)
        return CellResult(
            cell=self.cell,
            word=word,
            reason=reason,
            pairs=len(self.pairs[FIRST]),
            metrics=metrics,
            confirmation=tuple(self._metric(FRESH, metric) for metric in self.ratios(FRESH)),
            seconds=sum(pair.seconds for series in self.pairs.values() for pair in series),
        )

    def _cut_short(self) -> tuple[Word, str]:
        taken = sum(map(len, self.pairs.values()))
        return Word.INCONCLUSIVE, f"stopped undecided after {taken} pairs; give it more time with --budget"

    def _verdict(self, metrics: Sequence[MetricResult]) -> tuple[Word, str]:
        pairs = len(self.pairs[FIRST])
        if not metrics:
            return Word.INCONCLUSIVE, f"no clock could be read in all of {pairs} pairs; give a round more ops"
        regressed = self.regressed()
        fresh = len(self.pairs[FRESH])
        if plain := self.plainly_regressed():
            return Word.REGRESSED, f"{' and '.join(plain)} plainly slower in {pairs} pairs and in {fresh} fresh ones"
        if regressed:
            return Word.REGRESSED, f"{' and '.join(regressed)} beyond the margin, confirmed on {fresh} fresh pairs"
        suspects = self.suspects()
        if suspects:
            return Word.INCONCLUSIVE, f"{' and '.join(suspects)} beyond the margin, but fresh pairs did not confirm it"
        improved = self.improved()
        if improved:
            return Word.IMPROVED, f"{' and '.join(improved)} faster by more than the margin"
        if pairs >= self.rule.second_look and metrics and all(map(inside, metrics)):
            return Word.EQUIVALENT, f"no difference larger than the margin after {pairs} pairs"
        if not self.questioned():
            return Word.NO_ALARM, f"nothing pointed to a slow-down beyond the margin after {pairs} pairs"
        widest = max((metric.spread or 0.0 for metric in metrics), default=0.0)
        why = f"the interval reaches beyond the margin after {pairs} pairs, which spread by {widest:.1%}"
        return Word.INCONCLUSIVE, why

    def _metric(self, series: str, metric: str) -> MetricResult:
        row = self.ratios(series)[metric]
        pairs = self.pairs[series]
        asked = self.terms.margins[metric]
        enough = len(row) >= self.rule.first_look
        error = float(sequential.hodges_lehmann(row[None, :])[1][0]) if enough else None
        used = float(np.expm1(sequential.effective_margin(row[None, :], asked)[0])) if enough else asked
        tested = len(row) >= self.rule.sizes[0]
        return MetricResult(
            metric=metric,
            ratio=paired_interval(row),
            p=signed_rank_p(row, float(np.log1p(used)), "greater") if tested else None,
            p_holm=None,
            margin=used,
            spread=error * len(row) ** 0.5 if error is not None else None,
            smallest_effect=self._smallest_effect(error, len(row), asked) if error is not None else None,
            base_s=per_op(pairs, metric, 0),
            head_s=per_op(pairs, metric, 1),
        )

    def _smallest_effect(self, error: float, pairs: int, margin: float) -> float:
        """The slow-down that this cell would show in 95 % of runs, were it to go through the whole rule."""
        spread = error * pairs**0.5
        wanted = (spread * self.rule.reach / np.log1p(margin)) ** 2
        size = next((size for size in self.rule.sizes if size >= wanted), self.rule.most)
        final = spread / size**0.5
        return float(np.expm1(max(np.log1p(margin), 2 * final) + POWER_95 * final))
