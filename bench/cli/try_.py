"""`when-async try`: any blocking callable as a workload that lives as long as the command."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..environments.provision import interpreter_options, worker_environ
from ..machine.host import Host, make_host
from ..machine.lock import machine
from ..model import Environment, Estimate
from ..plan import DECIDE
from ..processes.worker import LineProcess, ProcessFailed, ProcessTimedOut
from ..registry import RegistryError
from ..selection import catalogue, environments_for
from ..trying.call import Call, Untried, source
from .run.recording import Interrupted, execute
from .run.starting import Started, start_fresh
from .shared import BROKEN, INTERRUPTED, JSON, OK, OUTPUT, PINS, PYTHON, TIMEOUT, WAIT, plain_errors, tell

TRYING = "when_async.bench.trying.call"
RUNNERS = ("sync", "threading", "multiprocessing", "asyncio+to_thread")
ROUND_S = 0.2
MOST = 10_000
LONG_S = 2.0
"""A round longer than this is told of beforehand, for there will be several."""
SHORT_S = 0.02
"""In a shorter round the CPU time between the calls and the clock weighs too much."""
VAGUE = 40
"""An interval of more percentage points than this says nothing that helps."""
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


HELP = """Measure a blocking function of yours as it is: TARGET is 'module:function', found from the current folder.

    \b
    when-async try time:sleep --args '[0.01]'
    when-async try shop.prices:fetch --args '["tea"]' --kwargs '{"retries": 1}' -c 20
    when-async try shop.prices:fetch --args '["tea"]' --any-result --python 3.14 --with requests

    It is called n times a round with these arguments under sync, threading, multiprocessing and asyncio+to_thread. A
    first call in a process of its own says what a result looks like, and every later one must be like it. For an
    async function, or arguments that differ from call to call, write a workload: when-async new workload NAME.

    Exit codes: 0 ok, 2 wrong use, 3 a call failed or timed out, 130 interrupted.
    """


@click.command("try", help=HELP)
@click.argument("target")
@click.option("--args", "args", default="[]", metavar="JSON", help="Positional arguments, a list: '[1, \"tea\"]'.")
@click.option("--kwargs", "kwargs", default="{}", metavar="JSON",
              help="Named arguments, an object: '{\"retries\": 1}'.")  # fmt: skip
@click.option("--any-result", is_flag=True,
              help="Results differ by nature (times, ids): only their number and their type are checked.")  # fmt: skip
@click.option("-n", "--ops", type=click.IntRange(1, 1_000_000),
              help="Calls in a round; default: what takes about 0.2 s one after another, 10 000 at most.")  # fmt: skip
@click.option("-c", "--concurrency", type=click.IntRange(1, 100_000), default=8, show_default=True,
              help="Calls in flight.")  # fmt: skip
@PYTHON
@PINS
@click.option("--forks", type=click.IntRange(1, 1000), default=6, show_default=True,
              help="Fresh processes per row at most; three are enough where it is plain.")  # fmt: skip
@TIMEOUT
@OUTPUT
@WAIT
@JSON
@plain_errors
def try_(
    target: str, args: str, kwargs: str, any_result: bool, ops: int | None, concurrency: int, pythons: Sequence[str],
    pins: Sequence[str], wait: bool, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    call = make_call(target, args, kwargs)
    with machine(wait=wait, say=tell):
        try:
            path = measure(call, ops, concurrency, any_result, {"pythons": pythons, "pins": pins, **options})
        except Interrupted:
            tell("interrupted; what was measured is kept in the run file, but a try cannot be gone on with")
            sys.exit(INTERRUPTED)
    sys.exit(BROKEN if print_tried(path, as_json) else OK)


def make_call(target: str, args: str, kwargs: str) -> Call:
    """The call that was asked for; raises RegistryError where it cannot be read."""
    if not TARGET.fullmatch(target):
        raise RegistryError(f"{target!r} is not understood; name a function like package.module:function")
    given = (("--args", args, list, "'[1, \"tea\"]'"), ("--kwargs", kwargs, dict, "'{\"retries\": 1}'"))
    for option, text, kind, example in given:
        try:
            good = isinstance(json.loads(text), kind)
        except (ValueError, RecursionError):
            good = False
        if not good:
            raise RegistryError(f"{option} takes JSON like {example}, and not {text!r}")
    return Call(target, str(Path.cwd()), args, kwargs)


def ops_for(seconds: float, concurrency: int) -> int:
    """Calls a round of about 0.2 s has one after another: an equal share for each place in flight, one at least."""
    wanted = min(MOST, ROUND_S / max(seconds, 1e-9))
    return max(1, int(wanted) // concurrency) * concurrency


def measure(call: Call, ops: int | None, concurrency: int, any_result: bool, options: Mapping[str, Any]) -> Path:
    """Make the first calls, then measure; returns the run file. Raises Untried with what is wrong with the call."""
    first = first_call(call, any_result, options)
    n = ops or ops_for(first["seconds"], concurrency)
    serial_s = n * first["seconds"]
    if serial_s > LONG_S:
        tell(f"note: {n} calls one after another take about {serial_s:.1f} s a round; -n and -c make it less")
    with tempfile.TemporaryDirectory(prefix="when-async-try-") as folder:
        file = Path(folder) / "tried.py"
        file.write_text(source(call, first["like"], n, concurrency, any_result=any_result), encoding="ascii")
        execute(started := start(file, options))
    return started.path


def start(file: Path, options: Mapping[str, Any]) -> Started:
    """Plan the run of the temporary workload as `when-async run` would."""
    asked = {
        "workloads": [str(file)], "runners": RUNNERS, "profile": DECIDE, "rounds": None, "seed": 20260,
        "no_pin": False, **options,
    }  # fmt: skip
    return start_fresh(asked)


def first_call(call: Call, any_result: bool, options: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of a call and what its result is like, from a process of its own; raises Untried."""
    modules = catalogue().modules(RUNNERS)
    environments = environments_for(modules, options["pythons"], tell, options["pins"])
    able = [each for each in environments if isinstance(each, Environment)]
    if not able:
        raise RegistryError("; ".join(each.reason for each in environments if not isinstance(each, Environment)))
    try:
        with make_host() as host:
            answer = _answer(host, able[0], call, any_result, options["timeout_s"])
    except ProcessTimedOut as error:
        raise Untried(f"two calls of {call.target} did not end: {error}", usage=False) from None
    except ProcessFailed as error:
        raise Untried(f"the first call of {call.target} failed: {error}", usage=False) from None
    if "reason" in answer:
        raise Untried(answer["reason"], usage=answer["usage"])
    return answer


def _answer(host: Host, environment: Environment, call: Call, any_result: bool, timeout_s: float) -> dict[str, Any]:
    process = LineProcess(
        [environment.executable, *interpreter_options(), "-P", "-X", "faulthandler", "-m", TRYING],
        environ=worker_environ(host.worker_environ, environment),
        reaper=host.reaper,
    )
    try:
        process.send(json.dumps({"call": vars(call), "any_result": any_result}))
        return process.receive(timeout_s)
    finally:
        process.kill()


def print_tried(path: Path, as_json: bool) -> bool:
    """The usual table, and one sentence of what to read from it; returns whether anything failed."""
    from when_async.results.cells.summary import summary
    from when_async.results.frame import load

    from .show import print_run

    broken = print_run(path, as_json)
    rows = [] if as_json else [row for row in summary(load([path])) if row.runner == "sync"]
    for row in rows:
        head = f"Python {row.python}: " if len(rows) > 1 else ""
        if row.parallelism is not None and row.makespan is not None:
            click.echo(f"\n{head}{reading(row.parallelism, row.makespan)}")
    return broken


def reading(cores: Estimate, makespan: Estimate) -> str:
    """What the sync row says about the call, from the cores that it kept busy: one sentence."""
    if makespan.point < SHORT_S:
        return (
            f"A round of sync took {makespan.point * 1e3:.3g} ms, which is too short to tell how much of a call is "
            "waiting; more calls a round (-n) tell it."
        )
    if cores.low > 1.05:
        busy = f"{cores.point:.2f} [{cores.low:.2f}, {cores.high:.2f}]"
        return f"A call keeps {busy} cores busy by itself (CPU / wall of the sync row); there is little left to gain."
    share, least, most = (min(max(0.0, 1 - value), 1.0) * 100 for value in (cores.point, cores.high, cores.low))
    said = f"{share:.0f} % [{least:.0f}, {most:.0f}] of a call is waiting (1 - CPU / wall of the sync row): "
    if most - least > VAGUE:
        return said + "too vague to build on; a quieter machine, or more --forks, tell it better."
    if share >= 90:
        return (
            said + "threads can overlap nearly all of it, and so could an async client; processes add little to that."
        )
    if share <= 10:
        return said + "it computes, so more cores help: processes, or threads where the call lets go of the GIL."
    return said + (
        "threads can overlap that part; the rest takes turns unless the call lets go of the GIL, so expect of threads "
        f"about {100 / (100 - share):.1f} times at most, and more from processes."
    )
