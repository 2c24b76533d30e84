"""Histories without run files: one point for each value, all quiet and comparable unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from when_async.bench.model import Estimate
from when_async.results.history.cells import QUANTITIES, History, Point

CELL = "sleep[wait=10ms,n=100,c=10]-asyncio@3.11"
HERE = {"machine": "3f6c0a51d2", "cpu": "AMD EPYC 9B14", "cores": "2", "interpreter": "CPython 3.11.7"}


def history(
    values: Sequence[float | None],
    *,
    environments: Mapping[int, Mapping[str, str]] | None = None,
    cell: str = CELL,
    metric: str = "wall",
    half: float = 0.02,
    commits: bool = True,
    noise: Mapping[int, str] | None = None,
    start: datetime = datetime(2026, 11, 22, 15, 1, tzinfo=UTC),
) -> History:
    """A run a day; None is a FAILED run; `environments` maps a place to what is new from there on.

    `half` is the share by which each interval reaches below and above its point.
    """
    here: Mapping[str, str] = HERE
    points = []
    for index, value in enumerate(values):
        here = {**here, **(environments or {}).get(index, {})}
        points.append(
            Point(
                run=f"run-{index}",
                file=f"{index:03d}.jsonl",
                started=(start + timedelta(days=index)).isoformat(),
                commit=f"{0xAB12CD3 + index * 7919:07x}" if commits else None,
                python=here["interpreter"],
                value=None if value is None else Estimate(value, value / (1 + half), value * (1 + half), "s", 3),
                reason="FAILED: the server saw 99 requests where 100 were asked for" if value is None else "",
                noise=(noise or {}).get(index, "quiet"),
                server_bound=False,
                environment=here,
            )
        )
    return History(cell, QUANTITIES[metric], "asyncio", f"when-async run -w '{CELL.partition(']')[0]}]'", tuple(points))
