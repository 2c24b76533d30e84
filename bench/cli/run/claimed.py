"""The front door's claims: what has to be measured for them, and the programs that show behaviour."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...environments.provision import Missing, child_environ, interpreter_options
from ...model import Environment
from ...plan import DECIDE, Plan
from ...reaping.reaper import run
from ...registry import choose
from ...selection import ALL, NOTES, TODAY, Catalogue, Selection, point_of

if TYPE_CHECKING:
    from when_async.reports.verdicts.claim import Behaviour, Statement

TRIES = 3
"""Fresh processes in which a behaviour is looked at: what it shows does not depend on the hash seed or on luck."""
PATIENCE_S = 60.0


def chosen(names: Sequence[str]) -> list[Statement]:
    """Claims by name or by group (all, notes, today); raises RegistryError with the nearest name."""
    from when_async.reports.verdicts.judging import claims

    known = claims()
    groups = {
        ALL: list(known),
        NOTES: [name for name, one in known.items() if not one.today],
        TODAY: [name for name, one in known.items() if one.today],
    }
    found = {name: known[name] for one in names for name in groups.get(one) or [choose(one, known, "claim")]}
    return list(found.values())


def selection_for(asked: Sequence[Statement], known: Catalogue) -> Selection:
    """Just the cells that these claims need."""
    only: dict[str, list[str]] = {}
    for claim in asked:
        for place, contestant in claim.cells:
            names = only.setdefault(place, [])
            if contestant not in names:
                names.append(contestant)
    wanted = {name.partition("/")[0] for names in only.values() for name in names}
    runners = {name: found for name, found in known.runners.items() if name in wanted}
    points = tuple(point_of(place, known.workloads) for place in only)
    return Selection(points, runners, {place: tuple(names) for place, names in only.items()})


CORE_PLACES = {
    "sleep[wait=10ms,n=50,c=10]": ("sync", "threading", "multiprocessing", "asyncio", "uvloop"),
    "http_fetch[delay=5ms,body=1KiB,n=40,c=20]": (
        "sync/requests", "threading/requests", "multiprocessing/requests", "asyncio/aiohttp", "uvloop/aiohttp",
    ),
    "grid_search[unit=5ms,n=40,c=2]": ("sync", "threading", "multiprocessing", "asyncio", "uvloop"),
}  # fmt: skip
"""What people ask first: waiting, fetching and computing under the five runners that every run has."""


def with_core(selection: Selection, known: Catalogue) -> Selection:
    """The same with the core places and their contestants."""
    only = {place: [*names] for place, names in (selection.only or {}).items()}
    for place, names in CORE_PLACES.items():
        own = only.setdefault(place, [])
        own += [name for name in names if name not in own]
    wanted = {name.partition("/")[0] for names in only.values() for name in names}
    return Selection(
        tuple(point_of(place, known.workloads) for place in only),
        {name: found for name, found in known.runners.items() if name in wanted},
        {place: tuple(names) for place, names in only.items()},
    )


def prepared(plan: Plan, asked: Sequence[Statement]) -> Plan:
    """The plan with one round in one process for what is only asked whether it runs, where a run is to decide."""
    if plan.settings.profile != DECIDE:
        return plan
    from when_async.reports.deciding.standings import only_limits
    from when_async.reports.verdicts.claim import Claim

    limits = only_limits([claim for claim in asked if isinstance(claim, Claim)])
    comparisons = [replace(one, rounds=1) if one.id in limits else one for one in plan.comparisons]
    return replace(plan, comparisons=tuple(comparisons))


def behaviours(asked: Sequence[Statement]) -> list[Behaviour]:
    """Those claims that a program shows."""
    from when_async.reports.verdicts.claim import Behaviour

    return [claim for claim in asked if isinstance(claim, Behaviour)]


def look(
    claims: Sequence[Behaviour],
    environments: Sequence[Environment | Missing],
    there: Collection[tuple[str, str]] = (),
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[dict[str, Any]]:
    """Run the program of each claim in fresh processes of each interpreter; one record for a run file each.

    `there` holds the (claim, interpreter) that are on file already. A program that fails shows nothing and says so.
    """
    for environment in environments:
        for claim in claims:
            if (claim.name, environment.label) in there:
                continue
            say(f"behaviour {claim.name}, Python {environment.label}")
            yield _looked(claim, environment)


def _looked(claim: Behaviour, environment: Environment | Missing) -> dict[str, Any]:
    record: dict[str, Any] = {"kind": "behaviour", "claim": claim.name, "python": environment.label, "tried": 0}
    record |= {"version": "", "shown": 0, "said": "", "absent": ""}
    if isinstance(environment, Missing):
        return {**record, "absent": environment.reason}
    record["version"] = environment.version
    for _ in range(TRIES):
        answer = _run(claim, environment)
        if answer.get("absent"):
            return {**record, "absent": str(answer["absent"])}
        record["tried"] += 1
        record["shown"] += answer["shown"] is True
        record["said"] = record["said"] or str(answer["said"])
    return record


def _run(claim: Behaviour, environment: Environment) -> dict[str, Any]:
    """What one fresh process says; `absent` where it said nothing of use."""
    from when_async.reports import snippets

    path = Path(str(snippets.__file__)).with_name(claim.snippet)
    command = [environment.executable, *interpreter_options(), str(path)]
    try:
        ended = run(command, child_environ(environment.path), PATIENCE_S)
        answer = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        return {"absent": f"its program {claim.snippet} had not ended after {PATIENCE_S:g} s"}
    except (OSError, ValueError):
        return {"absent": f"its program {claim.snippet} said nothing that can be read; run it by hand to see why"}
    agreed = isinstance(answer, dict) and ("absent" in answer or {"shown", "said"} <= answer.keys())
    return answer if agreed else {"absent": f"its program {claim.snippet} answered in another form than was agreed"}
