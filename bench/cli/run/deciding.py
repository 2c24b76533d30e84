"""A deciding run as its user sees it: what is decided so far, what the rest of the time is for, how much is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from when_async.reports.deciding.evidence import Evidence
from when_async.reports.lines import WIDTH
from when_async.reports.verdicts.behaviours import of_record
from when_async.reports.verdicts.claim import SIGNS, Behaviour, Word
from when_async.reports.verdicts.judging import Verdict, behaviour_verdict
from when_async.reports.words import one_line

from ...machine.status import StatusLine
from ...model import Measurement
from ...walk.experiment import Event, Experiment, RoundStep, Step
from ...walk.progress import clock_text
from .claimed import CORE_PLACES
from .course import Course
from .starting import Started, cell_records

CLOSING_S = 3.0
"""What is kept of the budget for ending: the last workers, and what is said of them."""
PLAIN_EVERY_S = 30.0
"""Where there is no terminal a line says so often how far the run is."""


@contextmanager
def deciding(started: Started, began_s: float, stream: IO[str]) -> Iterator[Deciding]:
    """The run with its live line; at the end a line says what was decided, and a record why it stopped."""
    with Deciding(started, began_s, stream, live=stream.isatty()) as run:
        yield run
        run.end()


class Deciding(StatusLine):
    """Joins the walk of a deciding run with what is shown of it."""

    def __init__(self, started: Started, began_s: float, stream: IO[str], *, live: bool) -> None:
        super().__init__(stream, live=live)
        self._started = started
        self._began_s = began_s
        self._budget_s = started.plan.settings.budget_s or 0.0
        self._programs = {claim.name: claim for claim in started.asked if isinstance(claim, Behaviour)}
        self._pythons = started.head.get("pythons", ())
        self._decided = self._absent = 0
        self._asked = len(started.asked) * len(self._pythons)
        self._evidence = Evidence(started.head, cell_records(started.plan, started.selection))
        for value in started.kept:
            self._evidence.keep(value)
        core = CORE_PLACES if started.asked else [one.id for one in started.plan.comparisons]
        self._course = Course(
            started.plan, started.asked, self._evidence, core, left_s=self.left_s, decided=self._tell,
            note=started.journal.append,
        )  # fmt: skip

    def order(self, experiment: Experiment) -> Iterator[Step | Measurement]:
        """What the experiment measures next."""
        return self._course.order(experiment)

    def keep(self, event: Event) -> None:
        """Note what was measured."""
        self._evidence.keep(event)

    def looked(self, record: dict[str, Any]) -> None:
        """A program of ours has shown something."""
        seen = of_record({"run": self._started.head["run"], **record})
        self._tell(behaviour_verdict(self._programs[seen.claim], seen.run, seen.python, seen))

    def step(self, step: RoundStep) -> None:
        """A round is about to begin."""
        gone_s = time.monotonic() - self._began_s
        far = f"{clock_text(gone_s)} of {clock_text(self._budget_s)}, {self._far()}"
        stage = self._course.stage
        # Of a round the workload and who does it; the whole id fits on no line.
        place, _, rest = step.cell.partition("[")
        self.show(
            f"{far}; now {stage}: {place} {rest.partition(']-')[2]}", f"{far}; now {stage}",
            (stage, gone_s // PLAIN_EVERY_S),
        )  # fmt: skip

    def _far(self) -> str:
        """How much is decided: claims, or where none was asked for, who is ahead of whom."""
        if self._started.asked:
            return f"{self._decided} of {self._asked} claims decided"
        contests = self._course.contests
        if not contests.asked:
            return "nothing to compare"
        return f"{contests.settled} of {contests.asked} comparisons of two decided"

    def end(self) -> None:
        """Say how much was decided and why the run stopped."""
        gone_s = time.monotonic() - self._began_s
        contests = self._course.contests
        open_ = self._asked - self._decided - self._absent if self._asked else contests.asked - contests.settled
        why = "all is decided that can be" if not open_ else "the rest would have taken longer than the budget"
        if not self._asked and not contests.asked:
            why = "each row has its processes"
        elif open_ and self.left_s() > CLOSING_S:
            why = "more processes than six decide little"
        self._started.journal.append({
            "kind": "ended", "why": why, "decided": self._decided, "asked": self._asked, "seconds": gone_s,
            "budget_s": self._budget_s,
        })  # fmt: skip
        self.say(f"{self._far()} in {clock_text(gone_s)}; {why}")

    def left_s(self) -> float:
        """Seconds of the budget that measuring may still take."""
        return self._budget_s - CLOSING_S - (time.monotonic() - self._began_s)

    def _tell(self, verdict: Verdict) -> None:
        if verdict.word is Word.NOT_MEASURED:
            self._absent += 1
        else:
            self._decided += 1
        where = f"{verdict.python} " if len(self._pythons) > 1 else ""
        clock = clock_text(time.monotonic() - self._began_s)
        said = f"{where}{SIGNS[verdict.word]} {verdict.claim.name}: {verdict.brief()}"
        self.say(f"{clock:>5}  {one_line(said, WIDTH - 7)}")
