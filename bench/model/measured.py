"""What was measured: cells and their samples, trials and measurements, pairs of a gate, and estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .words import Params, Phase, Scalar, Status


@dataclass(frozen=True)
class Cell:
    """One entry of the matrix: workload x parameters x concurrency x contestant x interpreter."""

    workload: str
    params: Params
    concurrency: int
    runner: str
    library: str
    """The client library of the body, or the way it is written; empty where there is no choice."""
    python: str
    """The label of the environment."""
    comparison: str
    """`workload[wait=10ms,n=100,c=10]`: cells with the same text do equal work."""
    body_key: str = ""
    reference: bool = False
    family: str = ""
    one_core: bool = False
    face: bool = False
    """Whether `library` names a way to write the body, and no module."""

    @property
    def contestant(self) -> str:
        """`threading/requests`: the runner, and its client library where there is a choice."""
        return f"{self.runner}/{self.library}" if self.library else self.runner

    @property
    def id(self) -> str:
        """`sleep[wait=10ms,n=100,c=10]-asyncio@3.13`: unique in a run and stable between runs."""
        return f"{self.comparison}-{self.contestant}@{self.python}"


@dataclass(frozen=True)
class Sample:
    """One timed round of one cell in one fork, checked by the oracle.

    CPU, switches and memory include pool children. `stall_max_s` is the longest gap between event-loop
    heartbeats beyond their period, or None where there is no loop. `service` holds what the helper process
    counted during the round, `noise` what the machine did meanwhile.
    """

    cell: str
    fork: int
    block: int
    round: int
    attempt: int
    """0, or how many times this fork had been restarted by `--resume`."""
    phase: Phase
    position: int
    """Place in the shuffled block, from 0."""
    pid: int
    start_ns: int
    makespan_s: float
    cpu_user_s: float
    cpu_system_s: float
    switches_voluntary: int
    switches_involuntary: int
    peak_rss_bytes: int
    gc_collections: int
    stall_max_s: float | None
    ops_ok: int
    ops_failed: int
    peak_in_flight: int | None
    """Ops seen open at once in an instrumented warm-up round; None in a measured one."""
    digest: str
    answer: str
    affinity: tuple[int, ...]
    service: Mapping[str, Any] = field(default_factory=dict)
    noise: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the workload reports beside the common figures, by name."""
    latency: str = ""
    """An HdrHistogram of nanoseconds as its own compressed text; empty where the workload observes none."""

    def __post_init__(self) -> None:
        if self.makespan_s <= 0:
            raise ValueError(f"makespan_s must be above 0, got {self.makespan_s}")
        if self.ops_ok < 0 or self.ops_failed < 0:
            raise ValueError("op counts cannot be negative")

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What may occur once in a run: (cell, fork, phase, round)."""
        return (self.cell, self.fork, str(self.phase), self.round)


@dataclass(frozen=True)
class Pair:
    """Two fresh live processes, base and head, that took turns round by round on the same cores (method.md, R6a).

    It is the gate's unit of replication. `cell` is a cell's id without its environment. `series` is `first`, `fresh`
    (the confirmation) or the name of a control. `rounds` holds, for each metric (`wall` and `cpu`, in seconds), the
    values of base and of head in order of the rounds, so that equal places are neighbours in time. `seconds` is the
    machine time of the pair with its launches; `ops` is the number of ops of a round.
    """

    cell: str
    series: str
    index: int
    head_first: bool
    cores: tuple[int, ...]
    ops: int
    digest: str
    start_ns: int
    seconds: float
    rounds: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    noise: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """All rounds of one cell in one fork, seen as a process: its birth, death and attestation.

    `launch_s` is process start and imports, `startup_s` pool or loop creation with priming, `teardown_s`
    their end; none of them is part of any makespan. `pss_bytes` is proportional memory with children.
    """

    cell: str
    fork: int
    attempt: int
    launch_s: float
    startup_s: float
    teardown_s: float | None
    pss_bytes: int | None
    attestation: Mapping[str, Any]
    facts: Mapping[str, Scalar]


@dataclass(frozen=True)
class Measurement:
    """The last word on one cell: its status and, unless it is OK, the reason in a sentence."""

    cell: str
    status: Status
    reason: str = ""
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A number fit to publish: a point with its interval, unit and sample size.

    `n` counts processes (forks), never rounds. An interval that n cannot support is refused.
    """

    point: float
    low: float
    high: float
    unit: str
    n: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not self.low <= self.point <= self.high:
            raise ValueError(f"interval [{self.low}, {self.high}] does not hold the point {self.point}")
        if self.n < 2:
            raise ValueError("an interval needs at least 2 processes")
