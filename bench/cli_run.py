"""The front door's measuring half: make a plan, walk it, write the run file; also part of `bench.cli`."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import git
from bench.cli_claims import behaviours, chosen, look, selection_for
from bench.cli_cluster import on_cluster, refusal
from bench.environment import Missing, default
from bench.experiment import Done, Experiment, ServiceRecord
from bench.host import Host, make_host
from bench.interpreters import run_command
from bench.machine import fingerprint
from bench.model import Cell, Environment, Measurement, Sample, Status, Trial, Workload, to_json
from bench.overhead import POINTS, OverheadProbe
from bench.plan import FOR_CLAIMS, PROFILES, Plan, Settings, build
from bench.progress import Progress
from bench.registry import RegistryError
from bench.selection import (
    ALL,
    Catalogue,
    Selection,
    catalogue,
    environments_for,
    from_record,
    select,
    to_record,
)
from bench.timeline import NotRecorded, record, wanted
from results.journal import Journal, RunFileError, read

RUNS = Path("results/runs")


def tell(text: str) -> None:
    """A line for the person who waits."""
    print(text, file=sys.stderr, flush=True)


class Interrupted(Exception):
    """Ctrl-C or a polite kill; the text says what was kept and how to go on."""


@dataclass
class Started:
    """A run that is ready to be walked."""

    path: Path
    journal: Journal
    plan: Plan
    done: Done
    drawn: frozenset[str] = frozenset()
    """Cells whose timeline the file has already."""
    looks: Iterable[dict[str, Any]] = ()
    """Records of the behaviours that claims ask about; each is made when it is asked for."""


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The profile with what the command line changes of it."""
    settings = FOR_CLAIMS if options["profile"] == FOR_CLAIMS.profile else PROFILES[options["profile"]]
    changed = {name: options[name] for name in ("forks", "rounds") if options[name] is not None}
    return replace(settings, seed=options["seed"], pin=not options["no_pin"], timeout_s=options["timeout_s"], **changed)


def start_fresh(options: Mapping[str, Any], argv: Sequence[str]) -> Started:
    """Plan a new run and write the head of its file."""
    known = catalogue(options["workloads"], options["runners"])
    settings = settings_of(options)
    asked = chosen(options.get("claims") or ())
    if asked:
        selection = selection_for(asked, known)
    else:
        selection = select(known, options["workloads"], options["runners"], settings.profile)
    if options.get("dask_scheduler") and not on_cluster(selection):
        raise RegistryError("--dask-scheduler is for runners on Dask, and none was asked for; add -r dask")
    modules = known.modules(options["runners"] or list(selection.runners))
    modules = sorted({*modules, *(module for claim in behaviours(asked) for module in claim.requires)})
    environments = environments_for(modules, options["pythons"], tell, options["pins"])
    plan = build(selection.points, selection.runners, environments, settings, selection.only)
    now = datetime.now(UTC)
    run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    path = options["output"] or RUNS / f"{run}.jsonl"
    head = header(run, now, plan, selection, environments, argv)
    wanted = {"asked_pythons": list(options["pythons"]), "asked_pins": list(options["pins"]), "asked_modules": modules}
    if asked:
        wanted["asked_claims"] = [claim.name for claim in asked]
    journal = Journal.create(path, {**head, **wanted, "asked_cluster": on_cluster(selection)})
    write_cells(journal, plan, selection)
    return Started(path, journal, plan, Done(), looks=look(behaviours(asked), environments, say=tell))


def write_cells(journal: Journal, plan: Plan, selection: Selection, there: Collection[str] = ()) -> None:
    """One line for each cell that is not in the file yet; an interruption can come between two of them."""
    for comparison in plan.comparisons:
        cells = [contestant.cell for contestant in comparison.contestants] + [cell for cell, _ in comparison.refused]
        for cell in cells:
            if cell.id not in there:
                journal.append(cell_record(cell, comparison.workload, selection.runners[cell.runner].value.serial))


def header(
    run: str,
    now: datetime,
    plan: Plan,
    selection: Selection,
    environments: Sequence[Environment | Missing],
    argv: Sequence[str],
) -> dict[str, Any]:
    """The first line of a run file: what was asked for, of which machine and which interpreters."""
    from importlib.metadata import version

    return {
        "tool_version": version("when-async"),
        "run": run,
        "started": now.isoformat(timespec="seconds"),
        "commit": working_commit(),
        **asdict(plan.settings),
        "command": shlex.join(["when-async", *argv]),
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
    del record["path"]
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


def start_resumed(path: Path) -> Started:
    """Read an interrupted run and plan what it still lacks; raises RunFileError when it cannot be gone on with."""
    journal = Journal.resume(path)
    if journal.repaired:
        tell(f"note: {journal.repaired}")
    stored = read(path)
    head = stored.header
    if "compares" in head:
        raise RunFileError(f"{path} is of a compare, which cannot be gone on with; give the same compare again")
    settings = Settings(**{name: head[name] for name in Settings.__dataclass_fields__ if name in head})
    selection = from_record(head["selection"])
    known = Catalogue({found.value.name: found for found, _ in selection.points}, selection.runners)
    modules = head.get("asked_modules") or known.modules([ALL])
    environments = environments_for(modules, head["asked_pythons"], tell, head.get("asked_pins", ()))
    check_machine(fingerprint(), head["machine"], path)
    refused = refusal(selection, head, path)
    if refused:
        raise RunFileError(refused)
    for environment in environments:
        check_same(environment, head, path)
    plan = build(selection.points, selection.runners, environments, settings, selection.only)
    done = Done(attempt=1 + sum(1 for record in stored.records if record["kind"] == "resumed"))
    for sample in stored.samples():
        done.keep(sample)
    done.decided = {cell: measurement.status for cell, measurement in stored.measurements().items()}
    for service in stored.of_kind("service"):
        done.capacities[service["comparison"]] = service["capacity_per_s"]
    journal.append({"kind": "resumed", "at": datetime.now(UTC).isoformat(timespec="seconds"), "attempt": done.attempt})
    write_cells(journal, plan, selection, {cell["id"] for cell in stored.cells()})
    drawn = frozenset(timeline["cell"] for timeline in stored.of_kind("timeline"))
    seen = {(record["claim"], record["python"]) for record in stored.of_kind("behaviour")}
    looks = look(behaviours(chosen(head.get("asked_claims", ()))), environments, seen, say=tell)
    return Started(path, journal, plan, done, drawn, looks)


SAME_MACHINE = ("node_id", "system", "cpu", "cores")
"""What must not have changed when a run is gone on with."""


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


def execute(started: Started) -> None:
    """Walk the plan and append every event at once; raises Interrupted after Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    host = make_host()
    journal = started.journal
    try:
        with Progress(started.plan, sys.stderr, live=sys.stderr.isatty()) as progress:
            progress.forget(started.done)
            for record in started.looks:
                journal.append(record)
            walk = Experiment(started.plan, host, started.done, progress.step).events()
            try:
                for event in walk:
                    journal.append(record_of(event))
                    if isinstance(event, Measurement) and event.status in ("FAILED", "TIMEOUT"):
                        progress.drop(event.cell)
                        progress.say(f"{event.status} {event.cell}: {event.reason}")
            finally:
                walk.close()  # type: ignore[attr-defined]
            write_timelines(started, host, progress.say)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; what was measured is kept. Go on with: when-async run --resume {started.path}"
        ) from None
    finally:
        causes, wall_s = host.account.closed()
        with contextlib.suppress(RunFileError):
            journal.append({"kind": "account", "causes": causes, "wall_s": wall_s})
        journal.close()
        host.reaper.close()


def write_timelines(started: Started, host: Host, say: Callable[[str], None]) -> None:
    """Write down single rounds of workloads whose order of events matters, when all that is timed is over.

    A smoke run has no page to show them on. What cannot be recorded is said and costs nothing else.
    """
    if started.plan.settings.profile == "smoke":
        return
    for comparison, index in wanted(started.plan):
        cell = comparison.contestants[index].cell.id
        if cell in started.drawn or started.done.decided.get(cell, Status.OK) != Status.OK:
            continue
        try:
            seen = record(host, started.plan.settings, comparison, index)
        except NotRecorded as error:
            say(f"no timeline of {cell}: {error}")
            continue
        started.journal.append(to_json("timeline", seen))


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def record_of(event: Sample | Trial | Measurement | ServiceRecord) -> dict[str, Any]:
    """One event as a line of the run file."""
    kinds = {Sample: "sample", Trial: "trial", Measurement: "measurement", ServiceRecord: "service"}
    return to_json(kinds[type(event)], event)


def measure_overhead(runner_specs: Sequence[str], forks: int, pairs: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of `when-async overhead`, and what went wrong."""
    # Brings SciPy, which takes seconds to import and which a run has no use for.
    from results.stats.estimate import log_interval

    known = catalogue([], runner_specs)
    selection = select(known, ["empty"], runner_specs, "quick")
    environment = default(known.modules(runner_specs))
    host = make_host()
    rows, broken = [], []
    try:
        for name, found in selection.runners.items():
            for point in POINTS:
                probe = OverheadProbe(host, environment, known.workloads["empty"], found, point)
                try:
                    taken = probe.measure(forks, pairs)
                except probe.ERRORS as error:
                    broken.append(f"overhead of {name}: {error}")
                    continue
                ratio = log_interval([fork.ratio for fork in taken], "x")
                assert ratio is not None
                rows.append(
                    {
                        "runner": name,
                        "op_s": point.params["spin_s"],
                        "ops": point.params["n"],
                        "by_hand_s": _middle([fork.by_hand_s for fork in taken]),
                        "instrument_s": _middle([fork.instrument_s for fork in taken]),
                        "ratio": ratio.point,
                        "low": ratio.low,
                        "high": ratio.high,
                    }
                )
    finally:
        host.reaper.close()
    return rows, broken


def _middle(values: Sequence[float]) -> float:
    from statistics import median

    return median(values)
