"""Matches what base and head can do: the cells that both can run, and why they cannot run the others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..environments.interpreters import Run, run_command
from ..environments.provision import child_environ, interpreter_options, worker_environ
from ..model import Environment, FailedError
from ..plan import Comparison, Contestant, build
from ..quantity import canonical, file_of
from ..registry import Found
from ..selection import Selection
from .injection import labelled
from .pairs import PAIR_SETTINGS, PairedCell

Entries = Mapping[str, Mapping[str, str]]
"""Cells of one tree by their id without an environment."""


class InventoryFailed(FailedError):
    """A tree's benchmarks cannot be listed; the text says why."""

    def __init__(self, side: str, reason: str) -> None:
        super().__init__(f"{side}: its benchmarks cannot be listed: {reason}")
        self.side = side


@dataclass(frozen=True)
class Unmatched:
    """A cell that base and head cannot both run, and what that means."""

    cell: str
    word: str
    """A value of results.gate.Word, or `SKIPPED` where neither side can run it."""
    reason: str


@dataclass(frozen=True)
class Matched:
    """What both sides can run, what they cannot and why, and of the latter what head can run `alone`: it is new."""

    paired_cells: tuple[PairedCell, ...]
    unmatched: tuple[Unmatched, ...]
    alone: tuple[PairedCell, ...] = ()

    def without_base(self, reasons: Mapping[str, str]) -> Matched:
        """The same where base lacks what some workloads call, by their names with why."""
        new = [each for each in self.paired_cells if each.comparison.workload.name in reasons]
        why = [Unmatched(each.cell, "NEW", reasons[each.comparison.workload.name]) for each in new]
        both = tuple(each for each in self.paired_cells if each not in new)
        return Matched(both, (*self.unmatched, *why), (*self.alone, *new))


def take_inventory(environment: Environment, asked: Mapping[str, Any], *, run: Run = run_command) -> Entries:
    """The cells that the tree of `environment` defines; raises InventoryFailed.

    `asked` has `workloads` and `runners` (specs, those that are files already in this tree) and `profile`.
    """
    script = str(Path(__file__).with_name("inventory.py"))
    told = json.dumps({**asked, "folder": environment.folder})
    command = [environment.executable, *interpreter_options(), "-P", script, told]
    done = run(command, worker_environ(child_environ(), environment))
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise InventoryFailed(environment.label, done.last_words) from None
    if "error" in answer:
        raise InventoryFailed(environment.label, answer["error"])
    return {entry["cell"]: entry for entry in answer["cells"]}


def match(
    selection: Selection,
    environments: tuple[Environment, Environment],
    inventories: tuple[Entries, Entries],
    reroot: Callable[[str, str], str] = lambda ref, label: ref,
) -> Matched:
    """Pair up the cells of base and head; `reroot(ref, label)` finds a file of the working copy in a side's tree."""
    base, head = inventories
    paired_cells: list[PairedCell] = []
    unmatched: list[Unmatched] = []
    alone: list[PairedCell] = []
    contestants, refusals = _contestants(selection, environments)
    for cell in dict.fromkeys([*base, *head]):
        if cell not in head:
            unmatched.append(_gone(cell, base, head))
        elif cell not in base:
            if any(_like(head[cell], entry) for name, entry in base.items() if name not in head):
                continue
            if own := contestants.get((cell, "head")):
                alone.append(_alone(cell, own, reroot, head))
            reason = refusals.get((cell, "head"), "")
            unmatched.append(Unmatched(cell, "SKIPPED" if reason else "NEW", reason or "only head has it"))
        else:
            found = contestants.get((cell, "base")), contestants.get((cell, "head"))
            reasons = refusals.get((cell, "base"), ""), refusals.get((cell, "head"), "")
            if found[0] and found[1]:
                keys = {"base": base[cell]["body_key"], "head": head[cell]["body_key"]}
                paired_cells.append(_paired(cell, found[0], found[1], reroot, keys))
            else:
                unmatched.append(_refused(cell, *reasons))
                if found[1]:
                    alone.append(_alone(cell, found[1], reroot, head))
    return Matched(tuple(paired_cells), tuple(unmatched), tuple(alone))


Sides = dict[tuple[str, str], tuple[Comparison, Contestant]]


def _contestants(
    selection: Selection, environments: tuple[Environment, Environment]
) -> tuple[Sides, dict[tuple[str, str], str]]:
    """Who can run in base and in head by (cell, side), and why the others cannot."""
    able: Sides = {}
    refused: dict[tuple[str, str], str] = {}
    for label, environment in zip(("base", "head"), environments, strict=True):
        plan = build(selection.points, selection.runners, [replace(environment, label=label)], PAIR_SETTINGS)
        for comparison in plan.comparisons:
            for contestant in comparison.contestants:
                able[_plain(contestant.cell.id), label] = comparison, labelled(contestant, label)
            for cell, reason in comparison.refused:
                refused[_plain(cell.id), label] = reason
    return able, refused


def _plain(cell_id: str) -> str:
    """A cell's id without its environment."""
    return cell_id.rpartition("@")[0]


def _paired(
    cell: str,
    base: tuple[Comparison, Contestant],
    head: tuple[Comparison, Contestant],
    reroot: Callable[[str, str], str],
    keys: Mapping[str, str],
) -> PairedCell:
    def at_home(contestant: Contestant, label: str) -> Contestant:
        workload, runner = contestant.workload, contestant.runner
        return replace(
            contestant,
            # A side may call the body by another style, as long as the cell's name is the same.
            cell=replace(contestant.cell, body_key=keys[label]),
            workload=Found(workload.value, reroot(workload.ref, label)),
            runner=Found(runner.value, reroot(runner.ref, label)),
        )

    return PairedCell(cell, head[0], at_home(base[1], "base"), at_home(head[1], "head"))


def _alone(
    cell: str, head: tuple[Comparison, Contestant], reroot: Callable[[str, str], str], entries: Entries
) -> PairedCell:
    """What only head can run, as if base were the same."""
    key = entries[cell]["body_key"]
    return _paired(cell, head, head, reroot, {"base": key, "head": key})


def _gone(cell: str, base: Entries, head: Entries) -> Unmatched:
    twins = [name for name, entry in head.items() if name not in base and _like(entry, base[cell])]
    if twins:
        what = f"head does not have it, but has {twins[0]} instead; keep the name, or accept the new one"
        return Unmatched(cell, "RENAMED", what)
    return Unmatched(cell, "MISSING", "base has it and head does not; restore it, or accept that it is gone")


def _like(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two cells of different names look like one that was renamed: the same point and body elsewhere.

    Either the workload has another name and the same parameters, or the runner has another name.
    """
    same_point = one["comparison"].partition("[")[2] == other["comparison"].partition("[")[2]
    same_body = one["body_key"] == other["body_key"]
    moved = one["workload"] != other["workload"] and one["runner"] == other["runner"]
    recast = one["comparison"] == other["comparison"] and one["runner"] != other["runner"]
    return same_body and ((moved and same_point) or recast)


def _refused(cell: str, base: str, head: str) -> Unmatched:
    if base and head:
        return Unmatched(cell, "SKIPPED", head if base == head else f"in base {base}; in head {head}")
    if head:
        return Unmatched(cell, "BROKEN", f"it runs in base, but in head {head}")
    if base:
        return Unmatched(cell, "NEW", f"it runs in head, but in base {base}")
    why = "both trees have it, but the working copy does not; run the gate from a checkout that has it"
    return Unmatched(cell, "BROKEN", why)


def absolute(specs: Iterable[str]) -> list[str]:
    """Specs as ids have them, whose files have an absolute path, so that they can be found in another tree."""
    # A tree from before ids could be typed without brackets must understand them too.
    named = map(canonical, specs)
    return [os.path.abspath(spec) if file_of(spec)[0] else spec for spec in named]


def in_tree(specs: Sequence[str], reroot: Callable[[str, str], str], label: str) -> list[str]:
    """The same specs as the tree of one side has them."""
    return [reroot(spec, label) if file_of(spec)[0] else spec for spec in specs]
