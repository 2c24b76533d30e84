"""What a calibration says of the machine in plain sentences, each with what to do about it where something is amiss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from when_async.results.calibration import ESTIMATORS, FREE, PAIRS, PINNED, Calibration
from when_async.results.cells.noise import STEAL_LIMIT

from .. import words

IDLE_PRESSURE_LIMIT = 0.05
"""Share of a second at rest in which some task may wait for a CPU; the probes themselves do not run then."""
LOAD_LIMIT = 0.25
"""Load per core over the last minute from which something else is taken to be running."""
SAME_SPEED = 0.05
"""Cores count as equally fast while no difference larger than this is beyond doubt."""
SPREAD_LIMIT = 0.03
"""The margin that the gate has by default; pairs that scatter more than it need many more of them."""

GOOD_CLOCKS = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "xen")


@dataclass(frozen=True)
class Finding:
    """One sentence on the machine; `todo` says what to do, and is empty where nothing is amiss."""

    subject: str
    said: str
    todo: str = ""

    @property
    def sign(self) -> str:
        return "▲" if self.todo else "●"

    @property
    def text(self) -> str:
        return f"{self.said} {self.todo}".strip()


def findings(calibration: Calibration) -> list[Finding]:
    """Everything there is to say, what needs something done about it first."""
    said = [Finding(f.subject, words.clean(f.said), words.clean(f.todo)) for rule in RULES for f in rule(calibration)]
    return sorted(said, key=lambda finding: not finding.todo)


def _noise_floor(calibration: Calibration) -> Iterator[Finding]:
    found = (calibration.figure(PAIRS, next(iter(ESTIMATORS)), column) for column in (PINNED, FREE))
    pinned, free = (one.estimate if one else None for one in found)
    if pinned is None and free is None:
        return
    parts = [
        f"{words.with_unit(one, '%')} where {where}"
        for one, where in ((pinned, "they share a pinned core"), (free, "they are free"))
        if one is not None
    ]
    said = f"The ratio of two equal processes scatters by {', by '.join(parts)} (standard deviation of one pair)."
    best = pinned or free
    todo = ""
    if best is not None and best.low > SPREAD_LIMIT:
        todo = "That is more than the usual margin of 3 %: end other work, or give the gate more pairs."
    elif best is not None and best.high > SPREAD_LIMIT:
        said += " So few pairs cannot tell whether that is below the usual margin of 3 %."
    elif pinned is not None and free is not None and pinned.high < free.low:
        said += " Pinning narrows it beyond doubt."
    yield Finding("noise floor", said, todo)


def _quota(calibration: Calibration) -> Iterator[Finding]:
    facts = calibration.surroundings
    cores, quota = _cores(facts), _number(facts, "quota_cores")
    if quota is None:
        yield Finding("CPU quota", "No control group limits the CPU time that we see.")
    elif cores and quota < cores:
        who = "rows that use several cores will be throttled" if quota >= 1 else "every row will be throttled"
        yield Finding(
            "CPU quota",
            f"The control group grants {words.digits(quota)} of {words.count(cores, 'core')}: {who}.",
            "Give the container whole cores (a CPU set, or a quota of as many cores as it sees).",
        )
    else:
        yield Finding("CPU quota", f"The control group grants {words.digits(quota)} cores, as many as can be used.")


@dataclass(frozen=True)
class Disturbance:
    """What took time from us, as a share of it: from `limit` on there is something `todo`."""

    subject: str
    seconds: str
    unknown: str
    said: str
    todo: str
    limit: float
    at_rest: bool = False
    """Looked at before the probes ran, and not while they did."""


DISTURBANCES = (
    Disturbance(
        "throttling", "throttled_s", "whether CPU time was withheld",
        "The control group withheld CPU time for {} of the time while the probes ran.",
        "Raise or remove its CPU limit; measured times hold these pauses.", 1e-12,
    ),
    Disturbance(
        "steal", "steal_s", "what a hypervisor gives to other guests",
        "The hypervisor gave {} of the time to other guests (steal) while the probes ran.",
        "Measure when the host is quieter, or on dedicated cores.", STEAL_LIMIT,
    ),
    Disturbance(
        "pressure", "pressure_s", "whether tasks wait for a CPU",
        "At rest, before the probes ran, some task waited for a CPU in {} of the time.",
        "Something else is running: end it before measuring.", IDLE_PRESSURE_LIMIT, at_rest=True,
    ),
)  # fmt: skip


def _disturbed(calibration: Calibration) -> Iterator[Finding]:
    for one in DISTURBANCES:
        share = _share(calibration.idle_noise if one.at_rest else calibration.busy_noise, one.seconds)
        if share is None:
            yield Finding(one.subject, f"The system does not tell {one.unknown}.")
        else:
            yield Finding(one.subject, one.said.format(_percent(share)), one.todo if share >= one.limit else "")


def _load(calibration: Calibration) -> Iterator[Finding]:
    loads, cores = calibration.surroundings.get("load"), _cores(calibration.surroundings)
    last_minute = _number({"load": loads[0]}, "load") if isinstance(loads, list) and loads else None
    if last_minute is None or not cores:
        return
    said = f"The load average over the minute before was {words.digits(last_minute)} on {words.count(cores, 'core')}."
    yield Finding("load", said, "Wait until other work has ended." if last_minute >= LOAD_LIMIT * cores else "")


def _speeds(calibration: Calibration) -> Iterator[Finding]:
    for figure in calibration.of("cores"):
        ratio = figure.estimate
        if ratio is None:
            yield Finding("speed of the cores", words.sentence(f"Cores were not compared: {figure.reason}"))
            continue
        if words.differs(ratio):
            said = f"{figure.row[:1].upper()}{figure.row[1:]}: the same work took {words.times(ratio)} as long."
        else:
            said = f"{figure.row[:1].upper()}{figure.row[1:]}: {words.no_difference(ratio)}."
        apart = ratio.low > 1 + SAME_SPEED or ratio.high < 1 / (1 + SAME_SPEED)
        todo = "Compare only contestants that share a core, as pinned rows and the gate do." if apart else ""
        yield Finding("speed of the cores", said, todo)


def _siblings(calibration: Calibration) -> Iterator[Finding]:
    groups, usable = calibration.surroundings.get("siblings"), calibration.surroundings.get("cores_usable")
    if not isinstance(groups, list) or not isinstance(usable, list):
        yield Finding("hyperthreads", "The system does not tell which cores are hyperthreads of one physical core.")
        return
    shared = [[core for core in group if core in usable] for group in groups if isinstance(group, list)]
    shared = [group for group in shared if len(group) > 1]
    if shared:
        pairs = "; ".join(words.listing([str(core) for core in group]) for group in shared)
        yield Finding(
            "hyperthreads",
            f"These usable cores are hyperthreads of one physical core: {pairs}.",
            "Two busy workers on them slow each other: use one of each, or switch SMT off.",
        )
    elif calibration.machine.get("virtual"):
        said = "No usable cores are told to share a physical core, but a hypervisor may hide that they do."
        yield Finding("hyperthreads", said)
    else:
        yield Finding("hyperthreads", "No two usable cores share a physical core.")


def _governor(calibration: Calibration) -> Iterator[Finding]:
    found = calibration.surroundings.get("governors")
    names = [str(name) for name in found] if isinstance(found, list) else []
    if not names:
        why = ", as is usual in a virtual machine" if calibration.machine.get("virtual") else ""
        yield Finding("frequency governor", f"The frequency governor is not visible{why}.")
    elif names == ["performance"]:
        yield Finding("frequency governor", "The frequency governor is performance.")
    else:
        yield Finding(
            "frequency governor",
            f"The frequency governor is {words.listing(names)}: the clock follows the load.",
            "Set it while you measure: cpupower frequency-set -g performance",
        )


def _clock_source(calibration: Calibration) -> Iterator[Finding]:
    name = calibration.surroundings.get("clock_source")
    if not name:
        yield Finding("clock source", "The clock source of the kernel is not visible.")
        return
    slow = (
        ""
        if name in GOOD_CLOCKS
        else "Each look at the clock goes through the kernel; boot with clocksource=tsc if it is stable."
    )
    yield Finding("clock source", f"The clock source of the kernel is {name}.", slow)


RULES: tuple[Callable[[Calibration], Iterator[Finding]], ...] = (
    _noise_floor, _quota, _disturbed, _load, _speeds, _siblings, _governor, _clock_source,
)  # fmt: skip


def _percent(share: float) -> str:
    return f"{words.digits(100 * share)} %"


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    """A fact as a number; None where it is none, because nobody vouches for what a file holds."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e18 or math.isnan(value):
        return None
    return float(value)


def _cores(facts: Mapping[str, Any]) -> int:
    usable = facts.get("cores_usable")
    return len(usable) if isinstance(usable, list) else 0


def _share(noise: Mapping[str, Any], name: str) -> float | None:
    """Seconds of disturbance per second of the window; None where either is not known."""
    seconds, window = _number(noise, name), _number(noise, "window_s")
    return seconds / window if seconds is not None and window else None
