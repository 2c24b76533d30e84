"""Where calibrations are found: all of a machine, its newest, and those of the machines that runs name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .calibration import AGAIN, ALL, Calibration, load


def newest(node_id: str, folders: Iterable[Path]) -> tuple[Calibration | None, list[str]]:
    """The newest calibration of a machine in the first folder that has one, and notes on files that were ignored."""
    own, notes = of_machine(node_id, folders)
    return max(own, key=lambda one: one.date, default=None), notes


def of_machine(
    node_id: str, folders: Iterable[Path], groups: Sequence[str] = ALL
) -> tuple[list[Calibration], list[str]]:
    """All calibrations of a machine in the first folder that has one, and notes on files that were ignored.

    Only the figures of `groups` are worked out.
    """
    notes: list[str] = []
    for folder in dict.fromkeys(folders):
        found = []
        for path in sorted(folder.glob("calibration-*.json")):
            try:
                found.append(load(path, groups))
            except ValueError as error:
                notes.append(f"{path.name} {error}; it was ignored, {AGAIN}")
        own = [one for one in found if one.node_id == node_id]
        if own:
            return own, notes
    return [], notes


def for_runs(headers: Iterable[Mapping[str, Any]], folders: Sequence[Path]) -> tuple[dict[str, Calibration], list[str]]:
    """The calibration of each machine that the headers of runs name, by node id, and notes on what was ignored."""
    found: dict[str, Calibration] = {}
    notes: list[str] = []
    boxes = [header.get("machine") or {} for header in headers]
    for node_id in dict.fromkeys(str(box["node_id"]) for box in boxes if box.get("node_id")):
        calibration, ignored = newest(node_id, folders)
        notes += ignored
        if calibration is not None:
            found[node_id] = calibration
    return found, list(dict.fromkeys(notes))
