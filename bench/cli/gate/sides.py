"""Base and head of a gate: which trees, interpreters and pins they are, and what each of them can run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from when_async.results.gate.report import Side

from ...asking.far import Far
from ...environments import sides
from ...environments.git import SHORT
from ...environments.own import Own, is_place
from ...environments.sides import Asked, export_both, make_both
from ...environments.sources import Source
from ...environments.venvs import Progress
from ...gate.config import GateConfig
from ...gate.matching import Entries, absolute, in_tree, take_inventory
from ...model import Environment
from ...quantity import file_of
from ...selection import Reader, catalogue, requirements_for
from ..own.where import Where

HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Sides(sides.Sides):
    """Base and head, ready to run; `base` and `head` are what a report says of them."""

    base: Side
    head: Side
    read: Reader | None = None
    """Reads files of the working copy, where they cannot be imported here."""

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
    own: Own | None = None,
) -> Sides:
    """Export the trees, make the environments; raises what `make_side` does."""
    known = catalogue([], [spec for spec in runners if not spec.endswith(".py")])
    modules = known.modules(runners)
    asked = replace(base, python=python), replace(head, python=python)
    sources = export_both(*asked, generated=generated)
    made = make_both(
        asked, sources, ("base", "head"), modules=modules, requirements=requirements_for(modules), progress=say,
        install=install, own=own,
    )  # fmt: skip
    told = [_side(*each) for each in zip(asked, sources, made.environments, strict=True)]
    return Sides(**vars(made), base=told[0], head=told[1], read=Far(own) if own else None)


def interpreter(config: GateConfig, *, told: bool) -> tuple[str | None, Own | None]:
    """The interpreter that was asked for, and the environment of the project where that is another one than ours.

    Whoever names nothing of his own, as we do, is measured where we run.
    """
    python = config.python or None
    of_his_own = config.targets or any(file_of(spec)[0] for spec in config.workloads)
    if not of_his_own or (python and not is_place(python)):
        return python, None
    where = Where([python] if python else [])
    if told:
        where.say()
    return None, where.places[0]


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
