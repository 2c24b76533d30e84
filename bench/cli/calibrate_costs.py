"""What one more in flight costs each runner, as `when-async calibrate` measures and keeps it; part of `bench.cli`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..calibration.contestants import SERIAL, Contestant, Stand, contestants
from ..calibration.costs import FULL, QUICK, CostEffort, CostFindings, interrupted, walk_costs
from ..calibration.walk import Step
from ..machine.host import Host
from ..model import Environment, Runner
from ..registry import Found

UNITS = {"launch": "s", "startup": "s", "op": "s", "memory": "bytes"}
# A slope may be 0 or, by chance, below it; the others multiply.
SCALES = {"launch": "log", "startup": "log", "op": "log", "memory": "linear"}


def chosen(specs: Sequence[str]) -> list[Found]:
    """The runners that were asked for, the core if none was; raises RegistryError."""
    from ..selection import CORE, catalogue, runners_of

    known = catalogue((), specs)
    found = [one for spec in specs or [CORE] for one in runners_of(spec, known.runners)]
    return list({one.value.name: one for one in found}.values())


def measure_costs(
    host: Host,
    environment: Environment,
    runners: Sequence[Found],
    *,
    quick: bool,
    on_step: Callable[[Step], None],
    effort: CostEffort | None = None,
) -> dict[str, Any]:
    """The `costs` of a calibration file; Ctrl-C ends it early and loses nothing."""
    effort = effort or (QUICK if quick else FULL)
    start, now = time.monotonic(), datetime.now(UTC)
    able, refused = contestants(runners, environment)
    found = CostFindings()
    try:
        walk_costs(Stand(host, environment.executable), able, effort, found, on_step)
    except KeyboardInterrupt:
        interrupted(found, able)
    return {
        "date": now.isoformat(timespec="seconds"),
        "python": f"{environment.implementation} {environment.version}" + ("" if environment.gil else " without GIL"),
        "quick": quick,
        "processes": effort.passes,
        "seconds": round(time.monotonic() - start, 1),
        "interrupted": found.interrupted,
        "runners": [
            runner_record(one.value, found, {each.name: each for each in able}, refused, environment)
            for one in runners
        ],
        "failures": found.failures,
    }


def runner_record(
    runner: Runner,
    found: CostFindings,
    able: Mapping[str, Contestant],
    refused: Mapping[str, str],
    environment: Environment,
) -> dict[str, Any]:
    """All that is known of one runner."""
    quantities = [
        {"figure": figure, "in_flight": in_flight, "unit": UNITS[figure], "scale": SCALES[figure], "values": values}
        for (name, figure, in_flight), values in found.values.items()
        if name == runner.name
    ]
    versions = {module: environment.modules.get(module) for module in runner.requires}
    return {
        "name": runner.name,
        "family": runner.family,
        "versions": {module: version for module, version in versions.items() if version},
        "ladder": ladder_record(runner, found, refused),
        "quantities": quantities,
        "reasons": {what: reason for (name, what), reason in found.reasons.items() if name == runner.name},
    }


def ladder_record(runner: Runner, found: CostFindings, refused: Mapping[str, str]) -> dict[str, Any]:
    """How far it climbed and why no further."""
    ladder = found.ladders.get(runner.name)
    if ladder is None:
        cause, reason = ("refused", refused[runner.name]) if runner.name in refused else ("serial", SERIAL)
        return {"cause": cause, "reason": reason, "rungs": []}
    rungs = [
        {"in_flight": rung.in_flight, "seconds": round(rung.seconds, 3), "spread_s": round(rung.spread_s, 4),
         "peak_bytes": rung.peak_bytes}
        for rung in ladder.rungs
    ]  # fmt: skip
    return {"cause": ladder.stop.cause, "reason": ladder.stop.reason, "rungs": rungs}
