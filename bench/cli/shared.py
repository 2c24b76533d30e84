"""What all commands share: exit codes, options, and how an error becomes one line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

OK, USAGE, BROKEN, INTERRUPTED = 0, 2, 3, 130
RUNS = Path("results/runs")
PAGE = Path("reports/out")

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
JSON = click.option("--json", "as_json", is_flag=True, help="Print a list of flat JSON objects instead of a table.")


TOLD = (
    "RunFileError", "ReportError", "ExportError", "CalibrationError", "GateFileError", "NotWritten",
    "AcceptanceError", "ContrastError", "AdviceError",
)  # fmt: skip
"""Errors of rooms that must not be imported just to name them; their text is the line to show."""


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn every error that a user can cause into one line on stderr and exit code 2."""

    def told(*args: Any, **kwargs: Any) -> Any:
        from ..environments.provision import NoEnvironment
        from ..machine.lock import Busy
        from ..quantity import QuantityError
        from ..registry import RegistryError

        try:
            return command(*args, **kwargs)
        except (RegistryError, QuantityError, NoEnvironment, Busy) as error:
            fail(str(error))
        except Exception as error:
            if type(error).__name__ in TOLD:
                fail(str(error))
            if isinstance(error, ModuleNotFoundError):
                fail(f"the library {error.name} is missing; install it with: pip install {error.name}")
            raise

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return told(*args, **kwargs)
        except KeyboardInterrupt:
            # Before there is anything to keep, even in the midst of our imports; click would make it exit code 1.
            tell("interrupted")
            sys.exit(INTERRUPTED)

    return guarded


def tell(text: str) -> None:
    """A line beside the output proper."""
    click.echo(text, err=True)


def fail(text: str) -> NoReturn:
    """One line on stderr, exit code 2."""
    click.echo(f"when-async: {' '.join(text.split())}", err=True)
    sys.exit(USAGE)
