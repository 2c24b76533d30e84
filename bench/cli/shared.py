"""What all commands share: exit codes, options, and how an error becomes one line."""

from __future__ import annotations

import math
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..model import FailedError, WhenAsyncError
from .checking import known_claims, known_runners, known_workloads
from .streams import Unwritten, discard

if TYPE_CHECKING:
    from rich.console import Console

OK, USAGE, BROKEN, INTERRUPTED = 0, WhenAsyncError.exit_code, FailedError.exit_code, 130
INTERNAL, UNREAD = 70, 74
"""A fault of ours, and an output that nobody reads on, by the numbers of sysexits(3)."""

POLITE = signal.SIGTERM, signal.SIGHUP
ASKED: list[int] = []
"""The polite kills that have come."""

Callback = Callable[[click.Context, click.Parameter, Any], Any]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
Check = Callable[[Sequence[str]], tuple[str, ...]]


def checked(check: Callable[[click.Parameter, Any], Any]) -> Callback:
    """A callback whose errors are told in one line: before a command waits for the machine or writes a file.

    While Tab is answered nothing is checked: what is there of the line need not make sense yet.
    """

    def callback(context: click.Context, param: click.Parameter, value: Any) -> Any:
        if context.resilient_parsing or value is None:
            return value
        with errors_told():
            return check(param, value)

    return callback


def offering(name: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """What Tab offers, by the name of a function of the module `completing`, which is imported when it is asked."""

    def offer(context: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from . import completing

        found: list[Any] = getattr(completing, name)(context, param, incomplete)
        return found

    return offer


RUN_FILES = offering("run_files")


def workload_option(default: str = "all", check: Check = known_workloads) -> Decorator:
    """The same `-w` wherever a workload is named; `default` are those that are taken when none is."""
    return click.option(
        "-w", "-m", "--workload", "workloads", multiple=True, metavar="NAME", shell_complete=offering("workloads"),
        callback=checked(lambda _, specs: check(specs)),
        help="A workload: a name, one of its points such as sleep:wait=1ms,n=100,c=10, core for the first few, or a "
        f"file of your own. Repeatable; default: {default}.",
    )  # fmt: skip


def runner_option(default: str = "core", check: Check = known_runners) -> Decorator:
    """The same `-r` wherever a runner is named; `default` are those that are taken when none is."""
    return click.option(
        "-r", "--runner", "runners", multiple=True, metavar="NAME", shell_complete=offering("runners"),
        callback=checked(lambda _, specs: check(specs)),
        help="A runner: a name, a pattern ('asyncio*'), family:threads, core for the usual ones, all, or a file of "
        f"your own. Repeatable; default: {default}.",
    )  # fmt: skip


WORKLOAD, RUNNER = workload_option(), runner_option()
PYTHON = click.option(
    "--python", "pythons", multiple=True, metavar="VERSION", shell_complete=offering("interpreters"),
    help="Run workers in this interpreter (3.14, 3.13t, a path). Repeatable; default: the one that runs this, and for "
    "code of yours your project's, for which a path or an environment's folder is taken as it is.",
)  # fmt: skip
PINS = click.option(
    "--with", "pins", multiple=True, metavar="PIN",
    help="Install this package, such as 'uvloop==0.22.*', into every environment of the run. Repeatable.",
)  # fmt: skip
ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


def _address(param: click.Parameter, value: str) -> str:
    found = ADDRESS.fullmatch(value)
    if found is None or not 0 < int(found["port"]) < 1 << 16:
        fail(f"{param.opts[-1]} takes the address of a scheduler, such as tcp://127.0.0.1:8786, and not {value!r}")
    return value


DASK_SCHEDULER = click.option(
    "--dask-scheduler", metavar="ADDRESS", callback=checked(_address),
    help="Scheduler of a Dask cluster for the runner dask, such as tcp://127.0.0.1:8786; default: one of its own.",
)  # fmt: skip


class Finite(click.FloatRange):
    """A range of numbers that has neither `nan` nor `inf` in it, which click's own takes for numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number


SEED = click.option(
    "--seed", type=int, default=20260, show_default=True, help="Seed of the data and of the order of blocks."
)
TIMEOUT = click.option(
    "--timeout", "timeout_s", type=Finite(min=0.1), default=60.0, show_default=True,
    help="Seconds after which a round is given up and its worker killed.",
)  # fmt: skip
NO_PIN = click.option("--no-pin", is_flag=True, help="Leave all cores to everybody (see docs/method.md).")


def _new(param: click.Parameter, path: Path) -> Path:
    from when_async.results.journal import refuse_unfit

    refuse_unfit(path)
    return path


OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), callback=checked(_new),
    help="Run file to write; default: RUN.jsonl where runs are kept.",
)  # fmt: skip
QUEUE = "--queue"


def _old_wait(context: click.Context, param: click.Parameter, given: bool) -> None:
    if given and not context.resilient_parsing:
        tell(f"note: --wait is called {QUEUE} here now, and goes with the next release")
        context.meta[QUEUE] = True


def WAIT(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--queue`, and the name it had, which is read first."""
    old = click.option(
        "--wait", "old_wait", is_flag=True, hidden=True, is_eager=True, expose_value=False, callback=_old_wait
    )  # fmt: skip
    new = click.option(
        QUEUE, "wait", is_flag=True, callback=lambda context, param, given: given or context.meta.get(QUEUE, False),
        help="Wait for another run on this machine to end, and measure then, instead of refusing.",
    )  # fmt: skip
    return new(old(command))


CLAIM = click.option(
    "--claim", "claims", multiple=True, metavar="ID", shell_complete=offering("claims"),
    callback=checked(lambda _, names: known_claims(names)),
    help="Measure just what this claim needs (`when-async claims` shows their ids); notes for those of the notes, "
    "which is the default, today for those on today's Python, all for both.",
)  # fmt: skip
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
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Unwritten as error:
        unread(error)
        sys.exit(UNREAD)
    except Exception:
        if ASKED:
            # An import that is interrupted in C ends with whatever its module makes of that.
            tell("interrupted")
            sys.exit(INTERRUPTED)
        # Python and click end with 1, which of a gate is a slow-down.
        with suppress(OSError):
            traceback.print_exc()
            tell("when-async: this is a fault of ours and says nothing of your code; please report it with these lines")
        sys.exit(INTERNAL)


def unread(error: Unwritten) -> None:
    """Have nothing more said to whoever does not read, and say why where it is not by his own will."""
    discard(sys.stdout)
    if str(error):
        tell(f"when-async: {error}")


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose errors are told in one line each."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with errors_told():
            return command(*args, **kwargs)

    return guarded


def read_as(reader: Callable[[object, str], float]) -> Callback:
    """A callback that reads an option as the settings file would."""
    return checked(lambda param, value: reader(value, param.opts[-1]))


def tell(text: str) -> None:
    """A line beside the output proper."""
    click.echo(text, err=True)


def fail(text: str, exit_code: int = USAGE) -> NoReturn:
    """One line on stderr, and the end with that exit code."""
    click.echo(f"when-async: {' '.join(text.split())}", err=True)
    sys.exit(exit_code)


def interrupt_when_asked() -> None:
    """From now on a polite kill, or the end of its terminal, ends this process as Ctrl-C does.

    Only the main thread can have that. Whoever runs us under nohup has said that the terminal is nothing to us.
    """
    ASKED.clear()
    if threading.current_thread() is not threading.main_thread():
        return
    for number in POLITE:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _asked)


def _asked(number: int, frame: FrameType | None) -> NoReturn:
    ASKED.append(number)
    raise KeyboardInterrupt


def console() -> Console:
    """Where tables go: as wide as the terminal, or as a page where there is none."""
    from rich.console import Console

    from when_async.reports.lines import columns

    return Console(width=None if Console().is_terminal else columns())
