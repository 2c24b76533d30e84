"""The front door's gate: two sides, their duels, the walk, the verdicts; also part of `bench.cli`."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from when_async.results.cells.noise import spoken
from when_async.results.gate.acceptance import Acceptance
from when_async.results.gate.assembly import Control, believed, canaries, cell_results, wall_series
from when_async.results.gate.deciding import FIRST, Docket, Terms
from when_async.results.gate.flips import flips
from when_async.results.gate.operating import operating
from when_async.results.gate.report import CellResult, GateReport, Word
from when_async.results.journal import Journal

from ..gate.config import GateConfig
from ..gate.controls import ControlDuel, inject_all, injected, unchanged
from ..gate.inventory import sized_for
from ..gate.matching import Entries, Matched, absolute, match
from ..gate.pairs import Duel, Pairs
from ..gate.progress import GateProgress
from ..gate.walk import Broken, Walk
from ..machine.fingerprint import fingerprint
from ..machine.host import Host, make_host
from ..model import to_json
from ..registry import choose
from ..selection import Selection, catalogue, select
from . import folders
from .gate_sides import Sides

PROFILE = "gate"


@dataclass
class Request:
    """What a gate run is asked for, config and command line together."""

    config: GateConfig
    seed: int = 20260
    thorough: bool = False
    controls: bool = True
    inject: float = 0.0
    profile: str = PROFILE
    argv: Sequence[str] = ()


@dataclass
class Trialled:
    """A gate run in progress: everything that the report is made of."""

    dockets: dict[str, Docket] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False


def chosen(request: Request) -> Selection:
    """What the working copy has of the workloads and runners asked for; a name that only base has is no error here."""
    config = request.config
    files = [spec for spec in absolute(config.workloads) if not _is_file(spec) or Path(_path(spec)).is_file()]
    known = catalogue(files, config.runners)
    there = [spec for spec in files if _is_file(spec) or _path(spec) in known.workloads]
    if config.workloads and not there:
        return Selection((), {})
    return select(known, there or sized_for(request.profile, known.workloads), config.runners, request.profile)


def refuse_unknown(request: Request, inventories: tuple[Entries, Entries]) -> None:
    """Raise RegistryError for a workload that neither side has, which is a slip of the pen and no finding."""
    has = {entry["workload"] for entries in inventories for entry in entries.values()}
    for spec in request.config.workloads:
        if not _is_file(spec) and _path(spec) not in has:
            choose(_path(spec), sorted(has | set(catalogue().workloads)), "workload")


def _path(spec: str) -> str:
    return spec.partition("[")[0]


def _is_file(spec: str) -> bool:
    return _path(spec).endswith(".py")


def run_gate(
    request: Request,
    sides: Sides,
    accepted: Mapping[tuple[str, str], Acceptance],
    folder: Path,
    say: Callable[[str], None],
    *,
    host: Host | None = None,
    make_pairs: Callable[[Host], Pairs] = Pairs,
) -> GateReport:
    """Measure and judge; what was measured is in `folder` the moment it is there, and Ctrl-C keeps it."""
    began, started = time.monotonic(), datetime.now(UTC)
    # Asked first: a file that does not import in head is a broken benchmark (3), not a wrong word (2).
    inventories = _inventories(sides, request)
    refuse_unknown(request, inventories)
    matched = match(chosen(request), sides.environments, inventories, sides.reroot)
    state = Trialled(notes=[*sides.notes, *_skipped(matched)])
    journal = Journal.create(folder / "pairs.jsonl", _head(request, sides, started))
    host = host or make_host()
    pairs = make_pairs(host)
    mark = host.noise.mark()
    try:
        _fight(request, matched, accepted, state, pairs, journal, say, began)
    except KeyboardInterrupt:
        state.interrupted = True
    finally:
        pairs.close()
        journal.close()
        host.reaper.close()
    seconds = time.monotonic() - began
    noise = noise_word(host.noise.since(mark), seconds)
    return _report(request, sides, matched, state, accepted, started, seconds, noise)


def _inventories(sides: Sides, request: Request) -> tuple[Entries, Entries]:
    return sides.inventories(request.config.workloads, request.config.runners, request.profile)


def _fight(
    request: Request,
    matched: Matched,
    accepted: Mapping[tuple[str, str], Acceptance],
    state: Trialled,
    pairs: Pairs,
    journal: Journal,
    say: Callable[[str], None],
    began: float,
) -> None:
    config = request.config
    duels = {duel.cell: duel for duel in matched.duels}
    if request.inject:
        duels, failed = inject_all(duels, request.inject, pairs, say)
        state.broken.update(failed)
        state.dockets.update({cell: _docket(cell, config, {}, False) for cell in failed})
    state.dockets.update({cell: _docket(cell, config, accepted, request.thorough) for cell in duels})
    fought = dict(duels)
    for control in _controls(request, matched.duels, pairs):
        docket = _docket(control.key, config, {}, not control.injected, control.duel.cell)
        state.controls.append(Control(docket, control.duel.cell, control.injected))
        fought[control.key] = control.duel
    asks = {**state.dockets, **{control.docket.cell: control.docket for control in state.controls}}
    left_s = config.budget_s - (time.monotonic() - began)
    with GateProgress(asks, config.budget_s, sys.stderr, began=began) as progress:
        walk = Walk(fought, asks, pairs, request.seed, left_s, on_step=progress.step)
        try:
            for event in walk.events():
                if isinstance(event, Broken):
                    state.broken[event.key] = event.reason
                    journal.append({"kind": "broken", "key": event.key, "reason": event.reason})
                    progress.say(f"BROKEN {event.key}: {event.reason}")
                else:
                    journal.append({"key": event[0], **to_json("pair", event[1])})
        except KeyboardInterrupt:
            state.late = [key for key, docket in asks.items() if docket.wants() is not None]
            raise
        state.late = sorted(walk.late)


def _docket(
    key: str, config: GateConfig, accepted: Mapping[tuple[str, str], Acceptance], thorough: bool, cell: str = ""
) -> Docket:
    """A docket whose margins allow for what was accepted."""
    margin = config.margin_of(cell or key)
    margins = {
        metric: (1 + margin) * (1 + (accepted[key, metric].slowdown if (key, metric) in accepted else 0.0)) - 1
        for metric in config.metrics
    }
    return Docket(key, Terms(margins, thorough))


def _controls(request: Request, duels: Sequence[Duel], pairs: Pairs) -> list[ControlDuel]:
    if not request.controls or not duels:
        return []
    known = unchanged(duels)
    blind = injected(duels, request.config.margin_of, pairs)
    return [*known, blind] if blind else known


def _skipped(matched: Matched) -> list[str]:
    """One sentence for each reason why cells run on neither side."""
    reasons: dict[str, list[str]] = {}
    for each in matched.unfought:
        if each.word == "SKIPPED":
            reasons.setdefault(each.reason, []).append(each.cell)
    return [
        f"skipped {cells[0]}{f' and {len(cells) - 1} more' if len(cells) > 1 else ''}: {reason}"
        for reason, cells in reasons.items()
    ]


def _head(request: Request, sides: Sides, started: datetime) -> dict[str, Any]:
    """First line of the file of pairs."""
    return {
        "kind": "gate",
        "started": started.isoformat(timespec="seconds"),
        "seed": request.seed,
        "margin": request.config.margin,
        "margins": dict(request.config.margins),
        "metrics": list(request.config.metrics),
        "command": command_line(request.argv),
        "machine": fingerprint(),
        "base": asdict(sides.base),
        "head": asdict(sides.head),
    }


def command_line(argv: Sequence[str]) -> str:
    return shlex.join(["when-async", *argv])


def _report(
    request: Request,
    sides: Sides,
    matched: Matched,
    state: Trialled,
    accepted: Mapping[tuple[str, str], Acceptance],
    started: datetime,
    seconds: float,
    noise: str,
) -> GateReport:
    controls = canaries(state.controls, state.broken, state.late)
    results = believed(cell_results(state.dockets, state.broken, state.late), controls)
    unfought, told = _unfought(matched, accepted)
    series = wall_series(state.dockets, state.controls)
    decided = max(1, len(state.dockets))
    spent = sum(result.seconds for result in results) / decided
    contestants = {duel.cell: (duel.comparison.id, duel.base.cell.contestant) for duel in matched.duels}
    return GateReport(
        base=sides.base,
        head=sides.head,
        started=started.isoformat(timespec="seconds"),
        command=command_line(request.argv),
        margin=request.config.margin,
        budget_s=request.config.budget_s,
        seconds=seconds,
        seed=request.seed,
        machine=fingerprint(),
        noise=noise,
        cells=(*results, *unfought),
        canaries=controls,
        flips=flips(contestants, {key: docket.pairs[FIRST] for key, docket in state.dockets.items()},
                    request.config.margin),
        operating=operating(series, margin=request.config.margin, comparisons=decided,
                            seconds_per_decision=spent, seed=request.seed),
        notes=(*_injected(request), *state.notes, *_calibrated(), *_allowed(state.dockets, accepted), *told),
        interrupted=state.interrupted,
        fail_inconclusive=request.config.fail_inconclusive,
        injected=request.inject,
    )  # fmt: skip


def _injected(request: Request) -> list[str]:
    if not request.inject:
        return []
    return [f"{100 * request.inject:g} % of extra work was put into each op of head on purpose (--inject)"]


def _calibrated() -> list[str]:
    """What `when-async calibrate` found amiss with this machine, or that it was never asked."""
    from when_async.reports.calibration.findings import findings
    from when_async.results.calibration import for_runs

    here = fingerprint()
    known, ignored = for_runs([{"machine": here}], [folders.runs()])
    calibration = known.get(str(here.get("node_id", "")))
    if calibration is None:
        return [*ignored, "this machine was not calibrated; `when-async calibrate` measures its clocks and noise"]
    day = f"{calibration.date:%Y-%m-%d}"
    return [*ignored, *(f"calibrated on {day}: {one.said}" for one in findings(calibration) if one.todo)]


def _allowed(cells: Collection[str], accepted: Mapping[tuple[str, str], Acceptance]) -> list[str]:
    """One sentence for each slow-down that was accepted and widens a margin of this run, which the reader must know."""
    return [
        f"{one.cell}: {one.metric} up to {100 * one.slowdown:.1f} % slower was accepted on {one.date}: {one.reason}"
        for one in accepted.values()
        if one.metric and one.cell in cells
    ]


def _unfought(matched: Matched, accepted: Mapping[tuple[str, str], Acceptance]) -> tuple[list[CellResult], list[str]]:
    """Cells that base and head could not both run; those whose loss was accepted are only told."""
    results, told = [], []
    for each in matched.unfought:
        if each.word == "SKIPPED":
            continue
        known = accepted.get((each.cell, ""))
        if known and each.word in (Word.MISSING, Word.RENAMED):
            told.append(f"{each.cell} is {each.word.lower()}, which was accepted on {known.date}: {known.reason}")
            continue
        results.append(CellResult(each.cell, Word(each.word), each.reason))
    return results, told


def noise_word(since: Mapping[str, float], seconds: float) -> str:
    """`quiet`, `disturbed: 12 % steal` or `not recorded`, for the time of the gate."""
    steal, pressure = (since[name] / seconds if name in since else None for name in ("steal_s", "pressure_s"))
    return spoken(steal, pressure)
