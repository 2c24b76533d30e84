"""`when-async new`: a workload of the user's own, as a file that runs before anything is changed in it."""

from __future__ import annotations

import keyword
import re
import shlex
from pathlib import Path

import click

from ..model import Workload
from ..registry import RegistryError, collect
from .shared import plain_errors

TEMPLATE = '''"""`{name}`: SUMMARY

Measure it: when-async run -w {path}
One point:  when-async run -w {path}:wait=2ms,n=50,c=5
"""

from when_async import Param, Point, Workload, WrongAnswer


# A body is opened once in each thread, process or event loop: connect, load and warm up here, outside the clock.
# It returns the op, which does one piece of the work and is what is timed. What has to be closed at the end goes
# through kit.enter(...). A client library is imported inside the body that uses it.
def blocking(kit, params):
    wait_s = params["wait_s"]

    def op(item):
        kit.sleep(wait_s)  # instead of this: ask a database, fetch a page, read a file
        return item * item  # plain values only: all runners must return equal ones

    return op


# The same work for event loops. kit.sleep is the sleep of whichever loop runs it; asyncio's own calls are fine if the
# body is named "asyncio" in `bodies` below. Where there is no async form of the work, leave this body out.
async def asynchronous(kit, params):
    wait_s = params["wait_s"]

    async def op(item):
        await kit.sleep(wait_s)
        return item * item

    return op


# What each op is given: one item per op, made anew for every round, the same for one seed.
def make_items(params, seed):
    return list(range(params["n"]))


# The oracle: it gets all results in the order of the items, refuses what is wrong, and says in a few words what is
# right. Without one, a model that skips half of the work would look twice as fast.
def check(params, items, results):
    if list(results) != [item * item for item in items]:
        raise WrongAnswer("the results are not the squares of the items")
    return f"{{len(results)}} squares"


{constant} = Workload(
    # How it is asked for and how ids begin: {name}[wait=1ms,n=20,c=4].
    name="{name}",
    # One line for `when-async list`: what is done, and what that isolates.
    summary="SUMMARY",
    # Style -> body. "blocking" is for sync, threads and processes, "async" for event loops, "pure" for work that never
    # waits. A runner's own name ("asyncio", "trio") is a body for that one; "asyncio/aiohttp" names a client library.
    bodies={{"blocking": blocking, "async": asynchronous}},
    # The knobs: name, least, most, what it is. `_s` is seconds and `_bytes` bytes; `n` is the number of ops.
    params=(
        Param("wait_s", 0.0001, 1, "how long each op waits"),
        Param("n", 1, 1_000_000, "how many ops a round has"),
    ),
    make_items=make_items,
    check=check,
    # Which points each profile measures: Point(ops in flight, parameters). Choose n so that a round of quick takes
    # about 0.2 s, and a second at most one op after another.
    grid={{
        "smoke": (Point(4, {{"wait_s": 0.001, "n": 20}}),),
        "quick": (Point(10, {{"wait_s": 0.005, "n": 100}}),),
        "full": tuple(Point(c, {{"wait_s": 0.005, "n": 200}}) for c in (1, 10, 100)),
    }},
    # The least seconds that arithmetic allows; a round below it is refused. Leave it out where there is no bound.
    ideal_s=lambda params, in_flight: -(-params["n"] // in_flight) * params["wait_s"],
    # What tables are sorted by: "throughput", or "overhead", the time beyond ideal_s.
    headline="throughput",
    # One sentence for the page: what a reader can learn from it, and what not.
    learn="You learn how well each model overlaps waits of a few milliseconds; you do not learn how a network behaves.",
)
'''


@click.group()
def new() -> None:
    """Write a file to begin with, which runs as it is: when-async new workload NAME."""


@new.command("workload")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; default: NAME.py.")
@plain_errors
def workload(name: str, output: Path | None) -> None:
    """Write a workload called NAME as a file to edit: bodies, parameters, items, oracle, grid, each explained."""
    path = output or Path(f"{name}.py")
    write_workload(name, path)
    click.echo(f"{path}\nnext: {shlex.join(['when-async', 'run', '-w', str(path), '--profile', 'smoke'])}")


def write_workload(name: str, path: Path) -> None:
    """Write the template under that name; raises RegistryError where the name or the file will not do."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RegistryError(f"{name!r} cannot be the name of a workload; use letters, digits and _")
    if name in collect("when_async.workloads", Workload):
        raise RegistryError(f"a workload named {name!r} exists already; give yours another name")
    if path.suffix != ".py":
        raise RegistryError(f"{path} does not end in .py, by which `when-async run -w` knows a file")
    # A path with quotes or braces in it is not put into the text of a program.
    shown = path if PLAIN.fullmatch(str(path)) else f"{name}.py"
    text = TEMPLATE.format(name=name, constant=constant(name), path=shown).replace("SUMMARY", SUMMARY)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RegistryError(f"{path} exists already and is not overwritten; name another file with --output") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RegistryError(f"cannot write {path}: {reason}; name a file in a folder that can be written") from None


PLAIN = re.compile(r"[\w./+-]+")
SUMMARY = "n waits, each with a little work after it; isolates how well waits overlap"


def constant(name: str) -> str:
    """What the value is called in the file; a few letters have no upper case that can stand in a name."""
    return name.upper() if name.upper().isidentifier() else "MINE"
