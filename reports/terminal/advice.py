"""What `when-async advise` says: the ranking with intervals, the reason in two sentences, the evidence, code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from when_async.results.prediction.fitted import Fitted, ranking
from when_async.results.prediction.judged import CLOSE_GOAL, LEVEL, RIGHT_GOAL, recommended
from when_async.results.prediction.law import Overheads, Work

from .. import words
from ..lines import columns, flowed, wrapped
from .shapes import shape


def records(found: Sequence[Fitted], work: Work, cores: int) -> list[dict[str, Any]]:
    """One flat object for each interpreter and model, the best first."""
    rows = []
    for known in found:
        chosen = taken(known, work, cores)
        for place, (one, seconds) in enumerate(ranking(known, work, cores), start=1):
            low, high = one.range_s(seconds, work, cores)
            rows.append(
                {
                    "python": known.python,
                    "rank": place,
                    "recommended": one is chosen,
                    "runner": one.runner,
                    "predicted_s": seconds,
                    "low": low,
                    "high": high,
                    "one_core_bound": core_bound(work),
                    "run": known.run,
                    "close": known.accuracy.close,
                    "cells": known.accuracy.cells,
                }
            )
    return rows


def cost(seconds: float) -> str:
    """What a model adds; below a tenth of a nanosecond it adds nothing."""
    return words.scalar(seconds if seconds >= 1e-10 else 0.0, "s")


def core_bound(work: Work) -> float:
    """How many times one op after another a single thread can reach."""
    whole_s = work.wait_s + work.cpu_s
    return min(float(work.concurrency), whole_s / work.cpu_s) if work.cpu_s else float(work.concurrency)


def print_advice(found: Sequence[Fitted], work: Work, cores: int, machine: str) -> None:
    """Print the answer for each interpreter: what to take, the ranking, the reason, the evidence, and code."""
    click.secho("\n".join(wrapped(_asked(work, cores), hanging="  ")), bold=True)
    for known in found:
        best = taken(known, work, cores)
        build = "" if known.gil else ", which has no GIL"
        click.echo()
        click.secho(f"Take {best.runner} on Python {known.python}{build}.", bold=True)
        _ranked(known, work, cores)
        click.echo()
        _say(_reason(known, work, cores))
        _say(_evidence(known, machine, cores))
    click.echo()
    _say(_beyond(work))
    for runner, (best, pythons) in _choices(found, work, cores).items():
        where = f" on {words.listing(pythons)}" if len(found) > 1 else ""
        click.echo(f"\nTo begin from, with {runner}{where}:\n")
        for line in shape(runner, _in_flight(best, work, cores), work.ops).splitlines():
            click.echo(f"    {line}".rstrip())


def _choices(found: Sequence[Fitted], work: Work, cores: int) -> dict[str, tuple[Overheads, list[str]]]:
    """Each model that is recommended, as it is where it is first, and on which interpreters."""
    chosen: dict[str, tuple[Overheads, list[str]]] = {}
    for known in found:
        best = taken(known, work, cores)
        chosen.setdefault(best.runner, (best, []))[1].append(known.python)
    return chosen


def _beyond(work: Work) -> str:
    """What these predictions do not know of, and which claim does."""
    if work.wait_s > work.cpu_s:
        return (
            "Where the waiting is for HTTP, the client library can weigh more than the model: when-async claims "
            "--claim io-bound."
        )
    return (
        "Computing is taken as pure Python. What lets the GIL go, as NumPy does, threads spread over cores too: "
        "when-async claims --claim threads-dont-speed-cpu."
    )


def taken(known: Fitted, work: Work, cores: int) -> Overheads:
    """The model to take: of those that are level with the best the plainest."""
    rows = ranking(known, work, cores)
    name = recommended({one.runner: seconds for one, seconds in rows}, work.concurrency)
    return next(one for one, _ in rows if one.runner == name)


def _in_flight(one: Overheads, work: Work, cores: int) -> int:
    """As many as were asked for; of processes that only compute no more than there are cores."""
    return min(work.concurrency, cores) if one.parallel and not work.wait_s else work.concurrency


def _asked(work: Work, cores: int) -> str:
    parts = [f"wait {words.scalar(work.wait_s, 's')}"] if work.wait_s else []
    parts += [f"compute {words.scalar(work.cpu_s, 's')}"] if work.cpu_s else []
    carried = f", with results of {words.scalar(work.payload_bytes, 'bytes')}" if work.payload_bytes else ""
    each = words.count(work.ops, "op")
    where = f"{work.concurrency} in flight, {words.count(cores, 'core')}"
    return f"{each} that {' and '.join(parts)} each{carried}; {where}"


def _ranked(known: Fitted, work: Work, cores: int) -> None:
    rows, chosen = ranking(known, work, cores), taken(known, work, cores)
    for one, seconds in rows:
        low, high = (words.scalar(end, "s") for end in one.range_s(seconds, work, cores))
        times = f"{words.digits(seconds / rows[0][1])}×"
        mark = "  ← take this" if one is chosen else ""
        shown = (
            f"  {one.runner:<18} ",
            f"{words.scalar(seconds, 's'):>10} ",
            f"{f'[{low}, {high}]':<26} ",
            f"{times:>6}{mark}",
        )
        for own in flowed([(text, "") for text in shown], columns()):
            click.echo("".join(text for text, _ in own).rstrip())


def _reason(known: Fitted, work: Work, cores: int) -> str:
    """Two sentences: what bounds the work, and what tells the best from the next."""
    rows = ranking(known, work, cores)
    best, seconds = rows[0]
    gain = core_bound(work)
    if not work.wait_s:
        first = "Nothing waits, so only more cores make it faster"
    elif work.cpu_s and work.concurrency * work.cpu_s >= work.wait_s + work.cpu_s:
        first = (
            f"One core is full from {words.digits((work.wait_s + work.cpu_s) / work.cpu_s)} in flight on, so a single "
            f"thread gains at most {words.digits(gain)} times over one op after another"
        )
    else:
        first = (
            f"The waits decide: one core could keep up with {_room(work)} in flight, so any model that overlaps them "
            "comes near the bound"
        )
    level = [one.runner for one, other in rows if other <= LEVEL * seconds]
    chosen = taken(known, work, cores).runner
    if len(level) > 1:
        others = words.several([name for name in level if name != chosen])
        second = f"{chosen} is the plainest of those that are level; {others} cannot be told from it"
    elif len(rows) > 1:
        other, slower = rows[1]
        second = (
            f"{best.runner} adds {cost(best.op_s)} of CPU an op and {other.runner} "
            f"{cost(other.op_s)}, and is predicted {words.digits(slower / seconds)} times as fast"
        )
    else:
        second = f"{best.runner} is the only one that is known here"
    return f"{first}. {second[:1].upper()}{second[1:]}."


def _room(work: Work) -> str:
    return words.digits((work.wait_s + work.cpu_s) / work.cpu_s) if work.cpu_s else "any number"


def _evidence(known: Fitted, machine: str, cores: int) -> str:
    seen = known.accuracy
    beyond = f" For {words.count(cores, 'core')} it is extrapolated." if cores != known.cores else ""
    return (
        f"Evidence: the workloads mixed and sleep of run {known.run} on {words.one_line(machine)}, "
        f"{words.count(known.cores, 'core')}.{beyond} In {seen.cells} cells that the figures were not fitted to, "
        f"predictions were within 10 % in {seen.close} ({_percent(seen.close, seen.cells)}; goal "
        f"{CLOSE_GOAL * 100:g} %), and in {seen.right} of {seen.places} places ({_percent(seen.right, seen.places)}; "
        f"goal {RIGHT_GOAL * 100:g} %) the recommended model was the best or within 5 % of it."
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.0f} %"


def _say(text: str) -> None:
    click.echo("\n".join(wrapped(text, indent="  ")))
