"""What was measured: cells and their samples, trials and measurements, pairs of a gate, and estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from .words import Params, Phase, Quantity, Scalar, Status


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

    A field with a Quantity is a column of the tidy frame; one that is added later has a default, for the run files
    from before it. `service` holds what the helper process counted during the round (`ServiceCounts`), `noise` what
    the machine did meanwhile (`Noise`).
    """

    cell: str
    fork: Annotated[int, Quantity("number of the fresh process, from 0; the unit of replication")]
    block: Annotated[int, Quantity("number of the pass over all contestants")]
    round: Annotated[int, Quantity("number of the round within its phase, from 0")]
    attempt: Annotated[int, Quantity("0, or how often the fork was restarted by --resume")]
    phase: Annotated[Phase, Quantity("warmup (recorded only) or measure (analysed)")]
    position: Annotated[int, Quantity("place in the shuffled block, from 0")]
    pid: Annotated[int, Quantity("process id of the worker")]
    start_ns: Annotated[int, Quantity("monotonic clock when the gate opened", "ns")]
    makespan_s: Annotated[float, Quantity("gate opens to last op done", "s", summary="makespan")]
    cpu_user_s: Annotated[float, Quantity("CPU time in user mode, with pool children", "s")]
    cpu_system_s: Annotated[float, Quantity("CPU time in the kernel, with pool children", "s")]
    switches_voluntary: Annotated[int, Quantity("context switches that the process asked for", "switches")]
    switches_involuntary: Annotated[int, Quantity("context switches that the process suffered", "switches")]
    peak_rss_bytes: Annotated[int, Quantity("peak resident memory, with pool children", "bytes", summary="peak_rss")]
    gc_collections: Annotated[int, Quantity("garbage collections during the round", "collections")]
    stall_max_s: Annotated[
        float | None,
        Quantity(
            "longest gap between event-loop heartbeats beyond their period; NA without a loop", "s", summary="stall"
        ),
    ]
    ops_ok: Annotated[int, Quantity("ops that ended and were checked", "ops")]
    ops_failed: Annotated[int, Quantity("ops that raised", "ops")]
    peak_in_flight: Annotated[int | None, Quantity("ops seen open at once; NA in measured rounds", "ops")]
    digest: Annotated[str, Quantity("digest of the results; equal within a comparison")]
    answer: Annotated[str, Quantity("what the oracle says of the results")]
    affinity: Annotated[tuple[int, ...], Quantity("cores the worker could use, such as 0,1")]
    service: Mapping[str, Any] = field(default_factory=dict)
    noise: Mapping[str, float] = field(default_factory=dict)
    figures: Annotated[
        Mapping[str, float],
        Quantity("what the workload reports beside the common figures, by name, as JSON text"),
    ] = field(default_factory=dict)
    latency: Annotated[
        str, Quantity("HdrHistogram of nanoseconds as its own compressed text; empty where there is none")
    ] = ""
    page_faults: Annotated[
        int | None,
        Quantity("pages faulted in between the two stamps, with pool children; NA in older run files", "faults"),
    ] = None

    def __post_init__(self) -> None:
        if self.makespan_s <= 0:
            raise ValueError(f"makespan_s must be above 0, got {self.makespan_s}")
        if self.ops_ok < 0 or self.ops_failed < 0:
            raise ValueError("op counts cannot be negative")
        if not self.ops_ok and not self.ops_failed:
            raise ValueError("a round has one op at least")

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What may occur once in a run: (cell, fork, phase, round)."""
        return (self.cell, self.fork, str(self.phase), self.round)


class Noise:
    """The entries of `Sample.noise` that are columns of the tidy frame, as a Sample declares its fields."""

    steal_s: Annotated[float, Quantity("CPU time that the hypervisor gave to others during the round", "s")]
    pressure_s: Annotated[float, Quantity("time in which some task waited for a CPU during the round", "s")]
    throttled_s: Annotated[
        float, Quantity("time for which a control group withheld its CPU share during the round", "s")
    ]
    busy_s: Annotated[
        float, Quantity("CPU time that all programs together took on the run's cores while the noise was watched", "s")
    ]
    queued_s: Annotated[
        float, Quantity("time for which threads of the worker and of its children waited for a CPU in the window", "s")
    ]
    minor_faults: Annotated[
        float, Quantity("pages that the worker and its children faulted in during the window", "faults")
    ]
    window_s: Annotated[
        float, Quantity("how long the noise was watched: the round with its gate, seen from outside", "s")
    ]


class ServiceCounts:
    """The entries of `Sample.service` that are columns, there with `service_` before their names."""

    requests: Annotated[int, Quantity("requests the helper process counted during the round", "requests")]
    connections: Annotated[int, Quantity("connections the helper process accepted during the round", "connections")]
    peak_in_flight: Annotated[int, Quantity("requests the helper process saw open at once", "requests")]
    cpu_s: Annotated[float, Quantity("CPU time of the helper process during the round", "s")]


@dataclass(frozen=True)
class Pair:
    """Two fresh live processes, base and head, that took turns round by round on the same cores (method.md, R6a).

    It is the gate's unit of replication. `cell` is a cell's id without its environment. `series` is `first`, `fresh`
    (the confirmation) or the name of a control. `rounds` holds, for each metric (`wall` and `cpu`, in seconds), the
    values of base and of head in order of the rounds, so that equal places are neighbours in time. `seconds` is the
    machine time of the pair with its launches; `ops` is the number of ops of a round. `minor_faults` are the page
    faults of base and of head in the median round, None where the system does not tell.
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
    minor_faults: tuple[float, float] | None = None


@dataclass(frozen=True)
class Trial:
    """All rounds of one cell in one fork, seen as a process: its birth, death and attestation.

    None of its times is part of any makespan.
    """

    cell: str
    fork: int
    attempt: int
    launch_s: Annotated[
        float, Quantity("start of the process and imports; of the cell and fork", "s", summary="launch")
    ]
    startup_s: Annotated[
        float, Quantity("creation and priming of pool or loop; of the cell and fork", "s", summary="startup")
    ]
    teardown_s: Annotated[float | None, Quantity("end of pool or loop; of the cell and fork", "s", summary="teardown")]
    pss_bytes: Annotated[
        int | None, Quantity("proportional memory with children; of the cell and fork", "bytes", summary="pss")
    ]
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
