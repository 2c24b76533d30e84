"""What a runner costs on a machine: the figures that a simulation is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

FEW, MANY = 8, 128
"""`crowd` is by how much an op grows between so many tasks and so many: their memory no longer fits near caches."""


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU or of delay, 0 for what a model does not know.

    `op_s` of CPU goes with each wait of an op: to make it, to be woken from it, to fetch the next op. `turn_s` is a
    turn of a loop with its call of epoll, `late_s` by how much a wait ends late, `handover_s` what passes until the
    next thread has the GIL that somebody waited for, `chunk_s` of CPU to hand a chunk to a process and take its results
    back, `wake_s` until a process that is handed one runs, `round_s` is once a round. `scale` stretches computing.
    """

    op_s: float = 0.0
    turn_s: float = 0.0
    late_s: float = 0.0
    crowd: float = 0.0
    handover_s: float = 0.0
    chunk_s: float = 0.0
    wake_s: float = 0.0
    round_s: float = 0.0
    scale: float = 1.0

    def shorter(self, times: float) -> Costs:
        """The same where all times are measured in a longer unit."""
        names = ("op_s", "turn_s", "late_s", "handover_s", "chunk_s", "wake_s", "round_s")
        return replace(self, **{name: getattr(self, name) / times for name in names})

    def crowded_op_s(self, in_flight: int) -> float:
        """What an op costs among so many."""
        return self.op_s * (1 + self.crowd * max(0.0, log(in_flight / FEW) / log(MANY / FEW)))
