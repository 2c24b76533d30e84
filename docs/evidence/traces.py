"""Reads recorded traces: pairs of processes with all their rounds, by cell and injected slow-down."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TRACES = Path("results/reference/gate-traces.jsonl.gz")
LIVE = Path("results/reference/gate-live.jsonl")


@dataclass(frozen=True)
class Trace:
    """The pairs of one condition in order of time; rounds have the shape (pairs, rounds), in seconds."""

    cell: str
    effect: float
    busy: npt.NDArray[np.bool_]
    base: Mapping[str, Floats]
    head: Mapping[str, Floats]
    seconds: Floats

    def __len__(self) -> int:
        return len(self.seconds)

    def logs(self, metric: str = "wall") -> Floats:
        """Our reducer: per pair the median over neighbouring rounds of log(head / base)."""
        return np.asarray(np.median(np.log(self.head[metric]) - np.log(self.base[metric]), axis=1))

    def only(self, busy: bool) -> Trace:
        """The pairs that were taken with, or without, a busy neighbour."""
        kept = self.busy == busy
        return Trace(
            self.cell, self.effect, self.busy[kept],
            {name: rows[kept] for name, rows in self.base.items()},
            {name: rows[kept] for name, rows in self.head.items()}, self.seconds[kept],
        )  # fmt: skip


def load(path: Path = TRACES) -> tuple[dict[str, Any], dict[tuple[str, float], Trace]]:
    """The head of the file, and its traces by (cell, effect)."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")  # noqa: SIM115
    with opened as lines:
        head = json.loads(next(lines))
        groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
        for line in lines:
            record = json.loads(line)
            groups.setdefault((record["cell"], record["effect"]), []).append(record)
    return head, {key: _trace(key, records) for key, records in groups.items()}


def _trace(key: tuple[str, float], records: list[dict[str, Any]]) -> Trace:
    rounds = min(len(record["wall"][0]) for record in records)

    def table(metric: str, side: int) -> Floats:
        return np.array([record[metric][side][:rounds] for record in records], dtype=np.float64) / 1e6

    return Trace(
        *key,
        busy=np.array([record["busy"] for record in records]),
        base={metric: table(metric, 0) for metric in ("wall", "cpu")},
        head={metric: table(metric, 1) for metric in ("wall", "cpu")},
        seconds=np.array([record["seconds"] for record in records]),
    )
