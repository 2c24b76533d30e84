"""What is to be done: the ops, and what each of them asks of a model."""

from __future__ import annotations

from dataclasses import dataclass

SLIVER, SLIVER_S = 0.05, 1e-3
"""A wait that is less than this share of an op, and shorter than so many seconds, is none."""


@dataclass(frozen=True)
class Work:
    """`ops` ops with so many in flight; each waits `waits_per_op` times for `wait_s` and computes `cpu_s` in all."""

    wait_s: float
    cpu_s: float
    ops: int
    concurrency: int
    payload_bytes: int = 0
    gil_free: float = 0.0
    """Which share of the computing lets the GIL go, from 0 to 1: threads do that share side by side."""
    carry_s: float = 0.0
    """CPU to pickle and unpickle a result: a list of numbers costs far more a byte than the bytes of the reference."""
    waits_per_op: int = 1
    computes_last: bool = True
    """Whether it computes after its last wait too, as where a reply is read; else its last wait is its end."""

    @property
    def pauses(self) -> int:
        """How often an op waits at all: never where a wait has no length."""
        return self.waits_per_op if self.wait_s else 0

    @property
    def pieces(self) -> int:
        """In how many equal pieces an op computes: between its waits, before the first, and after the last or not."""
        return max(1, self.pauses + self.computes_last)

    @property
    def waiting_s(self) -> float:
        """All waits of an op together."""
        return self.wait_s * self.waits_per_op

    @property
    def waits(self) -> bool:
        """Whether an op waits: a sliver of it, of less than a millisecond, is what a clock makes of computing."""
        return self.waiting_s >= SLIVER_S or self.waiting_s >= SLIVER * (self.waiting_s + self.cpu_s) > 0
