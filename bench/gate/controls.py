"""Chooses the gate's controls: cells on which the right answer is known (method.md, gate recipe 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..processes.service import ServiceFailed
from .injection import against_itself, burdened, doubling_loops
from .pairs import Duel, PairFailed, Pairs

UNCHANGED, INJECTED = "unchanged control", "injected control"
MOST_UNCHANGED = 2
FEW = 6
"""With no more duels than this, one unchanged control is enough."""
LEAST_INJECTED = 0.10


@dataclass(frozen=True)
class ControlDuel:
    """A duel of base with itself; `injected` is the slow-down that was put into one of them, 0.0 for none."""

    key: str
    duel: Duel
    injected: float


def unchanged(duels: Sequence[Duel]) -> list[ControlDuel]:
    """Base against base on one or two cells of different workloads, those that keep to one core first."""
    wanted = 1 if len(duels) <= FEW else MOST_UNCHANGED
    chosen: dict[str, Duel] = {}
    for duel in sorted(duels, key=lambda each: not each.base.cell.one_core):
        chosen.setdefault(duel.base.cell.workload, duel)
    return [
        ControlDuel(f"{UNCHANGED} {duel.cell}", against_itself(duel.base, duel), 0.0)
        for duel in [*chosen.values()][:wanted]
    ]


def injected(
    duels: Sequence[Duel], margin_of: Callable[[str], float], pairs: Pairs, tries: int = 3
) -> ControlDuel | None:
    """Base against base with a slow-down that must alarm; None where its size can be set in none of a few cells."""
    for duel in sorted(duels, key=lambda each: not each.base.cell.one_core)[:tries]:
        effect = max(LEAST_INJECTED, 3 * margin_of(duel.cell))
        try:
            loops = round(effect * doubling_loops(pairs, against_itself(duel.base, duel)))
        except (PairFailed, ServiceFailed):
            continue
        return ControlDuel(f"{INJECTED} {duel.cell}", burdened(against_itself(duel.base, duel), loops), effect)
    return None


def inject_all(
    duels: Mapping[str, Duel], effect: float, pairs: Pairs, say: Callable[[str], None]
) -> tuple[dict[str, Duel], dict[str, str]]:
    """The same duels with a slow-down of `effect` in head, and why it could not be put into some of them."""
    able: dict[str, Duel] = {}
    failed: dict[str, str] = {}
    for key, duel in duels.items():
        say(f"setting the size of the slow-down in {key}")
        try:
            able[key] = burdened(duel, round(effect * doubling_loops(pairs, against_itself(duel.base, duel))))
        except (PairFailed, ServiceFailed) as error:
            failed[key] = str(error)
    return able, failed
