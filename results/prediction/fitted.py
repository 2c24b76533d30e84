"""The cells of a run that tell what a runner adds: bare waits, and ops that wait and compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from ..cells.summary import Row
from .clients import Client, clients
from .fitting import LEAST, SLEPT, SeenCell, fit
from .judged import Accuracy, HeldOut, accuracy, leave_out, spread
from .model import POOLS, SERIAL, Model
from .starting import starting
from .work import Work

MIXED, SLEEP, PAYLOAD = "mixed", "sleep", "grid_search"
MODELS = ("sync", "threading", "multiprocessing", "interpreters", "asyncio", "uvloop", "trio")
"""What can be recommended: variants differ from these in how ops are handed out."""


PROBE_S = 1.2e-6
"""What reading a clock leaves in the time between two readings: a call of it, from code that is not hot.

Chosen on the reference among 0, 1.2 and 2.4 us; a call in a tight loop takes 0.4 us.
"""


def computed_s(rows: Iterable[Row]) -> dict[str, float]:
    """By comparison the CPU time that an op of `mixed` really took, as most contestants measured it.

    An op that waits is measured in two pieces, one that does not in one.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.workload == MIXED and row.status == "OK" and "computed_s" in row.figures:
            pieces = 2 if float(row.params["wait_s"]) else 1
            seconds = row.figures["computed_s"].point - pieces * PROBE_S
            found.setdefault(row.comparison, []).append(max(0.0, seconds))
    return {place: median(values) for place, values in found.items()}


def seen(rows: Sequence[Row]) -> list[SeenCell]:
    """What the rows of one run and interpreter hold of bare waits and of ops that wait and compute."""
    real_s = computed_s(rows)
    found = []
    for row in rows:
        if row.workload not in (MIXED, SLEEP) or row.status != "OK" or row.makespan is None or row.runner not in MODELS:
            continue
        cpu_s = real_s.get(row.comparison, 0.0) if float(row.params.get("cpu_s", 0.0)) else 0.0
        work = Work(float(row.params["wait_s"]), cpu_s, int(row.params["n"]), row.concurrency)
        found.append(SeenCell(row.runner, row.family, row.comparison, work, row.makespan.point))
    return found


def byte_s(rows: Sequence[Row], runner: str, cores: int) -> float:
    """Seconds of CPU that a byte of a result costs, from a grid search with a payload and the same without; 0 if "
    "unknown."""
    own = [row for row in rows if row.workload == PAYLOAD and row.runner == runner and row.makespan is not None]
    bare = {(row.concurrency, row.params["unit_s"]): row for row in own if not row.params.get("payload_bytes")}
    loaded = [row for row in own if row.params.get("payload_bytes")]
    loaded.sort(key=lambda row: float(row.params["payload_bytes"]))
    for row in reversed(loaded):
        base = bare.get((row.concurrency, row.params["unit_s"]))
        if base is not None and base.makespan is not None and row.makespan is not None:
            per_op_s = row.makespan.point / int(row.params["n"]) - base.makespan.point / int(base.params["n"])
            return max(0.0, per_op_s * min(cores, row.concurrency) / float(row.params["payload_bytes"]))
    return 0.0


def _later_s(cells: Sequence[SeenCell], cores: int) -> float:
    """By how much waits end later than on the reference, by the plain loop: all others sleep by the same kernel."""
    return fit(cells, cores).costs.late_s - SLEPT.late_s if len(cells) >= LEAST else 0.0


@dataclass(frozen=True)
class Fitted:
    """What is known of the runners on one interpreter of one machine, and how good predictions from it were."""

    python: str
    gil: bool
    cores: int
    run: str
    models: tuple[Model, ...]
    accuracy: Accuracy
    trials: tuple[HeldOut, ...] = ()
    calibrated: str = ""
    """The day on which this machine was calibrated, where the costs are what was measured then."""
    judged: bool = False
    """Whether `accuracy` and the errors of the models are those before a judge."""
    clients: Mapping[str, Client] = field(default_factory=dict)
    """By runner the leanest client for HTTP."""
    left_out: tuple[str, ...] = ()
    """Runners of which no client is known, where ops are calls over HTTP."""
    uncalibrated: tuple[str, ...] = ()
    """Runners that were not measured when this machine was calibrated, and keep the costs of the recording."""


def fitted(rows: Sequence[Row], python: str, run: str, cores: int) -> Fitted | None:
    """Fit each model of one interpreter, and predict each of its cells from the others; None where cells are too "
    "few."""
    gil = next((row.gil for row in rows if row.gil is not None), True)
    by_runner: dict[str, list[SeenCell]] = {}
    for one in seen(rows):
        by_runner.setdefault(one.runner, []).append(one)
    found: list[Model] = []
    trials: list[HeldOut] = []
    later_s = _later_s(by_runner.get(SERIAL, []), cores)
    for runner, cells in by_runner.items():
        try:
            model = fit(cells, cores, gil, later_s=later_s)
        except ValueError:
            continue
        own = leave_out(cells, cores, model)
        low, high = spread(own)
        cost_s = byte_s(rows, runner, cores) if model.family in POOLS else 0.0
        start = starting(rows, runner, MIXED)
        model = replace(model, error_low=low, error_high=high, byte_s=cost_s)
        found.append(replace(model, start_s=start.once_s, start_place_s=start.place_s))
        trials += own
    if not found:
        return None
    return Fitted(
        python, gil, cores, run, tuple(found), accuracy(trials), tuple(trials), clients=clients(rows, MODELS)
    )  # fmt: skip


def over_http(known: Fitted) -> Fitted:
    """The models of an interpreter with a client each; those of which none was measured are left out.

    A process of a pool calls as a plain loop does, so it has that one's client where it has none of its own.
    """
    own = {one.runner: SERIAL if one.family in POOLS and one.runner not in known.clients else one.runner
           for one in known.models}  # fmt: skip
    have = {runner: known.clients[name] for runner, name in own.items() if name in known.clients}
    models = tuple(replace(one, call_s=have[one.runner].call_s) for one in known.models if one.runner in have)
    return replace(known, models=models, clients=have, left_out=tuple(name for name in own if name not in have))
