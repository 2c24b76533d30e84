"""Base and head of a gate: which trees, interpreters and pins they are, and what each of them can run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from when_async.results.gate.report import Side

from ...environments import sides
from ...environments.git import SHORT
from ...environments.sides import Asked, export_both, make_both
from ...environments.sources import Source
from ...environments.venvs import Progress
from ...gate.matching import Entries, absolute, in_tree, take_inventory
from ...model import Environment
from ...selection import catalogue, requirements_for

HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Sides(sides.Sides):
    """Base and head, ready to run; `base` and `head` are what a report says of them."""

    base: Side
    head: Side

    def inventories(self, workloads: Sequence[str], runners: Sequence[str], profile: str) -> tuple[Entries, Entries]:
        """What each side can run of what was asked for; raises InventoryFailed."""

        def of(environment: Environment) -> Entries:
            specs = {"workloads": absolute(workloads), "runners": absolute(runners)}
            there = {kind: in_tree(own, self.reroot, environment.label) for kind, own in specs.items()}
            return take_inventory(environment, {**there, "profile": profile})

        base, head = self.environments
        return of(base), of(head)


def make_sides(
    base: Asked,
    head: Asked,
    *,
    python: str | None,
    install: bool,
    say: Progress,
    workloads: Sequence[str] = (),
    runners: Sequence[str] = (),
    generated: Sequence[str] = (),
) -> Sides:
    """Export the trees, make the environments; raises what `make_side` does."""
    known = catalogue([], [spec for spec in runners if not spec.endswith(".py")])
    modules = known.modules(runners)
    asked = replace(base, python=python), replace(head, python=python)
    sources = export_both(*asked, generated=generated)
    made = make_both(
        asked, sources, ("base", "head"), modules=modules, requirements=requirements_for(modules), progress=say,
        install=install,
    )  # fmt: skip
    told = [_side(*each) for each in zip(asked, sources, made.environments, strict=True)]
    return Sides(**vars(made), base=told[0], head=told[1])


def _side(asked: Asked, source: Source | None, environment: Environment) -> Side:
    # A workflow names its base by all forty digits, which nobody reads.
    shown = replace(asked, ref=asked.ref[:SHORT]) if asked.ref and HASH.fullmatch(asked.ref) else asked
    return Side(
        asked=shown.text,
        commit=source.commit[:SHORT] if source and source.commit else None,
        python=environment.version,
        pins=environment.pins,
        modules=dict(environment.modules),
    )
