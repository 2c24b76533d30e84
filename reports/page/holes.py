"""What has no figure and why, and how far a run got that was stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from when_async.results.cells.summary import Row

from .. import words
from ..scene.rows import Scene, comparisons, left


def _open(scene: Scene) -> list[Row]:
    """The rows without a figure; who was given up because it could not win is none of them."""
    return [row for row in scene.rows if row.status != "OK" and not left(row)]


def holes(scene: Scene) -> list[dict[str, str]]:
    """Every cell without a figure, its status, the reason and what to do."""
    return [
        {
            "cell": words.one_line(row.cell, 300),
            "run": words.one_line(row.run),
            "status": str(row.status),
            "reason": words.clean(row.reason or "no reason on record"),
            "advice": words.clean(row.advice or ""),
        }
        for row in _open(scene)
    ]


def sentence(scene: Scene) -> str:
    """How many cells have no figure, by status."""
    found = _open(scene)
    counts: dict[str, int] = {}
    for row in found:
        counts[str(row.status)] = counts.get(str(row.status), 0) + 1
    said = words.listing([f"{number} {status}" for status, number in sorted(counts.items())])
    return f"{len(found)} of {words.count(len(scene.rows), 'cell')} have no figure: {said}."


def unfinished(scene: Scene, attrs: Mapping[Any, Any]) -> str:
    """How far a run got that has not ended or was stopped; empty where nothing is left to do.

    `attrs` are those of the frame (results.frame.load).
    """
    ended = {one["run"] for one in attrs.get("ends", ())}
    waiting = {row.comparison for row in scene.rows if row.status == "INCOMPLETE" and row.run not in ended}
    every = comparisons(scene.rows)
    if not waiting and not set(attrs.get("stopped", ())) - ended:
        return ""
    done = len(every) - len(waiting)
    return (
        f"This run is not finished: {done} of {words.count(len(every), 'comparison')} measured so far. "
        "To measure the rest: when-async run --resume FILE."
    )


def undecided(attrs: Mapping[Any, Any]) -> str:
    """What a run left open that used up its budget, and what shows it; empty where it left nothing open.

    `attrs` are those of the frame (results.frame.load).
    """
    for one in attrs.get("ends", ()):
        if one["decided"] < one["asked"]:
            minutes = one["seconds"] / 60
            return (
                f"{one['decided']} of {one['asked']} claims are decided here, in {minutes:.1f} minutes. "
                "Grey rows come from another machine. More time decides more: `when-async run --budget 15m`."
            )
    return ""


def remarks(scene: Scene) -> list[str]:
    """Advice on cells that ran, and rows that a server held back."""
    said = [f"{row.cell}: {words.clean(row.advice)}" for row in scene.rows if row.status == "OK" and row.advice]
    said += [
        f"{row.cell}: server-bound, so its throughput is a lower bound"
        + (f"; the server could take {words.digits(row.headroom)} times what was asked of it" if row.headroom else "")
        for row in scene.rows
        if row.status == "OK" and row.server_bound
    ]
    said += [f"{row.cell}: {_apart(row)}; none was dropped" for row in scene.rows if row.outliers]
    return said


def _apart(row: Row) -> str:
    """How many processes lay apart from the others, and where."""
    sides = {"high": "slower", "low": "quicker"}
    told = [
        f"{count} {'far ' if label.endswith('severe') else ''}{sides[label.split()[0]]} than the others"
        for label, count in row.outliers.items()
    ]
    return f"of {row.forks} processes {words.listing(told)}"
