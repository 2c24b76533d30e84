"""A gate run: two sides, the cells that both have, the walk, the verdicts."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from when_async.results.gate.acceptance import Acceptance
from when_async.results.gate.assembly import Control
from when_async.results.gate.deciding import CellTest, Terms
from when_async.results.gate.report import GateReport
from when_async.results.journal import Journal
from when_async.results.stats.sequential import DEFAULT

from ...gate import code
from ...gate.config import GateConfig
from ...gate.controls import ControlCell, inject_all, injected, unchanged
from ...gate.inventory import sized_for
from ...gate.matching import Entries, InventoryFailed, Matched, absolute, match
from ...gate.pairs import PairedCell, PairFailed, Pairs
from ...gate.progress import GateProgress
from ...gate.sharing import sharing
from ...gate.walk import Broken, Walk
from ...machine.fingerprint import fingerprint
from ...machine.host import Host, make_host
from ...model import to_json
from ...processes.service import ServiceFailed
from ...quantity import name_of
from ...registry import choose
from ...selection import Reader, Selection, catalogue, select
from .reporting import command_line, noise_word, report_of
from .sides import Sides
from .state import PROFILE, GateState, Request

NO_CONTROLS = "the controls were left out: they tell whether silence and close alarms can be relied on; this is plain"


def chosen(request: Request, read: Reader | None = None) -> Selection:
    """What the working copy has of the workloads and runners asked for; a name that only base has is no error here."""
    config = request.config
    files = [spec for spec in absolute(config.workloads) if not _is_file(spec) or Path(_path(spec)).is_file()]
    known = catalogue(files, config.runners, read)
    there = [spec for spec in files if _is_file(spec) or _path(spec) in known.workloads]
    if config.workloads and not there:
        return Selection((), {})
    return select(known, there or sized_for(PROFILE, known.workloads), config.runners, PROFILE)


def refuse_unknown(request: Request, inventories: tuple[Entries, Entries]) -> None:
    """Raise RegistryError for a workload that neither side has, which is a slip of the pen and no finding."""
    has = {entry["workload"] for entries in inventories for entry in entries.values()}
    for spec in request.config.workloads:
        if not _is_file(spec) and _path(spec) not in has:
            choose(_path(spec), sorted(has | set(catalogue().workloads)), "workload")


def _path(spec: str) -> str:
    return name_of(spec)


def _is_file(spec: str) -> bool:
    return _path(spec).endswith(".py")


def run_gate(
    request: Request,
    sides: Sides,
    accepted: Mapping[tuple[str, str], Acceptance],
    folder: Path,
    say: Callable[[str], None],
    *,
    make_pairs: Callable[[Host], Pairs] = Pairs,
) -> GateReport:
    """Measure and judge; what was measured is in `folder` the moment it is there, and Ctrl-C keeps it."""
    began, started = time.monotonic(), datetime.now(UTC)
    # Asked first: a file that does not import in head is a broken benchmark (3), not a wrong word (2).
    config = request.config
    try:
        inventories = sides.inventories(config.workloads, config.runners, PROFILE)
    except InventoryFailed as error:
        code.explain(error.side, str(error), code.Trees(sides.project, sides.sources))
        raise
    refuse_unknown(request, inventories)
    matched = match(chosen(request, sides.read), sides.environments, inventories, sides.reroot)
    matched = matched.without_base(request.new)
    state = GateState(notes=[*sides.notes, *request.notes, *_skipped(matched)])
    journal = Journal.create(folder / "pairs.jsonl", _head(request, sides, started))
    with make_host() as host, closing(journal), closing(make_pairs(host)) as pairs:
        matched = _look(matched, sides, pairs)
        mark = host.noise.mark()
        try:
            _check_new(matched, state, pairs, journal)
            _measure(request, matched, accepted, state, pairs, journal, say, began)
        except KeyboardInterrupt:
            state.interrupted = True
        seconds = time.monotonic() - began
        noise = noise_word(host.noise.since(mark), seconds)
    return report_of(request, sides, matched, state, accepted, started, seconds, noise)


def _look(matched: Matched, sides: Sides, pairs: Pairs) -> Matched:
    """See that each side runs its own code, and has all of it, and which threads share a core.

    Raises what `code.check` does.
    """
    with contextlib.suppress(ServiceFailed):
        if any(environment.side for environment in sides.environments):
            code.check(matched.paired_cells, pairs, code.Trees(sides.project, sides.sources))
        return replace(matched, paired_cells=sharing(matched.paired_cells, pairs))
    return matched


def _check_new(matched: Matched, state: GateState, pairs: Pairs, journal: Journal) -> None:
    """Run what only head has, so that a benchmark that cannot work is found on the day it comes."""
    for paired in matched.alone:
        try:
            samples = pairs.alone(paired)
        except (PairFailed, ServiceFailed) as error:
            state.checked[paired.cell] = str(error)
        else:
            state.checked[paired.cell] = ""
            rounds_s = [sample.makespan_s for sample in samples]
            journal.append({"kind": "new", "key": paired.cell, "rounds_s": rounds_s, "digest": samples[0].digest})


def _measure(
    request: Request,
    matched: Matched,
    accepted: Mapping[tuple[str, str], Acceptance],
    state: GateState,
    pairs: Pairs,
    journal: Journal,
    say: Callable[[str], None],
    began: float,
) -> None:
    config = request.config
    paired_cells = {paired.cell: paired for paired in matched.paired_cells}
    if request.inject:
        paired_cells, failed = inject_all(paired_cells, request.inject, pairs, say)
        state.broken.update(failed)
        state.cell_tests.update({cell: _cell_test(cell, config, {}, False) for cell in failed})
    state.cell_tests.update({cell: _cell_test(cell, config, accepted, request.thorough) for cell in paired_cells})
    asks = {key: cell_test for key, cell_test in state.cell_tests.items() if key in paired_cells}

    def controls() -> dict[str, PairedCell]:
        return _joining(request, matched.paired_cells, pairs, state, asks)

    left_s = config.budget_s - (time.monotonic() - began)
    with GateProgress(asks, config.budget_s, sys.stderr, began=began) as progress:
        walk = Walk(
            paired_cells, asks, pairs, request.seed, left_s,
            on_step=progress.step, more=controls, joins=DEFAULT.first_look,
        )  # fmt: skip
        try:
            for event in walk.events():
                if isinstance(event, Broken):
                    state.broken[event.key] = event.reason
                    journal.append({"kind": "broken", "key": event.key, "reason": event.reason})
                    progress.say(f"BROKEN {event.key}: {event.reason}")
                else:
                    journal.append({"key": event[0], **to_json("pair", event[1])})
        except KeyboardInterrupt:
            state.late = [key for key, cell_test in asks.items() if cell_test.wants() is not None]
            raise
        state.late = sorted(walk.late)
        state.controls_missed = request.controls and bool(paired_cells) and not walk.joined


def _joining(
    request: Request, paired_cells: Sequence[PairedCell], pairs: Pairs, state: GateState, asks: dict[str, CellTest]
) -> dict[str, PairedCell]:
    """The controls, which are chosen, and the injected one sized, only after the first look at the cells."""
    if request.controls and _settled(list(asks.values())):
        state.settled = True
        state.notes.append(NO_CONTROLS)
        return {}
    controls = _controls(request, paired_cells, pairs)
    for control in controls:
        cell_test = _cell_test(control.key, request.config, {}, not control.injected, control.paired.cell)
        state.controls.append(Control(cell_test, control.paired.cell, control.injected))
        asks[control.key] = cell_test
    return {control.key: control.paired for control in controls}


def _settled(cell_tests: Sequence[CellTest]) -> bool:
    """Whether all is decided, and what became slower is so plainly that no control could make it doubtful."""
    if any(cell_test.wants() is not None for cell_test in cell_tests):
        return False
    slower = [cell_test for cell_test in cell_tests if cell_test.regressed()]
    return bool(slower) and all(cell_test.plainly_regressed() for cell_test in slower)


def _cell_test(
    key: str, config: GateConfig, accepted: Mapping[tuple[str, str], Acceptance], thorough: bool, cell: str = ""
) -> CellTest:
    """The test of a cell whose margins allow for what was accepted."""
    margin = config.margin_of(cell or key)
    margins = {
        metric: (1 + margin) * (1 + (accepted[key, metric].slowdown if (key, metric) in accepted else 0.0)) - 1
        for metric in config.metrics
    }
    return CellTest(key, Terms(margins, thorough))


def _controls(request: Request, paired_cells: Sequence[PairedCell], pairs: Pairs) -> list[ControlCell]:
    if not request.controls or not paired_cells:
        return []
    known = unchanged(paired_cells)
    blind = injected(paired_cells, request.config.margin_of, pairs)
    return [*known, blind] if blind else known


def _skipped(matched: Matched) -> list[str]:
    """One sentence for each reason why cells run on neither side."""
    reasons: dict[str, list[str]] = {}
    for each in matched.unmatched:
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
