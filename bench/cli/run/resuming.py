"""An interrupted run: read what it has, refuse what is no longer the same, plan what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from when_async.results.journal import Journal
from when_async.results.runfile import RunFileError, read

from ...environments.provision import Missing
from ...machine.fingerprint import fingerprint
from ...model import Environment
from ...plan import Settings, build
from ...recorded import from_record
from ...selection import ALL, Catalogue, environments_for
from ...walk.experiment import Done
from ..shared import tell
from .claimed import behaviours, chosen, look, prepared
from .cluster import refusal
from .starting import Started, write_cells

SAME_MACHINE = ("node_id", "system", "cpu", "cores")
"""What must not have changed when a run is gone on with."""


def start_resumed(path: Path) -> Started:
    """Read an interrupted run and plan what it still lacks; raises RunFileError when it cannot be gone on with."""
    journal = Journal.resume(path)
    try:
        return _continued(path, journal)
    except BaseException:
        journal.close()
        raise


def _continued(path: Path, journal: Journal) -> Started:
    """See that all is as it was, then go on where the file ends."""
    stored = read(path)
    head: Mapping[str, Any] = stored.header
    for name, what in (("compares", "compare"), ("tried", "try")):
        if name in head:
            raise RunFileError(f"{path} is of a {what}, which cannot be gone on with; give the same {what} again")
    settings = Settings(**{name: head[name] for name in Settings.__dataclass_fields__ if name in head})
    where = None
    if head.get("asked_own"):
        from ..own.where import Where

        where = Where(head["asked_pythons"], head.get("asked_pins", ()), files=True)
    selection = from_record(head["selection"], where.read if where else None)
    known = Catalogue({found.value.name: found for found, _ in selection.points}, selection.runners)
    modules = head.get("asked_modules") or known.modules([ALL])
    environments = (
        where.environments(modules)
        if where
        else environments_for(modules, head["asked_pythons"], tell, head.get("asked_pins", ()))
    )
    check_machine(fingerprint(), head["machine"], path)
    refused = refusal(selection, head, path)
    if refused:
        raise RunFileError(refused)
    for environment in environments:
        check_same(environment, head, path)
    asked = chosen(head.get("asked_claims", ()))
    plan = prepared(build(selection.points, selection.runners, environments, settings, selection.only), asked)
    done = Done(attempt=1 + sum(1 for record in stored.records if record["kind"] == "resumed"))
    for sample in stored.samples():
        done.keep(sample)
    for trial in stored.of_kind("trial"):
        done.hear(trial["cell"], trial.get("facts", {}))
    done.decided = {cell: measurement.status for cell, measurement in stored.measurements().items()}
    for service in stored.of_kind("service"):
        done.capacities[service["comparison"]] = service["capacity_per_s"]
    if mended := journal.mend():
        tell(f"note: {mended}")
    journal.append({"kind": "resumed", "at": datetime.now(UTC).isoformat(timespec="seconds"), "attempt": done.attempt})
    write_cells(journal, plan, selection, {cell["id"] for cell in stored.cells()})
    seen = {(record["claim"], record["python"]) for record in stored.of_kind("behaviour")}
    looks = look(behaviours(asked), environments, seen, say=tell)
    return Started(path, journal, plan, done, selection, looks, asked, head, stored.values)


def check_machine(now: Mapping[str, Any], was: Mapping[str, Any], path: Path) -> None:
    """Refuse to go on with a run on another machine than it began on."""
    for name in SAME_MACHINE:
        if was.get(name) != now.get(name):
            raise RunFileError(f"{path} was measured on another machine ({name} differs); start a new run here")


def check_same(environment: Environment | Missing, head: Mapping[str, Any], path: Path) -> None:
    """Refuse to go on with another interpreter or other libraries than the run began with."""
    stored = {entry["label"]: entry for entry in head["environments"]}.get(environment.label)
    if isinstance(environment, Missing):
        if stored is not None:
            raise RunFileError(
                f"{path} was measured with Python {environment.label}, which is gone: {environment.reason}"
            )
        return
    if stored is None:
        raise RunFileError(f"{path} was not measured with Python {environment.label}; start a new run")
    for what, was, now in (
        ("Python", stored["version"], environment.version),
        ("pins", " ".join(stored.get("pins", ())) or "none", " ".join(environment.pins) or "none"),
        ("source", stored.get("source") or "own", environment.source or "own"),
        *((name, stored["modules"].get(name), version) for name, version in environment.modules.items()),
    ):
        if was != now:
            raise RunFileError(f"{path} was measured with {what} {was}, here is {now}; start a new run")
