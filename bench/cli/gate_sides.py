"""Base and head of a gate: which trees, interpreters and pins they are, and what each of them can run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from when_async.results.gate.report import Side

from ..environments.git import SHORT
from ..environments.interpreters import Run, run_command
from ..environments.sides import make_side
from ..environments.sources import Source, export, project, reroot
from ..gate.matching import Entries, absolute, in_tree, take_inventory
from ..model import Environment
from ..selection import catalogue, requirements_for

HERE = "."
HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Asked:
    """One side as the command line names it: a git ref or folder, and pins."""

    ref: str
    pins: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """`origin/main`, `. with aiohttp==3.13.*`."""
        return f"{self.ref} with {', '.join(self.pins)}" if self.pins else self.ref


@dataclass
class Sides:
    """Base and head, ready to run; `base` and `head` are what a report says of them."""

    base: Side
    head: Side
    environments: tuple[Environment, Environment]
    sources: Mapping[str, Source] = field(default_factory=dict)
    project: Path = field(default_factory=Path)
    notes: tuple[str, ...] = ()
    run: Run = run_command

    def reroot(self, ref: str, label: str) -> str:
        """Where a file of the working copy is found in the tree of one side."""
        return reroot(ref, self.project, self.sources[label]) if label in self.sources else ref

    def inventories(self, workloads: Sequence[str], runners: Sequence[str], profile: str) -> tuple[Entries, Entries]:
        """What each side can run of what was asked for; raises InventoryFailed."""
        base, head = (
            take_inventory(environment, self._asked(label, workloads, runners, profile), run=self.run)
            for label, environment in zip(("base", "head"), self.environments, strict=True)
        )
        return base, head

    def _asked(self, label: str, workloads: Sequence[str], runners: Sequence[str], profile: str) -> Mapping[str, Any]:
        return {
            "workloads": in_tree(absolute(workloads), self.reroot, label),
            "runners": in_tree(absolute(runners), self.reroot, label),
            "profile": profile,
        }


def make_sides(
    base: Asked,
    head: Asked,
    *,
    python: str | None,
    install: bool,
    say: Callable[[str], None],
    workloads: Sequence[str] = (),
    runners: Sequence[str] = (),
) -> Sides:
    """Export the trees, make the environments; raises what `bench.sides.make_side` does."""
    here = project(Path.cwd())
    known = catalogue([], [spec for spec in runners if not spec.endswith(".py")])
    modules = known.modules(runners)
    sources = {label: export(asked.ref, repository=here) for label, asked in (("base", base), ("head", head))}
    # A side with pins lives in an environment of its own; then the other one gets one too, or they would differ in
    # more than the pins.
    separate = bool(base.pins or head.pins or install)
    made = {
        label: make_side(
            label=label, modules=modules, requirements=requirements_for(modules), progress=say, python=python,
            pins=asked.pins, ref=sources[label], install=install, separate=separate, repository=here,
        )
        for label, asked in (("base", base), ("head", head))
    }  # fmt: skip
    notes = [note for label in sources for note in sources[label].notes]
    return Sides(
        base=_side(base, sources["base"], made["base"]),
        head=_side(head, sources["head"], made["head"]),
        environments=(made["base"], made["head"]),
        sources=sources,
        project=here,
        notes=tuple(dict.fromkeys(notes)),
    )


def _side(asked: Asked, source: Source, environment: Environment) -> Side:
    # A workflow names its base by all forty digits, which nobody reads.
    shown = replace(asked, ref=asked.ref[:SHORT]) if HASH.fullmatch(asked.ref) else asked
    return Side(
        asked=shown.text,
        commit=source.commit[:SHORT] if source.commit else None,
        python=environment.version,
        pins=environment.pins,
        modules=dict(environment.modules),
    )
