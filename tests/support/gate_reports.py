"""Gate reports built by hand: one for each way in which a gate run can end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from when_async.bench.model import Estimate
from when_async.results.gate.report import Canary, CellResult, Flip, GateReport, MetricResult, Operating, Side, Word

SLEEP = "sleep[wait=10ms,n=100,c=10]-asyncio@3.14"
FETCH = "http_fetch[body=1KiB,delay=5ms,n=100,c=10]-threading/requests@3.14"
GRID = "grid_search[size=200,n=8,c=2]-multiprocessing@3.14"
COMMAND = "when-async gate --base main --margin 3% --budget 10m"
NASTY = "<script>alert('x')</script> | `code` @octocat #12 **bold**\x1b[31m\x00\x0b\ufffe\nsecond ]]> line & more"


def around(point: float, spread: float = 0.009, pairs: int = 14) -> Estimate:
    """A ratio with an interval of that half width."""
    return Estimate(point, point - spread, point + spread, "x", pairs)


def metric(name: str, ratio: Estimate | None, **changes: Any) -> MetricResult:
    """One metric with a margin of 3 % and a smallest visible slow-down of 4.1 %."""
    plain = MetricResult(name, ratio, 0.00006, 0.0036, 0.03, 0.011, 0.041, 0.00102, 0.0011)
    return replace(plain, **changes)


def cell(name: str, word: Word, reason: str = "", wall: Estimate | None = None, **changes: Any) -> CellResult:
    """A cell; where `wall` is given, CPU moved by the same and there were as many pairs as it counts."""
    metrics = (metric("wall", wall), metric("cpu", replace(wall))) if wall else ()
    plain = CellResult(name, word, reason, wall.n if wall else 0, metrics, seconds=4.25 if wall else 0.5)
    return replace(plain, **changes)


def regressed(name: str = SLEEP, by: float = 0.082) -> CellResult:
    """A confirmed slow-down."""
    return cell(
        name, Word.REGRESSED, "wall and cpu beyond the margin, confirmed on 14 fresh pairs", around(1 + by),
        confirmation=(metric("wall", around(1 + by - 0.003)), metric("cpu", around(1 + by + 0.001))),
    )  # fmt: skip


def unchanged(count: int) -> tuple[CellResult, ...]:
    """As many cells without alarm, every third of them equivalent."""
    return tuple(
        cell(
            f"sleep[wait={index}ms,n=100,c=10]-trio@3.14",
            Word.NO_ALARM if index % 3 else Word.EQUIVALENT,
            "" if index % 3 else "the whole interval lies within the margin",
            around(1.001, 0.012, 6 if index % 3 else 14),
        )
        for index in range(1, count + 1)
    )


OPERATING = Operating(
    simulated=20_000,
    false_alarms=0,
    false_alarm_bound=0.000149,
    per_run_bound=0.0089,
    power={0.0: 0.0, 0.03: 0.9631, 0.05: 1.0},
    smallest_effect=0.028,
    noise_pairs=840,
    seconds_per_decision=5.1,
)
CANARIES = (
    Canary(SLEEP, "unchanged", 0.0, Word.NO_ALARM, True, around(1.0005, 0.004, 6), 6),
    Canary(SLEEP, "injected", 0.05, Word.REGRESSED, True, around(1.049, 0.007), 14),
)
BLIND = (
    Canary(SLEEP, "unchanged", 0.0, Word.REGRESSED, False, around(1.061, 0.007), 14),
    Canary(GRID, "injected", 0.05, Word.NO_ALARM, False, around(1.012, 0.02, 6), 6),
)
FLIPS = (
    Flip(
        "sleep[wait=1ms,n=1000,c=64]", "threading", "asyncio", around(0.81, 0.03), around(1.13, 0.04), True,
        "asyncio beat threading in sleep[wait=1ms,n=1000,c=64]; in head threading is the faster one",
    ),
    Flip(
        "http_fetch[body=1KiB,delay=5ms,n=100,c=10]", "asyncio/aiohttp", "uvloop/aiohttp", around(0.93, 0.02),
        around(0.98, 0.05), False, "uvloop beat asyncio; in head the two can no longer be told apart",
    ),
)  # fmt: skip


def report(*cells: CellResult, **changes: Any) -> GateReport:
    """A gate run over these cells with controls that did what they must."""
    plain = GateReport(
        base=Side("main", "3f2a1c9", "3.14.0", (), {"aiohttp": "3.13.2", "uvloop": "0.23.0", "trio": None}),
        head=Side("HEAD", "91ab02e", "3.14.0", (), {"aiohttp": "3.14.5", "uvloop": "0.23.0", "trio": None}),
        started="2026-12-03T10:11:12+00:00",
        command=COMMAND,
        margin=0.03,
        budget_s=600.0,
        seconds=288.4,
        seed=20260,
        machine={"node_id": "3f6c0a51d2", "system": "Linux 6.18", "cpu": "AMD EPYC 9B14", "cores": 2, "virtual": "kvm"},
        noise="quiet",
        cells=cells,
        canaries=CANARIES,
        operating=OPERATING,
    )
    return replace(plain, **changes)


def inconclusive(name: str = FETCH) -> CellResult:
    """A cell whose interval is wider than the margin."""
    wide = (metric("wall", around(1.021, 0.034, 42), smallest_effect=0.073), metric("cpu", around(1.004, 0.01, 42)))
    return cell(name, Word.INCONCLUSIVE, "the interval is wider than the margin", around(1.021), pairs=42, metrics=wide)


BROKEN = (
    cell("sleep[wait=10ms,n=100,c=10]-curio@3.14", Word.BROKEN, "head: fork 2, round 3: op 7: ValueError: no\nanswer"),
    cell("sleep[wait=10ms,n=100,c=10]-anyio@3.14", Word.MISSING, "in base, not in head"),
    cell(
        "fetch[body=1KiB,n=100,c=10]-asyncio@3.14", Word.RENAMED,
        "head has http_fetch[body=1KiB,n=100,c=10]-asyncio@3.14, which base has not",
    ),
    cell(GRID, Word.NOT_COMPARABLE, "base ran with the GIL, head without"),
)  # fmt: skip

REPORTS: dict[str, GateReport] = {
    "pass": report(*unchanged(60)),
    "regression": report(
        *unchanged(30), regressed(), regressed("empty[n=1000,c=100]-uvloop@3.14", 0.31),
        cell(FETCH, Word.IMPROVED, "the whole interval lies below the margin", around(0.88)),
        cell("new[n=10,c=1]-asyncio@3.14", Word.NEW, "only in head"),
    ),
    "broken": report(*unchanged(3), *BROKEN, regressed()),
    "inconclusive": report(*unchanged(8), inconclusive(), allow_undecided=True),
    "strict": report(*unchanged(8), inconclusive()),
    "late": report(
        *unchanged(8), inconclusive(), allow_undecided=True, seconds=600.0,
        notes=("the budget of 10 min ran out after 9 of 60 benchmarks",),
    ),
    "flips": report(*unchanged(4), flips=FLIPS),
    "blind": report(*unchanged(4), canaries=BLIND, allow_undecided=True, noise="disturbed: 12 % steal"),
    "strict and blind": report(*unchanged(4), canaries=BLIND),
    "interrupted": report(*unchanged(2), interrupted=True, operating=None, canaries=()),
    "empty": report(operating=None, canaries=()),
    "only new": report(cell("new[n=10,c=1]-asyncio@3.14", Word.NEW, "only in head"), operating=None),
    "new allowed": report(
        cell("new[n=10,c=1]-asyncio@3.14", Word.NEW, "only in head"), operating=None, canaries=(), allow_new=True
    ),
    "latency": report(
        cell(
            FETCH, Word.REGRESSED, "p99 beyond the margin", around(1.01), pairs=28,
            metrics=(
                metric("wall", around(1.01)), metric("cpu", around(1.004), margin=0.042), metric("p50", around(1.02)),
                metric("p99", around(1.31, 0.06)),
            ),
        )
    ),
    "nasty": report(
        regressed(f"evil[{NASTY}]-asyncio@3.14"), cell(f"bad-{NASTY}", Word.BROKEN, NASTY), notes=(NASTY, NASTY),
        command=f"when-async gate --base '{NASTY}'", noise=NASTY, machine={"cpu": NASTY}, started=NASTY,
        base=Side(NASTY, NASTY, NASTY, (NASTY,), {NASTY: NASTY}),
        flips=(replace(FLIPS[0], comparison=NASTY, sentence=NASTY, first=NASTY, second=NASTY),),
        canaries=(replace(BLIND[0], cell=NASTY),),
    ),
}  # fmt: skip
"""Every way to end, by name."""
