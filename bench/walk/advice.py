"""Advice that a reader needs beside an OK: what may be read into a row, and what to do about it.

Advice never changes a status. The rule about drift was fixed before any data was seen; the one about overlap was
loosened after a first run, in which it reproached a pool that had reached 97 of 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from ..model import Cell, Phase, Sample

DRIFT = 0.10
"""A trial drifts when its last rounds differ from its first by this share, in every fork in the same direction."""
DRIFT_ROUNDS = 4
"""Fewer rounds than this in a fork cannot show a drift."""

STOOD = 0.8
"""A loop that stood still for this share of its rounds ran one op after another."""
OVERLAP = 0.5
"""Ops that wait reach more than this share of the concurrency; below it there is little to overlap."""


@dataclass
class History:
    """What advice needs to know of a cell: makespans by fork, and the ops seen in flight."""

    makespans: dict[int, dict[int, float]] = field(default_factory=dict)
    stood: list[float] = field(default_factory=list)
    """The share of each round for which its loop stood still at a stretch."""
    peak_in_flight: int | None = None

    def keep(self, sample: Sample) -> None:
        """Note one sample, of either phase."""
        if sample.phase is Phase.MEASURE:
            self.makespans.setdefault(sample.fork, {})[sample.round] = sample.makespan_s
            if sample.stall_max_s is not None:
                self.stood.append(sample.stall_max_s / sample.makespan_s)
        if sample.peak_in_flight is not None:
            self.peak_in_flight = max(self.peak_in_flight or 0, sample.peak_in_flight)


SEEN = {
    "keeps": "its own code keeps {}: the row is of them too, whatever its model says",
    "observed": "its workers were watched by {}: the row is of that too",
}
"""What a worker attests beside the facts of its session, by name, as a sentence."""


def seen_in(facts: Mapping[str, object]) -> list[str]:
    """What a trial says of itself that a reader of its row has to know."""
    return [sentence.format(facts[name]) for name, sentence in SEEN.items() if name in facts]


def advise(cell: Cell, history: History, cores: int, seen: Iterable[str] = ()) -> tuple[str, ...]:
    """All advice for one cell, as sentences, with what was `seen` in its trials; empty when there is nothing to say."""
    return (*seen, *_sentences(cell, history, cores))


def _sentences(cell: Cell, history: History, cores: int) -> Iterable[str]:
    peak = history.peak_in_flight
    if peak is not None and peak < OVERLAP * cell.concurrency and cell.runner != "sync":
        seen = f"at most {peak} of {cell.concurrency} ops were seen in flight at once"
        if history.stood and median(history.stood) >= STOOD:
            yield f"{seen}: the loop stood still for the whole round, so its ops block it or compute"
        else:
            yield f"{seen}: its ops hardly wait, or cannot be started fast enough"
    if cell.family == "processes" and cell.concurrency > cores:
        yield f"{cell.concurrency} processes share {cores} cores"
    drift = drift_of(history)
    if drift is not None:
        way = "slower" if drift > 0 else "faster"
        yield f"its last rounds are {abs(drift) * 100:.0f} % {way} than its first: not settled, use more rounds"


def drift_of(history: History) -> float | None:
    """Relative change from the first to the last rounds, if every fork shows it; None where it is settled."""
    changes = []
    for rounds in history.makespans.values():
        ordered = [rounds[key] for key in sorted(rounds)]
        if len(ordered) < DRIFT_ROUNDS:
            return None
        part = len(ordered) // 2
        changes.append(median(ordered[-part:]) / median(ordered[:part]) - 1)
    agree = all(change > DRIFT for change in changes) or all(change < -DRIFT for change in changes)
    return median(changes) if len(changes) >= 2 and agree else None
