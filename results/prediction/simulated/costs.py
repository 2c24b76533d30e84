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
    next thread has the GIL that somebody waited for. Of a pool `hand_s` is what a chunk keeps its pipe, `chunk_s` of
    CPU to take one and to give its results back, `wake_s` until a process that is handed one runs, `cold_s` of CPU for
    each process once a round, `spin_s` of CPU for its own threads, `round_s` once a round. `scale` stretches computing.
    """

    op_s: float = 0.0
    turn_s: float = 0.0
    late_s: float = 0.0
    crowd: float = 0.0
    handover_s: float = 0.0
    chunk_s: float = 0.0
    hand_s: float = 0.0
    cold_s: float = 0.0
    spin_s: float = 0.0
    wake_s: float = 0.0
    round_s: float = 0.0
    scale: float = 1.0

    def shorter(self, times: float) -> Costs:
        """The same where all times are measured in a longer unit."""
        return replace(self, **{name: value / times for name, value in vars(self).items() if name.endswith("_s")})

    def crowded_op_s(self, in_flight: int) -> float:
        """What an op costs among so many."""
        return self.op_s * (1 + self.crowd * max(0.0, log(in_flight / FEW) / log(MANY / FEW)))
