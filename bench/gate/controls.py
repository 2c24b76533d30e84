"""Chooses the gate's controls: cells on which the right answer is known (method.md, gate recipe 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..processes.service import ServiceFailed
from .injection import against_itself, doubling_loops, slowed
from .pairs import PairedCell, PairFailed, Pairs

UNCHANGED, INJECTED = "unchanged control", "injected control"
MOST_UNCHANGED = 2
FEW = 6
"""With no more paired cells than this, one unchanged control is enough."""
LEAST_INJECTED = 0.10
TRIES = 3


@dataclass(frozen=True)
class ControlCell:
    """A paired of base with itself; `injected` is the slow-down that was put into one of them, 0.0 for none."""

    key: str
    paired: PairedCell
    injected: float


def unchanged(paired_cells: Sequence[PairedCell]) -> list[ControlCell]:
    """Base against base on one or two cells of different workloads, those that keep to one core first."""
    wanted = 1 if len(paired_cells) <= FEW else MOST_UNCHANGED
    chosen: dict[str, PairedCell] = {}
    for paired in sorted(paired_cells, key=lambda each: not each.base.cell.one_core):
        chosen.setdefault(paired.base.cell.workload, paired)
    return [
        ControlCell(f"{UNCHANGED} {paired.cell}", against_itself(paired.base, paired), 0.0)
        for paired in [*chosen.values()][:wanted]
    ]


def injected(paired_cells: Sequence[PairedCell], margin_of: Callable[[str], float], pairs: Pairs) -> ControlCell | None:
    """Base against base with a slow-down that must alarm; None where its size can be set in none of a few cells."""
    for paired in sorted(paired_cells, key=lambda each: not each.base.cell.one_core)[:TRIES]:
        effect = max(LEAST_INJECTED, 3 * margin_of(paired.cell))
        try:
            loops = round(effect * doubling_loops(pairs, against_itself(paired.base, paired)))
        except (PairFailed, ServiceFailed):
            continue
        return ControlCell(f"{INJECTED} {paired.cell}", slowed(against_itself(paired.base, paired), loops), effect)
    return None


def inject_all(
    paired_cells: Mapping[str, PairedCell], effect: float, pairs: Pairs, say: Callable[[str], None]
) -> tuple[dict[str, PairedCell], dict[str, str]]:
    """The same paired_cells with a slow-down of `effect` in head, and why it could not be put into some of them."""
    able: dict[str, PairedCell] = {}
    failed: dict[str, str] = {}
    for key, paired in paired_cells.items():
        say(f"setting the size of the slow-down in {key}")
        try:
            able[key] = slowed(paired, round(effect * doubling_loops(pairs, against_itself(paired.base, paired))))
        except (PairFailed, ServiceFailed) as error:
            failed[key] = str(error)
    return able, failed
