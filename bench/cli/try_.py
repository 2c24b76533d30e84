"""`when-async try`: a callable of yours measured as it is, and one sentence of what to do."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..environments.layout import own_roots
from ..machine.lock import machine
from .own.asking import Asked, make_call
from .own.measuring import Plan, measured, planned
from .own.where import Where
from .run.recording import Interrupted
from .shared import (
    BROKEN,
    INTERRUPTED,
    JSON,
    OK,
    OUTPUT,
    PINS,
    PYTHON,
    TIMEOUT,
    WAIT,
    checked,
    fail,
    plain_errors,
    runner_option,
    tell,
)  # fmt: skip

HELP = """Measure a function of yours as it is, and say which model to use for it.

    TARGET is 'module:function' or 'path/file.py:function', found from the current folder; def or async def.

    \b
    when-async try time:sleep --args '[0.01]'
    when-async try shop.prices:fetch --args '["tea"]' --async shop.prices:afetch
    when-async try shop/prices.py:fetch --items '["tea", "milk"]' -c 1,10,100
    when-async try shop.prices:fetch --args '["tea"]' --any-result --python 3.14 --with requests

    A look comes first, in a process of its own: how long a call takes, whether it waits or computes, what its result
    is like. What cannot be measured is refused then. A blocking function runs under sync, threading, multiprocessing
    and asyncio+to_thread, an async one on each event loop that can run it. All results must be like the first.

    Exit codes: 0 ok, 2 wrong use, 3 a call failed or timed out, 130 interrupted.
    """


def flights(param: click.Parameter, texts: Sequence[str]) -> tuple[int, ...]:
    """Calls in flight, one number or several: `1,10,100`."""
    for text in texts:
        if not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5})*", text):
            fail(f"{param.opts[-1]} takes a number of calls in flight, or several such as 1,10,100, and not {text!r}")
    return tuple(dict.fromkeys(int(number) for text in texts for number in text.split(",")))


FLIGHTS = click.option(
    "-c", "--concurrency", "flights", callback=checked(flights), metavar="C[,C...]", multiple=True,
    help="Calls in flight; several give the curve. Repeatable. Default: 8 where a call waits, else as many as cores.",
)  # fmt: skip


@click.command("try", help=HELP)
@click.argument("target")
@click.option("--async", "twin", metavar="TARGET", help="The same work as an async function, to be held against it.")
@click.option("--args", "args", default="[]", metavar="JSON", help="Positional arguments, a list: '[1, \"tea\"]'.")
@click.option("--kwargs", "kwargs", default="{}", metavar="JSON",
              help="Named arguments, an object: '{\"retries\": 1}'.")  # fmt: skip
@click.option("--items", "items", default="", metavar="JSON",
              help="A list; each call gets one of it as its argument, in turn.")  # fmt: skip
@click.option("--any-result", is_flag=True,
              help="Results differ by nature (times, ids): only their number and their type are checked.")  # fmt: skip
@click.option("-n", "--ops", type=click.IntRange(1, 1_000_000),
              help="Calls in a round; default: what takes about 0.2 s one after another, 10 000 at most.")  # fmt: skip
@FLIGHTS
@runner_option("those that can run it")
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
    target: str, twin: str | None, args: str, kwargs: str, items: str, any_result: bool, wait: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    roots = own_roots(os.getcwd())
    other = make_call(twin, args, kwargs, items, roots) if twin else None
    asked = Asked(make_call(target, args, kwargs, items, roots), other, any_result)
    options["where"] = Where(options["pythons"], options["pins"])
    options["where"].say()
    options["limited"] = click.get_current_context().get_parameter_source("timeout_s") is ParameterSource.COMMANDLINE
    with machine(wait=wait, say=tell):
        plan = planned(asked, options)
        try:
            path = measured(plan, options)
        except Interrupted:
            tell("interrupted; what was measured is kept in the run file, but a try cannot be gone on with")
            sys.exit(INTERRUPTED)
    sys.exit(BROKEN if print_tried(path, plan, as_json) else OK)


def print_tried(path: Path, plan: Plan, as_json: bool) -> bool:
    """What to do in a sentence, the usual table, then code to begin from; returns whether anything failed."""
    from when_async.reports.scene.evidence import scene
    from when_async.reports.terminal.begun import program
    from when_async.reports.terminal.tried import answer, curve
    from when_async.results.frame import load

    from .own.telling import named_of, own_of
    from .show import print_run

    if as_json:
        return print_run(path, as_json)
    own = own_of(plan, [named_of(call) for call in plan.asked.calls])
    seen = scene(load([path]))
    for line in answer(seen, own):
        click.secho(line, bold=True)
    click.echo("")
    for line in curve(seen):
        click.echo(line)
    broken = print_run(path, as_json)
    for line in program(seen, own):
        click.echo(line)
    return broken
