"""The front door's `advise`: from the shape of some work to a ranking, the reason, the evidence and code."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from when_async.reports.lines import columns

from .shared import JSON, RUN_FILES, Finite, fail, offering, plain_errors, tell

if TYPE_CHECKING:
    from when_async.results.prediction.work import Work

    from .advising import Op

ALL = "all"
DEFAULT = 100
"""In flight where nobody says how many."""
KNOWN = Path(__file__).resolve().parents[2] / "results" / "reference" / "advice.json"
JUDGE = KNOWN.with_name("judge.json")


@click.command()
@click.option("--wait", "wait", metavar="TIME", help="How long an op waits, such as 50ms.")
@click.option("--cpu", "cpu", metavar="TIME", help="How long an op computes, such as 200us.")
@click.option(
    "--waits", "waits_per_op", type=click.IntRange(1, 1000), default=1, show_default=True,
    help="How often an op waits, each time for --wait; what it computes is spread evenly.",
)  # fmt: skip
@click.option("-n", "--ops", type=click.IntRange(1, 10**8), default=1000, show_default=True, help="How many ops.")
@click.option(
    "--concurrency",
    "-c",
    type=click.IntRange(1, 1_000_000),
    help="Ops in flight at most; default: 100, or all where fewer; as many as cores where nothing waits.",
)
@click.option(
    "--gil-free",
    "gil_free",
    metavar="SHARE",
    type=Finite(0, 1),
    help="Share of the computing that lets the GIL go, as NumPy, zlib and hashlib do: 0 to 1; default: 0.",
)
@click.option(
    "--rate", metavar="RATE", help="Ops come by themselves so often, such as 200/s: how busy, p50 and p99, workers."
)
@click.option(
    "--http", is_flag=True, help="Each op is a call over HTTP: adds the CPU of the leanest client measured with each."
)
@click.option("--payload", metavar="SIZE", help="Size of a result when pickled, such as 4KiB; default: nothing.")
@click.option("--cores", type=click.IntRange(1, 4096), help="Cores to use; default: those of this machine.")
@click.option(
    "--like",
    metavar="MODULE:FUNCTION",
    help="Measure what a blocking callable of yours does, by two calls; a module of this folder, or installed.",
)
@click.option("--args", "args", default="[]", show_default=True, help="Its arguments as a JSON list.")
@click.option("--kwargs", "kwargs", default="{}", show_default=True, help="Its keyword arguments as a JSON object.")
@click.option(
    "--python", "python", metavar="VERSION", shell_complete=offering("interpreters"),
    help="For 3.11, 3.13t, ... or all; with --like also a path, where it is called. Default: that of your project's "
    "environment with --like, else the one that runs this.",
)  # fmt: skip
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    shell_complete=RUN_FILES,
    help="Advise from this run file of yours instead of the reference; repeatable.",
)
@click.option(
    "--code",
    "code",
    type=click.Choice(["best", ALL]),
    default="best",
    show_default=True,
    help="Print the code of the best, or of all that are ranked.",
)
@JSON
@plain_errors
def advise(**options: Any) -> None:
    """Which model for work like this: a ranking with predicted times, the reason, and code to begin from.

    \b
    when-async advise --wait 300ms --cpu 2ms --ops 500 --http    500 slow HTTP calls
    when-async advise --cpu 40ms --ops 10000                     10 000 images to resize
    when-async advise --like 'mine:fetch' --args '["a"]' -n 200  as a function of yours does
    when-async advise --wait 5ms --waits 3 --cpu 2ms --rate 200/s  a service: three queries a request

    Predictions simulate each model event by event, with what it costs on the reference machine, and count the start of
    pool or loop; how far they were off in cells that they were not fitted to is printed with each answer. In brackets
    stands where 95 % of measured times would lie.
    """
    from when_async.reports.terminal.advice import Asked, print_advice, records
    from when_async.results.prediction import before_judge
    from when_async.results.prediction.advice_file import from_frame, read
    from when_async.results.prediction.before_judge import judged

    from .advising import calibrated_here, limits

    _refuse_vain(options)
    work, cores = _work(options)
    if options["runs"]:
        from when_async.results.frame import load

        frame = load(list(options["runs"]))
        found, machine = from_frame(frame), "the machine of these runs"
    else:
        found, machine = read(KNOWN)
        found = judged(calibrated_here(found), before_judge.read(JUDGE))
    chosen = _of(found, options["python"], options.get("here"))
    others = [one for one in found if one not in chosen]
    if options["http"]:
        chosen, others = _over_http(chosen), _over_http([one for one in others if one.clients])
    asked = Asked(work, cores, limits(options["cores"] or _cores()))
    if options["rate"] is not None:
        _serve(chosen, asked, _rate(options["rate"]), as_json=options["as_json"])
        return
    if options["as_json"]:
        click.echo(json.dumps(records(chosen, asked), indent=1))
        return
    print_advice(chosen, asked, machine, others, every=options["code"] == ALL)
    if others:
        names = ", ".join(one.python for one in others)
        where = f"On {names} it may be another: --python VERSION, or --python all."
        click.echo("\n" + textwrap.fill(where, columns(), break_on_hyphens=False))


def _refuse_vain(options: dict[str, Any]) -> None:
    """Refuse what would have no effect."""
    given = click.get_current_context().get_parameter_source
    if options["rate"] is not None:
        for name, option in (("ops", "-n"), ("concurrency", "-c"), ("code", "--code")):
            if given(name) is click.core.ParameterSource.COMMANDLINE:
                fail(f"with --rate ops come by themselves, and {option} says nothing; leave it out")
    if options["http"] and options["like"] is not None:
        fail("--like measures what a client costs with the rest; --http would count it twice")
    if options["waits_per_op"] > 1 and options["wait"] is None:
        fail("--waits says how often an op waits for --wait; give that a length too")


def _over_http(found: list[Any]) -> list[Any]:
    """The same with clients. Raises AdviceError where none was measured."""
    from when_async.results.prediction.advice_file import AdviceError
    from when_async.results.prediction.fitted import over_http

    for known in found:
        if not known.clients:
            why = f"no client for HTTP was measured on Python {known.python}"
            raise AdviceError(f"{why}; measure some with: when-async run -w http_fetch, and name the file with --run")
    return [over_http(known) for known in found]


def _serve(chosen: list[Any], asked: Any, rate_per_s: float, *, as_json: bool) -> None:
    from when_async.reports.terminal.serving import print_services, records

    if as_json:
        click.echo(json.dumps(records(chosen, asked, rate_per_s), indent=1))
    else:
        print_services(chosen, asked, rate_per_s)


def _rate(text: str) -> float:
    """How many ops come in a second: `200/s`, or a bare number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/s)?", text.replace(" ", ""))
    if found is None or not 0 < float(found[1]) <= 1e7:
        fail(f"--rate {text} is not understood; write it like --rate 200/s")
    return float(found[1])


def _work(options: dict[str, Any]) -> tuple[Work, int]:
    """What is to be done, and how many calls at once the cores can compute."""
    from when_async.results.prediction.work import Work

    from .advising import cores_left

    op = _op(options)
    cores = cores_left(options["cores"] or _cores(), op)
    work = Work(op.wait_s, op.cpu_s, options["ops"], 1, op.payload_bytes, op.gil_free, op.carry_s,
                options["waits_per_op"])  # fmt: skip
    concurrency = options["concurrency"] or min(work.ops, DEFAULT if work.waits else cores)
    return replace(work, concurrency=concurrency), cores


def _of(found: list[Any], python: str | None, here: str | None) -> list[Any]:
    """What is known of the interpreter asked for; of the one `here` where none was, or of one that is like it.

    Here is where a callable was looked at, else what runs this. Raises AdviceError where nothing is known of it.
    """
    from when_async.results.prediction.advice_file import AdviceError

    from ..environments.provision import default_label

    if python == ALL:
        return found
    label = python or here or default_label()
    asked = [one for one in found if one.python == label]
    if not asked and python:
        known = ", ".join(one.python for one in found)
        raise AdviceError(f"nothing is known of Python {python} here; known are {known}")
    if not asked:
        like = [one for one in found if one.gil is not label.endswith("t")] or found
        tell(f"note: nothing is known of Python {label} here; this is for {like[-1].python}")
        return like[-1:]
    return asked[-1:]


def _is_place(python: str | None) -> bool:
    from ..environments.own import is_place

    return python is not None and is_place(python)


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


def _op(options: dict[str, Any]) -> Op:
    """What an op does, as given or as seen of a callable; what is given of GIL and result holds in any case."""
    from .advising import Op, look

    if options["like"] is None:
        if options["wait"] is None and options["cpu"] is None:
            fail("say what an op does, such as --wait 50ms --cpu 1ms, or name a function with --like module:function")
        values = {name: options[name] or "0s" for name in ("wait", "cpu")}
        op = Op(_quantity("--wait", values, "s"), _quantity("--cpu", values, "s"))
        if not op.wait_s + op.cpu_s:
            fail("an op that neither waits nor computes takes no time; give --wait or --cpu a length")
    elif options["wait"] is not None or options["cpu"] is not None:
        fail("--like measures what --wait and --cpu say; give one or the other")
    else:
        op, options["here"] = look(options["like"], options["args"], options["kwargs"], options["python"])
        options["python"] = None if _is_place(options["python"]) else options["python"]
    if options["payload"] is not None:
        op = replace(op, payload_bytes=int(_quantity("--payload", options, "bytes")))
    return op if options["gil_free"] is None else replace(op, gil_free=options["gil_free"])
