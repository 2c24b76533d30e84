"""The front door's `advise`: from the shape of some work to a ranking, the reason, the evidence and code."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import click

from when_async.reports.lines import columns

from .shared import JSON, RUN_FILES, fail, offering, plain_errors, tell

ALL = "all"
KNOWN = Path(__file__).resolve().parents[2] / "results" / "reference" / "advice.json"


@click.command()
@click.option("--wait", "wait", metavar="TIME", help="How long an op waits, such as 50ms.")
@click.option("--cpu", "cpu", metavar="TIME", help="How long an op computes, such as 200us.")
@click.option("-n", "--ops", type=click.IntRange(1, 10**8), default=1000, show_default=True, help="How many ops.")
@click.option(
    "--concurrency",
    "-c",
    type=click.IntRange(1, 1_000_000),
    help="Ops in flight; default: 100, or all where fewer; as many as cores where nothing waits.",
)
@click.option("--payload", metavar="SIZE", default="0B", show_default=True, help="Size of a result, such as 4KiB.")
@click.option("--cores", type=click.IntRange(1, 4096), help="Cores to use; default: those of this machine.")
@click.option(
    "--like",
    metavar="MODULE:FUNCTION",
    help="Measure wait and CPU of a blocking callable of yours, by two calls; a module of this folder, or installed.",
)
@click.option("--args", "args", default="[]", show_default=True, help="Its arguments as a JSON list.")
@click.option("--kwargs", "kwargs", default="{}", show_default=True, help="Its keyword arguments as a JSON object.")
@click.option(
    "--python", "python", metavar="VERSION", shell_complete=offering("interpreters"),
    help="For 3.11, 3.13t, ... or all; default: the one that runs this.",
)  # fmt: skip
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    shell_complete=RUN_FILES,
    help="Advise from this run file of yours instead of the reference; repeatable.",
)
@JSON
@plain_errors
def advise(**options: Any) -> None:
    """Which model for work like this: a ranking with predicted times, the reason, and code to begin from.

    \b
    when-async advise --wait 300ms --cpu 2ms --ops 500           500 slow HTTP calls
    when-async advise --cpu 40ms --ops 10000                     10 000 images to resize
    when-async advise --like 'mine:fetch' --args '["a"]' -n 200  as a function of yours does

    Predictions are the operational bound plus what each runner was seen to add; how far they were off in cells that
    they were not fitted to is printed with each answer. In brackets stands where 95 % of measured times would lie.
    """
    from when_async.reports.terminal.advice import print_advice, records
    from when_async.results.prediction.advice_file import from_frame, read
    from when_async.results.prediction.law import Work

    wait_s, cpu_s = _times(options)
    ops = options["ops"]
    payload_bytes = int(_quantity("--payload", options, "bytes"))
    cores = options["cores"] or _cores()
    concurrency = options["concurrency"] or min(ops, 100 if wait_s else cores)
    work = Work(wait_s, cpu_s, ops, concurrency, payload_bytes)
    if options["runs"]:
        from when_async.results.frame import load

        frame = load(list(options["runs"]))
        found, machine = from_frame(frame), "the machine of these runs"
    else:
        found, machine = read(KNOWN)
    asked = _of(found, options["python"])
    if options["as_json"]:
        click.echo(json.dumps(records(asked, work, cores), indent=1))
        return
    print_advice(asked, work, cores, machine)
    if others := [one.python for one in found if one not in asked]:
        where = f"On {', '.join(others)} it may be another: --python VERSION, or --python all."
        click.echo("\n" + textwrap.fill(where, columns(), break_on_hyphens=False))


def _of(found: list[Any], python: str | None) -> list[Any]:
    """What is known of the interpreter asked for; of the one that runs this where none was, or of one that is like it.

    Raises AdviceError where nothing is known of it.
    """
    from when_async.results.prediction.advice_file import AdviceError

    from ..environments.provision import default_label

    if python == ALL:
        return found
    label = python or default_label()
    asked = [one for one in found if one.python == label]
    if not asked and python:
        known = ", ".join(one.python for one in found)
        raise AdviceError(f"nothing is known of Python {python} here; known are {known}")
    if not asked:
        like = [one for one in found if one.gil is not label.endswith("t")] or found
        tell(f"note: nothing is known of Python {label} here; this is for {like[-1].python}")
        return like[-1:]
    return asked[-1:]


def _cores() -> int:
    from ..machine.fingerprint import usable_cores

    return usable_cores()


def _quantity(option: str, options: dict[str, Any], unit: str) -> float:
    """A time or a size as a person writes it."""
    from ..model import Param
    from ..quantity import QuantityError, read

    name = option.removeprefix("--")
    text = str(options[name]).replace(" ", "")
    if unit == "s" and re.fullmatch(r"[\d.]*[1-9][\d.]*", text):
        fail(f"{option} {text} has no unit; write {option} {text}ms or {option} {text}s")
    suffix = {"s": "_s", "bytes": "_bytes"}[unit]
    try:
        return float(read(text, Param(f"{name}{suffix}", 0.0 if unit == "s" else 0, 1e12, "")))
    except QuantityError as error:
        example = "50ms" if unit == "s" else "4KiB"
        why = "is not understood" if "not understood" in str(error) else f"cannot be: {error}"
        fail(f"{option} {options[name]} {why}; write it like {option} {example}")


def _times(options: dict[str, Any]) -> tuple[float, float]:
    """Seconds that an op waits and computes, as given or as measured on a callable."""
    if options["like"] is None:
        if options["wait"] is None and options["cpu"] is None:
            fail("say what an op does, such as --wait 50ms --cpu 1ms, or name a function with --like module:function")
        values = {name: options[name] or "0s" for name in ("wait", "cpu")}
        wait_s, cpu_s = (_quantity(f"--{name}", values, "s") for name in ("wait", "cpu"))
        if not wait_s + cpu_s:
            fail("an op that neither waits nor computes takes no time; give --wait or --cpu a length")
        return wait_s, cpu_s
    if options["wait"] is not None or options["cpu"] is not None:
        fail("--like measures what --wait and --cpu say; give one or the other")
    from .own.asking import Asked, environments, look_at, make_call
    from .own.notes import notes, refuse_cached
    from .own.planning import waits

    call = make_call(options["like"], options["args"], options["kwargs"])
    able = environments((), {"pythons": (), "pins": ()})
    (seen,) = look_at(Asked(call, any_result=True), able[0], 60.0)
    refuse_cached(call, seen)
    for note in notes(call, seen):
        tell(f"note: {note}")
    return seen.waits_s if waits(seen) else 0.0, max(seen.cpu_s, 1e-7)
