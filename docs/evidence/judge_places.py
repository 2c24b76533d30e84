"""The places of the recording that judges predictions, drawn before it was made.

They are none that anything was fitted to: waits of 2 to 7 ms in steps of 0.1 ms, 4, 16, 64 or 256 in flight, 20 us to
20 ms of computing (nominal, log-uniform), and a number of ops that the number in flight does not divide. Each
interpreter has its own.

Three rules keep a round short, and were fixed with the places: ops enough for 20 ms of waits; computing of at most
0.4 s in all, else it is drawn again; a plain loop takes part where one op after another takes at most 0.4 s.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import ceil, exp, log

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15", "3.13t")
"""In the order in which they are recorded."""
FLIGHTS = (4,) * 7 + (16,) * 6 + (64,) * 4 + (256,) * 3
"""So that a pool, which takes no 256, and a plain loop have 60 cells too."""
WAITS_S, CPU_S = (2e-3, 7e-3), (2e-5, 2e-2)
LEAST_S, MOST_S = 0.02, 0.4
SERIAL, POOL = "sync", "multiprocessing"
FEW = 64
"""A pool of more processes than this is not asked for."""


@dataclass(frozen=True)
class Place:
    """Ops of a nominal length, `n` of them with `concurrency` in flight."""

    wait_s: float
    cpu_s: float
    n: int
    concurrency: int

    @property
    def spec(self) -> str:
        """As `when-async run -w` takes it."""
        return f"mixed:wait={self.wait_s * 1e3:g}ms,cpu={self.cpu_s * 1e6:g}us,n={self.n},c={self.concurrency}"

    @property
    def serial(self) -> bool:
        """Whether a plain loop takes part."""
        return self.n * (self.wait_s + self.cpu_s) <= MOST_S

    @property
    def pooled(self) -> bool:
        """Whether a pool of processes takes part."""
        return self.concurrency <= FEW


def places(python: str) -> list[Place]:
    """The places of an interpreter."""
    draw = random.Random(f"judge of 1 December 2026, {python}")
    return [_place(draw, concurrency) for concurrency in FLIGHTS]


def _place(draw: random.Random, concurrency: int) -> Place:
    wait_s = round(draw.uniform(*WAITS_S), 4)
    n = ceil(LEAST_S / wait_s) * concurrency if concurrency == FLIGHTS[0] else concurrency * _waves(concurrency)
    n += draw.randrange(1, concurrency)
    while True:
        cpu_s = round(exp(draw.uniform(*map(log, CPU_S))), 6)
        if n * cpu_s <= MOST_S:
            return Place(wait_s, cpu_s, n, concurrency)


def _waves(concurrency: int) -> int:
    return {16: 3, 64: 2, 256: 1}[concurrency]
