"""What all commands share: exit codes, options, and how an error becomes one line."""

from __future__ import annotations

import math
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..model import FailedError, WhenAsyncError

if TYPE_CHECKING:
    from rich.console import Console

OK, USAGE, BROKEN, INTERRUPTED = 0, WhenAsyncError.exit_code, FailedError.exit_code, 130
TERMINAL_WIDTH = 100
"""Columns where there is no terminal that could be asked."""

WORKLOAD = click.option(
    "-m", "-w", "--workload", "workloads", multiple=True, metavar="NAME",
    help="A workload: a name, a point such as 'sleep[wait=1ms,n=100,c=10]', core, or a file of your own. Repeatable; "
    "default: all. -m core is the same as -w core.",
)  # fmt: skip
RUNNER = click.option(
    "-r", "--runner", "runners", multiple=True, metavar="NAME",
    help="A runner: a name, a pattern ('asyncio*'), family:threads, core, all, or a file of your own. "
    "Repeatable; default: core.",
)  # fmt: skip
PYTHON = click.option(
    "--python", "pythons", multiple=True, metavar="VERSION",
    help="Run workers in this interpreter (3.14, 3.13t, a path). Repeatable; default: the one that runs this.",
)  # fmt: skip
PINS = click.option(
    "--with", "pins", multiple=True, metavar="PIN",
    help="Install this package, such as 'uvloop==0.22.*', into every environment of the run. Repeatable.",
)  # fmt: skip
ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


def _address(context: click.Context, param: click.Parameter, value: str | None) -> str | None:
    found = ADDRESS.fullmatch(value) if value is not None else None
    if value is not None and (found is None or not 0 < int(found["port"]) < 1 << 16):
        fail(f"{param.opts[-1]} takes the address of a scheduler, such as tcp://127.0.0.1:8786, and not {value!r}")
    return value


DASK_SCHEDULER = click.option(
    "--dask-scheduler", metavar="ADDRESS", callback=_address,
    help="Scheduler of a Dask cluster for the runner dask, such as tcp://127.0.0.1:8786; default: one of its own.",
)  # fmt: skip


class Finite(click.FloatRange):
    """A range of numbers that has neither `nan` nor `inf` in it, which click's own takes for numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return number


SEED = click.option(
    "--seed", type=int, default=20260, show_default=True, help="Seed of the data and of the order of blocks."
)
TIMEOUT = click.option(
    "--timeout", "timeout_s", type=Finite(min=0.1), default=60.0, show_default=True,
    help="Seconds after which a round is given up and its worker killed.",
)  # fmt: skip
NO_PIN = click.option("--no-pin", is_flag=True, help="Leave all cores to everybody (see docs/method.md).")
OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
    help="Run file to write; default: RUN.jsonl where runs are kept.",
)  # fmt: skip
WAIT = click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
SKIP_CORRUPT = click.option(
    "--skip-corrupt", is_flag=True, help="Leave out lines of a run file that cannot be read, and say which."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print a list of flat JSON objects instead of a table.")


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn every error that a user can cause or mend into one line on stderr and its exit code."""
    try:
        yield
    except WhenAsyncError as error:
        fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        fail(f"the library {error.name} is missing; install it with: pip install {error.name}")
    except KeyboardInterrupt:
        # Before there is anything to keep, even in the midst of our imports; click would make it exit code 1.
        tell("interrupted")
        sys.exit(INTERRUPTED)


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose errors are told in one line each."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with errors_told():
            return command(*args, **kwargs)

    return guarded


Reader = Callable[[click.Context, click.Parameter, str | None], float | None]


def read_as(reader: Callable[[object, str], float]) -> Reader:
    """A callback that reads an option as the settings file would."""

    def read(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
        with errors_told():
            return None if value is None else reader(value, param.opts[-1])

    return read


def tell(text: str) -> None:
    """A line beside the output proper."""
    click.echo(text, err=True)


def fail(text: str, exit_code: int = USAGE) -> NoReturn:
    """One line on stderr, and the end with that exit code."""
    click.echo(f"when-async: {' '.join(text.split())}", err=True)
    sys.exit(exit_code)


def interrupt_when_asked() -> None:
    """From now on a polite kill ends this process as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def console() -> Console:
    """Where tables go: as wide as the terminal, or as a page where there is none."""
    from rich.console import Console

    return Console(width=None if Console().is_terminal else TERMINAL_WIDTH)
