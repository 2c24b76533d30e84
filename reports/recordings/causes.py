"""In what two recordings differ that may change a verdict: machine, build, version, libraries, limits, rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from when_async.bench.model import Runner, Workload
from when_async.bench.model.builds import unlike
from when_async.bench.registry import bodies_for, collect, libraries
from when_async.results.machines import Machine, machine_of
from when_async.results.runfile import Header

from ..scene import conditions
from ..verdicts.claim import Behaviour, Cell, Reading
from ..verdicts.judging import Verdict
from ..verdicts.lookup import Outcome
from .agreement import environment_of


@dataclass(frozen=True)
class Cause:
    """Something that may have changed a verdict.

    `kind` is `recordings`, `parts`, `load`, `machine`, `build`, `version`, `library`, `limits`, `rule`, `system`,
    `suite` or `noise`; `said` is a clause, with the older value first.
    """

    kind: str
    said: str


def differing(was: Header, now: Header, verdict: Verdict, parts: Sequence[tuple[Reading, Reading]]) -> list[Cause]:
    """All that differs between two recordings and concerns a verdict whose `parts` turned, the weightiest first."""
    old, new = (environment_of(header, verdict.python) for header in (was, now))
    found = [
        Cause("machine", _machines(machine_of(was), machine_of(now))),
        Cause("build", "; ".join(unlike(old.get("build") or {}, new.get("build") or {}))),
        Cause("version", _pair("CPython", old.get("version"), new.get("version"))),
        Cause("library", _libraries(modules_of(verdict, parts), old, new)),
        Cause("limits", _limits(was, now) if any(isinstance(one.found, Outcome) for one, _ in parts) else ""),
        Cause("rule", _pair("the rule", conditions.profile(was), conditions.profile(now))),
        Cause("system", _pair("", _of_machine(was, "system"), _of_machine(now, "system"))),
        Cause("suite", _pair("the suite at", was.get("commit"), now.get("commit"))),
    ]
    return [one for one in found if one.said]


def modules_of(verdict: Verdict, parts: Sequence[tuple[Reading, Reading]]) -> list[str]:
    """The modules that the cells behind these parts import; those behind the whole claim where none is named."""
    if isinstance(verdict.claim, Behaviour):
        return list(verdict.claim.requires)
    cells: Iterable[Cell] = [cell for _, one in parts for cell in one.part.measure.cells] or verdict.claim.cells
    workloads = collect("when_async.workloads", Workload)
    runners = collect("when_async.bench.runners", Runner)
    found: list[str] = []
    for place, contestant in cells:
        name, _, library = contestant.partition("/")
        workload, runner = workloads.get(place.partition("[")[0]), runners.get(name)
        if workload is None or runner is None:
            continue
        keys = [key for key in bodies_for(workload.value, runner.value) if library in ("", key.partition("/")[2])]
        found += [*runner.value.requires, *libraries(workload.value, keys)]
    return list(dict.fromkeys(found))


def _machines(was: Machine, now: Machine) -> str:
    if was == now:
        return ""
    if was.name != now.name:
        return f"another machine ({was.name}, then {now.name})"
    if was.cores != now.cores:
        return f"another machine ({was.cores} cores, then {now.cores})"
    return f"another machine with the same processor ({was.name})"


def _libraries(names: Iterable[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Those whose versions differ; what nobody recorded is no difference."""
    before, after = old.get("modules") or {}, new.get("modules") or {}
    both = [name for name in names if name in before and name in after]
    return "; ".join(said for name in both if (said := _pair(name, before[name], after[name])))


def _limits(was: Header, now: Header) -> str:
    before, after = (_of_machine(one, "limits") or {} for one in (was, now))
    names = [name for name in before if name in after]
    return "; ".join(said for name in names if (said := _pair(f"limit {name}", before[name], after[name])))


def _of_machine(header: Header, name: str) -> Any:
    return (header.get("machine") or {}).get(name)


def _pair(what: str, old: object, new: object) -> str:
    """`CPython 3.11.7, then 3.11.9`; empty where both are the same or one is not known."""
    if old == new or old is None or new is None:
        return ""
    return f"{what} {old}, then {new}".strip()
