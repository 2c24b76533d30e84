"""A run that is ready to be walked: its plan, and the head and cells of its file."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from when_async.results.journal import AGAIN, Journal, go_on
from when_async.results.runfile import Value

from ...environments import git
from ...environments.interpreters import run_command
from ...environments.provision import Missing
from ...machine.fingerprint import fingerprint
from ...model import Cell, Environment, Workload, to_json
from ...plan import PROFILES, VERDICTS, Plan, Settings, build
from ...recorded import to_record
from ...registry import RegistryError
from ...selection import Selection, catalogue, environments_for, select
from ...walk.experiment import Done
from .. import folders
from ..shared import tell
from .claimed import behaviours, chosen, look, prepared, selection_for, with_core
from .cluster import on_cluster

if TYPE_CHECKING:
    from when_async.reports.verdicts.claim import Statement

    from ..own.where import Where


@dataclass
class Started:
    """A run that is ready to be walked."""

    path: Path
    journal: Journal
    plan: Plan
    done: Done
    selection: Selection
    looks: Iterable[dict[str, Any]] = ()
    """Records of the behaviours that claims ask about; each is made when it is asked for."""
    asked: Sequence[Statement] = ()
    """The claims that are asked about."""
    head: Mapping[str, Any] = field(default_factory=dict)
    """The first line of the file."""
    kept: Sequence[Value] = ()
    """What the file has already of an interrupted run."""


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The profile with what the command line changes of it."""
    settings = {**PROFILES, **VERDICTS}[options["profile"]]
    changed = {name: options[name] for name in ("forks", "rounds", "budget_s") if options.get(name) is not None}
    return replace(settings, seed=options["seed"], pin=not options["no_pin"], timeout_s=options["timeout_s"], **changed)


def start_fresh(options: Mapping[str, Any]) -> Started:
    """Plan a new run and write the head of its file."""
    where: Where | None = options.get("where")
    known = catalogue(options["workloads"], options["runners"], where.read if where else None)
    settings = settings_of(options)
    asked = chosen(options.get("claims") or ())
    if asked:
        selection = selection_for(asked, known)
        if options.get("core"):
            selection = with_core(selection, known)
    else:
        selection = select(known, options["workloads"], options["runners"], settings.profile)
    if options.get("dask_scheduler") and not on_cluster(selection):
        raise RegistryError("--dask-scheduler is for runners on Dask, and none was asked for; add -r dask")
    modules = known.modules(options["runners"] or list(selection.runners))
    modules = sorted({*modules, *(module for claim in behaviours(asked) for module in claim.requires)})
    environments = (
        where.environments(modules) if where else environments_for(modules, options["pythons"], tell, options["pins"])
    )
    plan = build(selection.points, selection.runners, environments, settings, selection.only)
    plan = prepared(plan, asked)
    wanted: dict[str, Any] = {
        "asked_pythons": list(options["pythons"]), "asked_pins": list(options["pins"]), "asked_modules": modules,
    }  # fmt: skip
    if where:
        wanted["asked_own"] = True
    if asked:
        wanted["asked_claims"] = [claim.name for claim in asked]
    wanted["asked_cluster"] = on_cluster(selection)
    if options.get("command"):
        wanted["command"] = options["command"]
    if options.get("tried"):
        wanted["tried"] = options["tried"]
    again = AGAIN if options.get("tried") else ""
    started = begin(plan, selection, environments, options["output"], wanted, again)
    return replace(started, looks=look(behaviours(asked), environments, say=tell), asked=asked)


def begin(
    plan: Plan,
    selection: Selection,
    environments: Sequence[Environment | Missing],
    output: Path | None,
    asked: Mapping[str, Any],
    again: str = "",
) -> Started:
    """Write the head of a run file, with what was `asked` for, and its cells; `again` says how it is gone on with."""
    now = datetime.now(UTC)
    run = folders.run_id(now)
    path = output or folders.kept(folders.runs()) / f"{run}.jsonl"
    head = {**header(run, now, plan, selection, environments), **asked}
    journal = Journal.create(path, head, again or go_on(path))
    write_cells(journal, plan, selection)
    return Started(path, journal, plan, Done(), selection, head=head)


def write_cells(journal: Journal, plan: Plan, selection: Selection, there: Collection[str] = ()) -> None:
    """One line for each cell that is not in the file yet; an interruption can come between two of them."""
    for record in cell_records(plan, selection):
        if record["id"] not in there:
            journal.append(record)


def cell_records(plan: Plan, selection: Selection) -> Iterator[dict[str, Any]]:
    """What the run file says of each cell before it is measured."""
    for comparison in plan.comparisons:
        cells = [contestant.cell for contestant in comparison.contestants] + [cell for cell, _ in comparison.refused]
        for cell in cells:
            yield cell_record(cell, comparison.workload, selection.runners[cell.runner].value.serial)


def header(
    run: str, now: datetime, plan: Plan, selection: Selection, environments: Sequence[Environment | Missing]
) -> dict[str, Any]:
    """The first line of a run file: what was asked for, of which machine and which interpreters."""
    from importlib.metadata import version

    return {
        "tool_version": version("when-async"),
        "run": run,
        "started": now.isoformat(timespec="seconds"),
        "commit": working_commit(),
        **asdict(plan.settings),
        "command": shlex.join(["when-async", *sys.argv[1:]]),
        "machine": fingerprint(),
        "environments": [
            environment_record(environment) for environment in environments if isinstance(environment, Environment)
        ],
        "pythons": [environment.label for environment in environments],
        "sources": {found.value.name: _public_ref(found.ref) for found, _ in selection.points},
        "selection": to_record(selection),
    }


def environment_record(environment: Environment) -> dict[str, Any]:
    """An environment as a run file keeps it: without the paths of this machine."""
    record = {**asdict(environment), "executable": os.path.basename(environment.executable)}
    del record["path"], record["folder"], record["side"]
    return record


def working_commit() -> str | None:
    """The commit that the working folder is at, with a + where it has changes; None outside git."""
    try:
        commit, changed = git.changes(Path.cwd(), run_command)
    except git.SourceError:
        return None
    return f"{commit[: git.SHORT]}{'+' if changed else ''}" if commit else None


def _public_ref(ref: str) -> str:
    return os.path.basename(ref) if ref.endswith(".py") else ref


def cell_record(cell: Cell, workload: Workload, serial: bool) -> dict[str, Any]:
    """What the run file says of a cell before it is measured."""
    ideal_s = workload.ideal_s
    in_flight = 1 if serial else cell.concurrency
    return {
        **to_json("cell", cell),
        "id": cell.id,
        "ideal_s": ideal_s(cell.params, in_flight) if ideal_s else None,
        "serial_ideal_s": ideal_s(cell.params, 1) if ideal_s else None,
        "ops": int(cell.params.get("n", 1)),
        "headline": workload.headline,
        "calibration": workload.calibration,
        "latency_of": workload.latency,
        "bounds": dict(workload.bounds(cell.params, cell.concurrency)) if workload.bounds else {},
    }
