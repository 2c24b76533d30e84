"""One round seen from inside: lanes and the spans on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    """A thread, or a task or greenlet in one; `name` is short and no other lane has it."""

    pid: int
    thread: int
    task: str
    name: str


@dataclass(frozen=True)
class Span:
    """An op or a wait on a lane, in seconds since the round began.

    `cpu_s` is the CPU time that an op used by itself, without what its thread did for others while it waited. Waits are
    those that go through the kit and those for which a task or greenlet leaves its thread to others.
    """

    lane: int
    kind: str
    start_s: float
    end_s: float
    label: str = ""
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Timeline:
    """What was seen of one round. `noun` is what a lane is: task, greenlet, thread or process."""

    cell: str
    comparison: str
    contestant: str
    family: str
    python: str
    noun: str
    program: bool
    makespan_s: float
    lanes: tuple[Lane, ...]
    spans: tuple[Span, ...]

    def of(self, kind: str) -> list[Span]:
        """The ops, or the waits."""
        return [span for span in self.spans if span.kind == kind]
