"""Targets as they are written on a command line or in a settings file, and a look at them before anything is timed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...asking.parent import BELOW_MAIN, VARIABLE, limit_s
from ...environments.provision import interpreter_options, worker_environ
from ...machine.host import Host, make_host
from ...model import Environment
from ...processes.worker import LineProcess, ProcessFailed, ProcessTimedOut
from ...registry import RegistryError
from ...selection import catalogue, environments_for
from ...trying.look import Seen
from ...trying.target import Call, Untried
from ..shared import tell

if TYPE_CHECKING:
    from .where import Where

LOOK = "when_async.bench.trying.look"
NAME = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
TARGET = re.compile(rf"({NAME}|.+\.py):{NAME}")
LOOK_S = 60.0
"""A look may take so long, and twice the time limit of a round where that is longer."""
SILENT_S = 3.0
"""A look that takes longer says that it is one."""


def look_limit_s(timeout_s: float, *, named: bool = False) -> float:
    """How long a look may take where a round may take `timeout_s`, a limit that somebody has `named` or not."""
    return 2 * timeout_s if named else max(LOOK_S, 2 * timeout_s)


@dataclass(frozen=True)
class Asked:
    """What is to be measured: a callable, perhaps its async twin, and whether their results differ by nature."""

    call: Call
    twin: Call | None = None
    any_result: bool = False

    @property
    def calls(self) -> tuple[Call, ...]:
        """The callables, the blocking one first."""
        return (self.call,) if self.twin is None else (self.call, self.twin)

    @property
    def names(self) -> str:
        return self.call.short if self.twin is None else f"{self.call.short} and {self.twin.short}"


def make_call(
    target: str, args: str = "[]", kwargs: str = "{}", items: str = "", behind: Sequence[str] = ()
) -> Call:
    """The call that was asked for, `behind` the folders to look in last; raises RegistryError where it is no call."""
    if not TARGET.fullmatch(target):
        raise RegistryError(
            f"{target!r} is not understood; name a function like package.module:function or path/file.py:function"
        )
    given = (
        ("--args", args, list, "'[1, \"tea\"]'"), ("--kwargs", kwargs, dict, "'{\"retries\": 1}'"),
        ("--items", items or "[0]", list, "'[\"a\", \"b\"]'"),
    )  # fmt: skip
    for option, text, kind, example in given:
        try:
            good = isinstance(json.loads(text), kind)
        except (ValueError, RecursionError):
            good = False
        if not good:
            raise RegistryError(f"{option} takes JSON like {example}, and not {text!r}")
    if items and not json.loads(items):
        raise RegistryError("--items is empty, and with no items there is no work; give it one at least")
    if items and (args, kwargs) != ("[]", "{}"):
        raise RegistryError("--items gives each call its own argument; leave --args and --kwargs out")
    return Call(target, str(Path.cwd()), args, kwargs, items, behind=tuple(behind))


def environments(
    runners: Sequence[str], options: Mapping[str, Any], say: Callable[[str], None] = tell
) -> list[Environment]:
    """The interpreters that workers can run in; raises RegistryError where there is none.

    `where` among the options looks for the environment of the project, else they run in the one that we run in.
    """
    modules = catalogue().modules(runners)
    where: Where | None = options.get("where")
    if where:
        found = where.environments(modules, say)
    else:
        found = environments_for(modules, options["pythons"], say, options["pins"])
    able = [each for each in found if isinstance(each, Environment)]
    if not able:
        raise RegistryError("; ".join(each.reason for each in found if not isinstance(each, Environment)))
    return able


def look_at(asked: Asked, environment: Environment, look_s: float, say: Callable[[str], None] = tell) -> list[Seen]:
    """What a look shows of the callable and of its twin, which may take `look_s` seconds; raises Untried."""
    told = Told(asked)
    late = threading.Timer(SILENT_S, say, [f"looking at {asked.names} first: a few calls, given up after {look_s:g} s"])
    late.daemon = True
    try:
        late.start()
        with make_host() as host:
            answer = _answer(host, environment, told, look_s)
    except ProcessTimedOut as error:
        raise told.late(error) from None
    except ProcessFailed as error:
        raise told.ended(str(error)) from None
    finally:
        late.cancel()
    if "reason" in answer:
        raise Untried(answer["reason"], usage=answer["usage"])
    return [Seen(**one) for one in answer["seen"]]


@dataclass
class Told:
    """How far a look is: how many of the callables are imported, which says what an end or a silence means."""

    asked: Asked
    found: int = 0

    @property
    def importing(self) -> str:
        """The module or file that is being imported; empty where all are."""
        return self.asked.calls[self.found].where if self.found < len(self.asked.calls) else ""

    def late(self, error: ProcessTimedOut) -> Untried:
        """What it is called that the look says nothing any more."""
        if self.importing:
            return Untried(
                f"{self.importing} is not imported: {error}; what takes long belongs into the function, and "
                f"{VARIABLE}={4 * limit_s():g} waits longer",
                usage=True,
            )
        return Untried(f"calls of {self.asked.names} did not end: {error}", usage=False)

    def ended(self, how: str) -> Untried:
        """What it is called that the process has gone."""
        if self.importing:
            return Untried(f"{self.importing} ends Python while it is imported ({how}); {BELOW_MAIN}", usage=True)
        return Untried(f"a call of {self.asked.names} ended its process: {how}", usage=False)


def _answer(host: Host, environment: Environment, told: Told, timeout_s: float) -> dict[str, Any]:
    process = LineProcess(
        [environment.executable, *interpreter_options(), "-P", "-X", "faulthandler", "-m", LOOK],
        environ=worker_environ(host.worker_environ, environment),
        reaper=host.reaper,
    )
    asked = told.asked
    calls = {"call": vars(asked.call), "twin": vars(asked.twin) if asked.twin else None}
    try:
        process.send(json.dumps({**calls, "any_result": asked.any_result}))
        while True:
            answer = process.receive(limit_s() if told.importing else timeout_s)
            if "ends" in answer:
                raise told.ended(answer["ends"])
            if "found" not in answer:
                return answer
            told.found += 1
    finally:
        process.kill()
