"""What the history of a cell shows: breaks, changes of level among comparable values, how far the last one lies off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, stdev

from scipy.special import stdtrit

from when_async.bench.model import Estimate

from ..stats.changepoints import LEAST, ChangePoint, change_points
from .cells import History

SEED = 20260


@dataclass(frozen=True)
class Break:
    """Where the environment changed: the place of the first point on the new side, and what is new there."""

    index: int
    label: str


def breaks(history: History) -> list[Break]:
    """Where two neighbouring values may not be compared, and why; the holes between them do not count."""
    valued = [index for index, group in enumerate(history.groups) if group is not None]
    return [
        Break(index, _difference(history.points[before].environment, history.points[index].environment))
        for before, index in pairwise(valued)
        if history.groups[before] != history.groups[index]
    ]


def _difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What changed between two environments, in a few words: `CPython 3.11.7 → 3.11.9, uvloop 0.21.0 → 0.22.1`."""
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if "machine" in changed:
        # That it has another processor or more cores is part of being another one.
        changed = [name for name in changed if name not in ("cpu", "cores", "machine")]
        return ", ".join(["another machine", *(_said(name, old.get(name), new.get(name)) for name in changed)])
    return ", ".join(_said(name, old.get(name), new.get(name)) for name in changed)


def _said(name: str, old: str | None, new: str | None) -> str:
    if name == "results":
        return "other results"
    if name == "cores":
        return f"{old} → {new} cores"
    old, new = old or "none", new or "none"
    if name == "interpreter":
        same = old.partition(" ")[0] == new.partition(" ")[0]
        return f"{old} → {new.partition(' ')[2] if same else new}"
    return f"{old} → {new}" if name == "pinning" else f"{name} {old} → {new}"


def steps(history: History, *, p: float = 0.05, permutations: int = 199, seed: int = SEED) -> dict[int, ChangePoint]:
    """Place of the first point after a change of level -> the change, looked for among comparable points only."""
    found: dict[int, ChangePoint] = {}
    for group in sorted({group for group in history.groups if group is not None}):
        places = history.of_group(group)
        if len(places) >= 2 * LEAST:
            values = [value.point for value in history.values(places)]
            for change in change_points(values, p=p, permutations=permutations, seed=seed):
                found[places[change.index]] = change
    return found


def change(history: History) -> Estimate | None:
    """The latest value against the median of the comparable ones before it, as a ratio; None without any of these.

    The interval is the wider of two: what the processes of these runs say, and, from 3 earlier runs on, how these
    scatter (a prediction interval with Student's t, where the median costs pi / 2 of the variance of the mean).
    `n` counts runs.
    """
    values = history.values(history.comparable)
    if len(values) < 2:
        return None
    *earlier, last = values
    logs = [math.log(value.point) for value in earlier]
    middle = math.log(last.point) - median(logs)
    widths = [_half(value) ** 2 for value in earlier]
    half = math.sqrt(_half(last) ** 2 + sum(widths) / len(widths) ** 2)
    if len(earlier) >= 3:
        scatter = stdev(logs) * math.sqrt(1 + math.pi / 2 / len(earlier))
        half = max(half, float(stdtrit(len(earlier) - 1, 0.975)) * scatter)
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half), "x", len(values))


def _half(value: Estimate) -> float:
    """Half of an interval on the log scale; its wider side, where it is not symmetric."""
    return max(math.log(value.high / value.point), math.log(value.point / value.low))


def moved(history: History) -> tuple[float, float]:
    """Sorts cells by how much they moved: first by what their interval supports at least, then by the point."""
    ratio = change(history)
    if ratio is None:
        return (-1.0, 0.0)
    surely = max(math.log(ratio.low), -math.log(ratio.high), 0.0)
    return (surely, abs(math.log(ratio.point)))
