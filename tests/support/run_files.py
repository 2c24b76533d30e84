"""Synthetic run files for tests: a realistic, complete run in milliseconds, with seeded random times.

The lines are written as plain JSON and not through `results.journal`, so that the reader is tested against the
format and not against its own writer. `make_run` writes a whole run; the `*_line` functions make single lines.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from when_async.bench.model import Cell, Measurement, Params, Phase, Sample, Status, Trial, to_json
from when_async.bench.walk.latency import packed

HEADER: dict[str, Any] = {
    "kind": "run",
    "schema": 1,
    "tool": "when-async",
    "tool_version": "0.1.0",
    "run": "20261122-150102-ab12",
    "started": "2026-11-22T15:01:02+00:00",
    "profile": "quick",
    "forks": 3,
    "warmups": 1,
    "rounds": 5,
    "seed": 1234,
    "pin": True,
    "timeout_s": 60.0,
    "command": "when-async run --profile quick",
    "machine": {
        "node_id": "3f6c0a51d2",
        "system": "Linux 6.18",
        "cpu": "AMD EPYC 9B14",
        "cores": 2,
        "memory_bytes": 8_326_000_000,
        "governor": None,
        "virtual": "kvm",
    },
    "environments": [],
    "sources": {
        "sleep": "when_async.workloads.sleep",
        "http_fetch": "when_async.workloads.http_fetch",
        "grid_search": "when_async.workloads.grid_search",
    },
}

MODULES = {"aiohttp": "3.14.5", "httpx": "0.28.1", "requests": "2.34.2", "uvloop": "0.22.1", "trio": None}
FAMILIES = {
    "sync": "sync",
    "threading": "threads",
    "multiprocessing": "processes",
    "asyncio": "asyncio",
    "uvloop": "uvloop",
    "trio": "trio",
}
LOOPS = ("asyncio", "uvloop", "trio")
STARTUP_S = {"sync": 0.0004, "threading": 0.002, "multiprocessing": 0.11, "asyncio": 0.004, "uvloop": 0.003}


@dataclass(frozen=True)
class CellSpec:
    """One cell of a synthetic run: who it is, and the typical values its samples scatter around.

    `failed_after` is how many measured rounds of the first fork a cell that is not OK still had (0: no sample).
    """

    cell: Cell
    makespan_s: float
    ops: int
    headline: str = "throughput"
    ideal_s: float | None = None
    serial_ideal_s: float | None = None
    cpu_user_s: float = 0.01
    cpu_system_s: float = 0.002
    switches: int = 100
    peak_rss_bytes: int = 30_000_000
    stall_max_s: float | None = None
    digest: str = ""
    answer: str = ""
    capacity_per_s: float | None = None
    service_cpu_share: float = 0.2
    status: Status = Status.OK
    reason: str = ""
    advice: tuple[str, ...] = ()
    failed_after: int = 0
    calibration: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    latencies_ns: Sequence[int] = ()
    latency_of: str = ""
    bounds: Mapping[str, float] = field(default_factory=dict)


def header_line(*, pythons: Sequence[str] = ("3.11",), **changes: Any) -> dict[str, Any]:
    """The first line of a run file; `changes` replace its fields, `pythons` are labels such as `3.13t`."""
    environments = [
        {
            "label": label,
            "executable": f"python{label}",
            "implementation": "CPython",
            "version": label.removesuffix("t") + ".7",
            "gil": not label.endswith("t"),
            "modules": MODULES,
            "reasons": {"trio": "trio is not installed"},
            "default": index == 0,
        }
        for index, label in enumerate(pythons)
    ]
    return {**HEADER, "environments": environments, **changes}


def cell_line(spec: CellSpec) -> dict[str, Any]:
    """The line that asks for a cell, before any sample."""
    return to_json("cell", spec.cell) | {
        "id": spec.cell.id,
        "ideal_s": spec.ideal_s,
        "serial_ideal_s": spec.serial_ideal_s,
        "ops": spec.ops,
        "headline": spec.headline,
        "calibration": spec.calibration,
        "latency_of": spec.latency_of,
        "bounds": dict(spec.bounds),
    }


def sample_line(cell: str, **changes: Any) -> dict[str, Any]:
    """One sample with plain values; `changes` replace fields of `bench.model.Sample`."""
    values: dict[str, Any] = {
        "fork": 0, "block": 0, "round": 0, "attempt": 0, "phase": Phase.MEASURE, "position": 0, "pid": 4000,
        "start_ns": 1_000_000_000, "makespan_s": 0.1, "cpu_user_s": 0.01, "cpu_system_s": 0.002,
        "switches_voluntary": 100, "switches_involuntary": 1, "peak_rss_bytes": 30_000_000, "gc_collections": 1,
        "stall_max_s": None, "ops_ok": 100, "ops_failed": 0, "peak_in_flight": None, "digest": "d1",
        "answer": "100 ops", "affinity": (0,), "service": {}, "noise": {"steal_s": 0.0, "pressure_s": 0.0},
    }  # fmt: skip
    return to_json("sample", Sample(cell=cell, **(values | changes)))


def trial_line(cell: str, fork: int = 0, **changes: Any) -> dict[str, Any]:
    """The line that ends one (cell, fork); `changes` replace fields of `bench.model.Trial`."""
    values: dict[str, Any] = {
        "attempt": 0,
        "launch_s": 0.08,
        "startup_s": 0.004,
        "teardown_s": 0.001,
        "pss_bytes": 21_000_000,
        "attestation": {"implementation": "CPython", "gil": True, "affinity": [0]},
        "facts": {"workers": 10},
    }
    return to_json("trial", Trial(cell=cell, fork=fork, **(values | changes)))


def measurement_line(cell: str, status: Status = Status.OK, **changes: Any) -> dict[str, Any]:
    """The last word on one cell."""
    return to_json("measurement", Measurement(cell=cell, status=status, **changes))


def service_line(comparison: str, fork: int = 0, capacity_per_s: float = 52_000.0) -> dict[str, Any]:
    """What a fork's helper process can take."""
    return {
        "kind": "service",
        "comparison": comparison,
        "fork": fork,
        "name": "http",
        "capacity_per_s": capacity_per_s,
        "facts": {"loop": "asyncio"},
    }


def account_line(wall_s: float = 40.0) -> dict[str, Any]:
    """Where the wall time of the run went; the causes add up to `wall_s`."""
    shares = {
        "timed_measure": 0.5, "timed_warmup": 0.1, "launch": 0.2, "open": 0.05, "service": 0.05,
        "between_rounds": 0.06, "close": 0.04,
    }  # fmt: skip
    return {"kind": "account", "causes": {name: wall_s * share for name, share in shares.items()}, "wall_s": wall_s}


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    """Write one JSON object a line and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def make_cell(
    workload: str,
    contestant: str,
    comparison: str,
    params: Params,
    concurrency: int,
    *,
    python: str = "3.11",
    reference: bool = False,
) -> Cell:
    """A Cell with its family and body filled in from the contestant's name (`threading/requests`)."""
    runner, _, library = contestant.partition("/")
    pure = workload == "grid_search"
    style = "pure" if pure else "async" if runner in LOOPS else "blocking"
    return Cell(
        workload=workload,
        params=params,
        concurrency=concurrency,
        runner=runner,
        library=library,
        python=python,
        comparison=comparison,
        body_key=f"{style}/{library}" if library else style,
        reference=reference,
        family=FAMILIES.get(runner, ""),
        one_core=runner in ("sync", *LOOPS),
    )


def sleep_cells(python: str = "3.11", concurrency: int = 10) -> list[CellSpec]:
    """100 waits of 10 ms by five runners; the ideal is ceil(100 / c) x 10 ms."""
    comparison = f"sleep[wait=10ms,n=100,c={concurrency}]"
    ideal_s = -(-100 // concurrency) * 0.01
    extra = {"sync": 0.011, "threading": 0.006, "multiprocessing": 0.012, "asyncio": 0.0035, "uvloop": 0.0021}
    specs = []
    for runner, extra_s in extra.items():
        cell = make_cell(
            "sleep", runner, comparison, {"wait_s": 0.01, "n": 100}, concurrency, python=python,
            reference=runner == "sync",
        )  # fmt: skip
        least_s = 1.0 if runner == "sync" else ideal_s
        specs.append(
            CellSpec(
                cell,
                makespan_s=least_s + extra_s,
                ops=100,
                headline="overhead",
                ideal_s=least_s,
                serial_ideal_s=1.0,
                cpu_user_s=extra_s * 0.6,
                cpu_system_s=extra_s * 0.2,
                stall_max_s=0.0004 if runner in LOOPS else None,
                digest="5ee9",
                answer="100 waits of 10 ms, none short",
            )
        )
    return specs


def http_cells(python: str = "3.11", concurrency: int = 10) -> list[CellSpec]:
    """100 GETs by five runners and four client libraries, one UNSUPPORTED and one FAILED cell among them."""
    comparison = f"http_fetch[body=4KiB,delay=5ms,n=100,c={concurrency}]"
    params = {"body_bytes": 4096, "delay_s": 0.005, "n": 100}
    typical = {
        "sync/requests": (0.70, 0.09), "sync/httpx": (0.72, 0.11), "threading/requests": (0.115, 0.10),
        "threading/httpx": (0.14, 0.13), "multiprocessing/requests": (0.16, 0.15), "asyncio/httpx": (0.15, 0.14),
        "asyncio/aiohttp": (0.075, 0.04), "uvloop/aiohttp": (0.066, 0.03), "trio/httpx": (0.17, 0.16),
    }  # fmt: skip
    specs = []
    for contestant, (makespan_s, cpu_s) in typical.items():
        cell = make_cell(
            "http_fetch", contestant, comparison, params, concurrency, python=python,
            reference=contestant == "sync/requests",
        )  # fmt: skip
        spec = CellSpec(
            cell,
            makespan_s=makespan_s,
            ops=100,
            ideal_s=0.5 if cell.runner == "sync" else -(-100 // concurrency) * 0.005,
            serial_ideal_s=0.5,
            cpu_user_s=cpu_s * 0.8,
            cpu_system_s=cpu_s * 0.2,
            stall_max_s=0.002 if cell.runner in LOOPS else None,
            digest="0c4f",
            answer="100 bodies of 4096 bytes",
            # The lean clients come near to what the server can take, so one row at least is server-bound.
            capacity_per_s=4_300.0,
        )
        if contestant == "trio/httpx":
            spec = replace(
                spec, status=Status.UNSUPPORTED, reason=f"trio is not installed in {python}",
                advice=("pip install 'when-async[trio]'",),
            )  # fmt: skip
        if contestant == "multiprocessing/requests":
            spec = replace(
                spec, status=Status.FAILED, failed_after=2,
                reason="fork 0, round 2: the server saw 99 requests where 100 were asked for",
            )  # fmt: skip
        specs.append(spec)
    return specs


def grid_cells(python: str = "3.11", concurrency: int = 2) -> list[CellSpec]:
    """16 CPU-bound units of 10 ms by five runners, of which only processes use two cores."""
    comparison = f"grid_search[unit=10ms,n=16,c={concurrency}]"
    typical = {"sync": 0.165, "threading": 0.172, "multiprocessing": 0.096, "asyncio": 0.167, "uvloop": 0.166}
    return [
        CellSpec(
            make_cell(
                "grid_search", runner, comparison, {"unit_s": 0.01, "n": 16}, concurrency, python=python,
                reference=runner == "sync",
            ),
            makespan_s=makespan_s,
            ops=16,
            ideal_s=None,
            serial_ideal_s=None,
            cpu_user_s=0.17 if runner == "multiprocessing" else makespan_s * 0.98,
            stall_max_s=0.16 if runner in LOOPS else None,
            digest="b7a2",
            answer="best of 16 points: (3, 5)",
        )
        for runner, makespan_s in typical.items()
    ]  # fmt: skip


def standard_cells(pythons: Sequence[str] = ("3.11",)) -> list[CellSpec]:
    """Sleep at two concurrencies, http_fetch and grid_search for each interpreter."""
    return [
        spec
        for python in pythons
        for spec in (*sleep_cells(python), *sleep_cells(python, 100), *http_cells(python), *grid_cells(python))
    ]


class _Writer:
    """Draws the samples of a run: a factor for the block, one for the process, one for the round."""

    def __init__(
        self, seed: int, noise: float, fork_noise: float, steal: float, pressure: float, others: float | None = None
    ) -> None:
        self.random = random.Random(seed)
        self.noise = noise
        self.fork_noise = fork_noise
        self.steal = steal
        self.pressure = pressure
        self.others = others
        self.now_ns = 10_000_000_000

    def factor(self, sigma: float) -> float:
        """A log-normal factor with median 1; exactly 1 without noise."""
        return self.random.lognormvariate(0.0, sigma) if sigma else 1.0

    def sample(
        self, spec: CellSpec, fork: int, block: int, round_: int, phase: Phase, position: int, slow: float
    ) -> dict[str, Any]:
        extra_s = spec.makespan_s - (spec.ideal_s or 0.0)
        makespan_s = (spec.ideal_s or 0.0) + extra_s * slow * self.factor(self.noise)
        # A first round is slower, so that a reader who forgets to drop warm-ups is found out.
        makespan_s *= 1.5 if phase is Phase.WARMUP else 1.0
        self.now_ns += int(makespan_s * 1e9) + 2_000_000
        service = (
            {
                "requests": spec.ops,
                "connections": spec.cell.concurrency,
                "peak_in_flight": 1 if spec.cell.runner == "sync" else spec.cell.concurrency,
                "cpu_s": makespan_s * spec.service_cpu_share,
            }
            if spec.capacity_per_s
            else {}
        )
        user_s, system_s = spec.cpu_user_s * slow * self.factor(self.noise), spec.cpu_system_s * slow
        noise = {"steal_s": makespan_s * self.steal, "pressure_s": makespan_s * self.pressure}
        if self.others is not None:
            window_s = makespan_s + 0.01
            noise |= {"window_s": window_s, "busy_s": user_s + system_s + 0.01 + self.others * window_s}
        return sample_line(
            spec.cell.id,
            fork=fork,
            block=block,
            round=round_,
            phase=phase,
            position=position,
            pid=4000 + 100 * fork + position,
            start_ns=self.now_ns,
            makespan_s=makespan_s,
            cpu_user_s=user_s,
            cpu_system_s=system_s,
            switches_voluntary=int(spec.switches * self.factor(self.noise)),
            switches_involuntary=self.random.randrange(3) + int(20 * self.steal),
            peak_rss_bytes=int(spec.peak_rss_bytes * self.factor(self.fork_noise)),
            stall_max_s=None if spec.stall_max_s is None else spec.stall_max_s * slow * self.factor(self.noise),
            ops_ok=spec.ops,
            peak_in_flight=spec.cell.concurrency if phase is Phase.WARMUP else None,
            digest=spec.digest,
            answer=spec.answer,
            affinity=(fork % 2,) if spec.cell.one_core else (0, 1),
            service=service,
            noise=noise,
            figures={name: value * slow for name, value in spec.figures.items()},
            latency=packed([int(one * slow) for one in spec.latencies_ns]),
        )

    def fork(self, specs: Sequence[CellSpec], fork: int, warmups: int, rounds: int) -> Iterable[dict[str, Any]]:
        """All lines of one comparison in one fork, the contestants shuffled in every block."""
        capacity = specs[0].capacity_per_s
        if capacity:
            yield service_line(specs[0].cell.comparison, fork, capacity * self.factor(0.01))
        live = [spec for spec in specs if spec.status is Status.OK or (fork == 0 and spec.failed_after)]
        process = {spec.cell.id: self.factor(self.fork_noise) for spec in live}
        common = self.factor(self.fork_noise)
        for block in range(warmups + rounds):
            phase = Phase.WARMUP if block < warmups else Phase.MEASURE
            round_ = block if phase is Phase.WARMUP else block - warmups
            order = [s for s in live if s.status is Status.OK or phase is Phase.WARMUP or round_ < s.failed_after]
            self.random.shuffle(order)
            for position, spec in enumerate(order):
                yield self.sample(spec, fork, block, round_, phase, position, common * process[spec.cell.id])
        for spec in live:
            if spec.status is not Status.OK:
                continue
            yield trial_line(
                spec.cell.id,
                fork,
                launch_s=0.08 * self.factor(self.noise),
                startup_s=STARTUP_S.get(spec.cell.runner, 0.005) * self.factor(self.noise),
                pss_bytes=int(21e6 * self.factor(self.fork_noise)),
                facts={"workers": 1 if spec.cell.runner == "sync" else spec.cell.concurrency},
            )


def make_run(
    path: Path,
    *,
    cells: Sequence[CellSpec] | None = None,
    forks: int = 3,
    rounds: int = 5,
    warmups: int = 1,
    seed: int = 7,
    noise: float = 0.02,
    fork_noise: float = 0.03,
    steal: float = 0.0,
    pressure: float = 0.0,
    others: float | None = None,
    pythons: Sequence[str] = ("3.11",),
    finished: bool = True,
    **header: Any,
) -> Path:
    """Write a whole run to `path` and return it.

    `noise` and `fork_noise` are the log-scale scatter between rounds and between processes (0 makes every sample
    equal to its spec); `steal` and `pressure` are shares of the makespan, `others` the
    cores that other programs kept busy. With `finished=False` the run was killed
    after its samples: measurements and account are missing. Other names replace fields of the header.
    """
    specs = standard_cells(pythons) if cells is None else list(cells)
    labels = tuple(dict.fromkeys(spec.cell.python for spec in specs)) or tuple(pythons)
    lines = [header_line(pythons=labels, forks=forks, rounds=rounds, warmups=warmups, seed=seed, **header)]
    lines += [cell_line(spec) for spec in specs]
    groups: dict[str, list[CellSpec]] = {}
    for spec in specs:
        groups.setdefault(spec.cell.comparison, []).append(spec)
    writer = _Writer(seed, noise, fork_noise, steal, pressure, others)
    for fork in range(forks):
        for group in groups.values():
            lines += writer.fork(group, fork, warmups, rounds)
    if finished:
        for spec in specs:
            lines.append(measurement_line(spec.cell.id, spec.status, reason=spec.reason, advice=spec.advice))
        lines.append(account_line())
    return write_lines(path, lines)
