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

from when_async.results.gate.reducing import reduce_pair

Floats = npt.NDArray[np.float64]

TRACES = Path("results/reference/gate-traces.jsonl.gz")
LATER = Path("results/reference/gate-traces-threads.jsonl.gz")
"""Threads on the core of their pair, and processes once more."""
FREE = "threads, all cores"
"""Threads as they were before they were pinned."""
METRICS = ("wall", "cpu")
LIVE = Path("results/reference/gate-live.jsonl")


@dataclass(frozen=True)
class Trace:
    """The pairs of one condition in order of time.

    `ratios` holds for each metric our reducer of each pair, over all of its rounds: log(head / base). `base` and `head`
    hold rounds in seconds, shape (pairs, rounds), for gates that want a table; a pair with fewer rounds
    than most repeats its own.
    """

    cell: str
    effect: float
    busy: npt.NDArray[np.bool_]
    ratios: Mapping[str, Floats]
    base: Mapping[str, Floats]
    head: Mapping[str, Floats]
    seconds: Floats

    def __len__(self) -> int:
        return len(self.seconds)

    def logs(self, metric: str = "wall") -> Floats:
        """One log(head / base) per pair."""
        return self.ratios[metric]

    def only(self, busy: bool) -> Trace:
        """The pairs that were taken with, or without, a busy neighbour."""
        kept = self.busy == busy
        return Trace(
            self.cell, self.effect, self.busy[kept], {name: row[kept] for name, row in self.ratios.items()},
            {name: rows[kept] for name, rows in self.base.items()},
            {name: rows[kept] for name, rows in self.head.items()}, self.seconds[kept],
        )  # fmt: skip


def load(*paths: Path) -> tuple[dict[str, Any], dict[tuple[str, float], Trace]]:
    """The head of the first of these files, by default of all that are kept, and the traces by (cell, effect)."""
    heads = []
    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for path in paths or (TRACES, LATER):
        opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")  # noqa: SIM115
        with opened as lines:
            heads.append(json.loads(next(lines)))
            for line in lines:
                record = json.loads(line)
                groups.setdefault((_name(record), record["effect"]), []).append(record)
    return heads[0], {key: _trace(key, records) for key, records in groups.items()}


def _name(record: Mapping[str, Any]) -> str:
    return FREE if record["cell"] == "threads" and len(record["cores"]) > 1 else str(record["cell"])


def _trace(key: tuple[str, float], records: list[dict[str, Any]]) -> Trace:
    rounds = int(np.median([len(record["wall"][0]) for record in records]))

    def table(metric: str, side: int) -> Floats:
        return np.array([np.resize(record[metric][side], rounds) for record in records], dtype=np.float64) / 1e6

    return Trace(
        *key,
        busy=np.array([record["busy"] for record in records]),
        ratios={metric: np.array([reduced(record, metric) for record in records]) for metric in METRICS},
        base={metric: table(metric, 0) for metric in METRICS},
        head={metric: table(metric, 1) for metric in METRICS},
        seconds=np.array([record["seconds"] for record in records]),
    )


def reduced(record: Mapping[str, Any], metric: str) -> float:
    """The gate's own reducer of one recorded pair."""
    return reduce_pair(*record[metric])
