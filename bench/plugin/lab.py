"""Measures comparisons when their cells are first asked for, and keeps what came of them in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ..machine.host import Host, make_host
from ..machine.lock import machine
from ..model import Cell, Measurement, Phase, Sample, Status
from ..plan import Comparison, Plan
from ..walk.experiment import Event, Experiment
from ..walk.progress import Progress


@dataclass
class CellOutcome:
    """What became of a cell: its measured samples and the last word on it."""

    samples: list[Sample] = field(default_factory=list)
    status: Status = Status.FAILED
    reason: str = "it was never decided"


@dataclass
class Lab:
    """A plan and what has been measured of it; `shown` lets the progress line through to the terminal."""

    plan: Plan
    shown: Callable[[], AbstractContextManager[None]]
    wanted: set[str] = field(default_factory=set)
    outcomes: dict[str, CellOutcome] = field(default_factory=dict)
    host: Host | None = None

    @property
    def cells(self) -> dict[str, Cell]:
        return {cell.id: cell for cell in self.plan.cells}

    def outcome(self, cell_id: str) -> CellOutcome:
        """The outcome of a cell; measures its whole comparison, as far as it is wanted, the first time."""
        if cell_id not in self.outcomes:
            comparison = self.cells[cell_id].comparison
            self._measure(next(each for each in self.plan.comparisons if each.id == comparison))
        return self.outcomes[cell_id]

    def statuses(self) -> list[dict[str, str]]:
        """Flat objects with id, status and reason of every cell that was asked for."""
        return [
            {"id": cell, "status": str(outcome.status), "reason": outcome.reason}
            for cell, outcome in self.outcomes.items()
        ]

    def close(self) -> None:
        """End what was started for measuring."""
        if self.host:
            self.host.close()

    def _measure(self, comparison: Comparison) -> None:
        chosen = replace(
            comparison,
            contestants=tuple(each for each in comparison.contestants if each.cell.id in self.wanted),
            refused=tuple(each for each in comparison.refused if each[0].id in self.wanted),
        )
        plan = Plan(self.plan.settings, (chosen,))
        self.host = self.host or make_host()
        live = sys.stderr.isatty()
        with (
            self.shown(),
            machine(wait=True, say=lambda text: print(text, file=sys.stderr)),
            Progress(plan, sys.stderr, live=live, quiet=not live) as progress,
        ):
            for event in Experiment(plan, self.host, on_step=progress.step).events():
                self._note(event)

    def _note(self, event: Event) -> None:
        if isinstance(event, Measurement):
            outcome = self.outcomes.setdefault(event.cell, CellOutcome())
            outcome.status, outcome.reason = event.status, event.reason
        elif isinstance(event, Sample) and event.phase is Phase.MEASURE:
            self.outcomes.setdefault(event.cell, CellOutcome()).samples.append(event)


def extra_info(cell: Cell, samples: Sequence[Sample]) -> dict[str, Any]:
    """What pytest-benchmark's own JSON has no place for; lists go with its `data`, one entry a round."""
    return {
        "workload": cell.workload,
        "params": dict(cell.params),
        "concurrency": cell.concurrency,
        "contestant": cell.contestant,
        "python": cell.python,
        "reference": cell.reference,
        "ops": samples[0].ops_ok,
        "answer": samples[0].answer,
        "digest": samples[0].digest,
        "affinity": [list(sample.affinity) for sample in samples],
        "fork": [sample.fork for sample in samples],
        "round": [sample.round for sample in samples],
        "start_ns": [sample.start_ns for sample in samples],
        "pid": [sample.pid for sample in samples],
        "cpu_s": [sample.cpu_user_s + sample.cpu_system_s for sample in samples],
        "stall_max_s": [sample.stall_max_s for sample in samples],
    }
