"""`when-async try`: options and exit codes; part of `bench.cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .shared import BROKEN, INTERRUPTED, JSON, OK, PINS, PYTHON, USAGE, plain_errors, tell

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
@click.option("--forks", type=click.IntRange(1, 1000), default=3, show_default=True, help="Fresh processes per row.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0.1), default=60.0, show_default=True,
              help="Seconds after which a round is given up and its worker killed.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Run file to write; default: results/runs/RUN.jsonl.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
@JSON
@plain_errors
def try_(
    target: str, args: str, kwargs: str, any_result: bool, ops: int | None, concurrency: int, pythons: Sequence[str],
    pins: Sequence[str], wait: bool, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    from when_async.results.journal import RunFileError

    from ..machine.lock import machine
    from ..trying.call import Untried
    from .recording import Interrupted
    from .try_ import make_call, measure, print_tried

    call = make_call(target, args, kwargs)
    with machine(wait=wait, say=tell):
        try:
            path = measure(call, ops, concurrency, any_result, {"pythons": pythons, "pins": pins, **options})
        except Untried as error:
            tell(f"when-async: {error}")
            sys.exit(USAGE if error.usage else BROKEN)
        except Interrupted:
            tell("interrupted; what was measured is kept in the run file, but a try cannot be gone on with")
            sys.exit(INTERRUPTED)
        except RunFileError as error:
            tell(f"when-async: {error}")
            sys.exit(BROKEN)
    sys.exit(BROKEN if print_tried(path, as_json) else OK)
