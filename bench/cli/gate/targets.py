"""Functions of a project as benchmarks of its gate: looked at on both sides, and written down as workloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...gate import code
from ...gate.config import ConfigError, GateConfig, Target
from ...model import FailedError
from ...trying.look import Seen
from ...trying.target import UNREADABLE, Call, Untried
from ...trying.work import source
from ..own.asking import Asked, look_at, look_limit_s, make_call
from ..own.measuring import LOOPS
from ..own.notes import notes, refuse_cached
from ..own.planning import ops_for
from .sides import Sides

ROUND_S = 0.02
"""A round of a pair is short, so that neighbours are neighbours in time; it has one call for each place at least."""
TIMEOUT_S = 60.0
LINES = """say what to measure: add to pyproject.toml

    [tool.when-async.gate]
    base = "origin/main"

    [[tool.when-async.gate.target]]
    call = "package.module:function"
    args = [[1, 2, 3]]
    runners = ["sync"]

or name a workload with -w"""
"""What a project is told that names nothing to measure."""


@dataclass
class Targets:
    """The settings with a workload file for each target, those by name that base cannot run, and what must be known."""

    config: GateConfig
    new: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def with_targets(config: GateConfig, sides: Sides, folder: Path) -> Targets:
    """Look at the targets and write their files to `folder`.

    Raises FailedError where head cannot run one, ConfigError where two have a name.
    """
    files: list[str] = []
    found = Targets(config)
    names: set[str] = set()
    runners: dict[str, None] = {}
    for number, target in enumerate(config.targets):
        call = make_call(target.call, target.args, target.kwargs, target.items)
        if call.short in names:
            raise ConfigError(f"two targets of the gate are called {call.short}; measure them by two functions")
        names.add(call.short)
        seen, lacking = _seen(target, call, sides)
        if lacking:
            found.new[call.short] = lacking
        # What a call took is no news in a gate.
        found.notes += [f"{call.short}: {note}" for note in list(notes(call, seen))[1:]]
        file = folder / f"target_{number}.py"
        file.write_text(_source(target, call, seen), encoding="ascii")
        files.append(str(file))
        runners |= dict.fromkeys(target.runners)
    more = tuple(dict.fromkeys([*config.runners, *runners])) if config.runners or not config.workloads else ()
    found.config = replace(config, workloads=(*config.workloads, *files), runners=more)
    return found


def _seen(target: Target, call: Call, sides: Sides) -> tuple[Seen, str]:
    """What head's function is like, and why base has none to compare it with; empty where it has."""
    base, head = sides.environments
    try:
        (own,) = look_at(Asked(replace(call, folder=head.folder or call.folder)), head, look_limit_s(TIMEOUT_S))
        refuse_cached(call, own)
    except Untried as error:
        raise _failed("head", error, sides) from None
    _check_runners(target, own)
    try:
        look_at(Asked(replace(call, folder=base.folder or call.folder)), base, look_limit_s(TIMEOUT_S))
    except Untried as error:
        if UNREADABLE in str(error):
            raise _failed("base", error, sides) from None
        # It is not misspelt, as head has it.
        return own, f"it runs in head, but in base {str(error).partition('; did you mean')[0]}"
    return own, ""


def _failed(side: str, error: Untried, sides: Sides) -> FailedError:
    """Why a side cannot run it; raises NotInGit where it lacks a file that no commit has."""
    code.explain(side, str(error), code.Trees(sides.project, sides.sources))
    return FailedError(f"{side}: {error}")


def _check_runners(target: Target, seen: Seen) -> None:
    if not seen.awaits:
        return
    able = [name for library in seen.loops for name in LOOPS[library]]
    wrong = [name for name in target.runners if name not in able]
    if wrong:
        raise ConfigError(f'{target.call} is async and {wrong[0]} cannot run it; write runners = ["{able[0]}"]')


def _source(target: Target, call: Call, seen: Seen) -> str:
    """The file of its workload: found from each side's own folder, by the runners that are named and no others."""
    places = target.in_flight
    n = target.ops or ops_for(seen.seconds, places, ROUND_S)
    own = replace(call, folder="")
    return source(own, "", [(n, places)], any_result=False, loops=seen.loops, styles=_styles(target.runners))


def _styles(runners: Sequence[str]) -> tuple[str, ...]:
    """By whose name a body is found: a variant has that of its model."""
    from ...selection import catalogue

    known = catalogue([], [name for name in runners if name.endswith(".py")]).runners
    return tuple(dict.fromkeys(known[name].value.styles[0] if name in known else name for name in runners))
