"""What `when-async advise` says: the ranking with intervals, the reason in two sentences, the evidence, code."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

import click

from reports import words
from reports.shapes import shape
from results.prediction import LEVEL, Overheads, Work, recommended
from results.prediction_cells import Fitted, ranking

WIDTH = 100


def records(found: Sequence[Fitted], work: Work, cores: int) -> list[dict[str, Any]]:
    """One flat object for each interpreter and model, the best first."""
    rows = []
    for known in found:
        chosen = taken(known, work, cores)
        for place, (one, seconds) in enumerate(ranking(known, work, cores), start=1):
            low, high = bounds(one, seconds)
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


def bounds(one: Overheads, seconds: float) -> tuple[float, float]:
    """Where 95 % of the cells that the figures had not seen would put the measured time."""
    return seconds * exp(one.error_low), seconds * exp(one.error_high)


def core_bound(work: Work) -> float:
    """How many times one op after another a single thread can reach."""
    whole_s = work.wait_s + work.cpu_s
    return min(float(work.concurrency), whole_s / work.cpu_s) if work.cpu_s else float(work.concurrency)


def print_advice(found: Sequence[Fitted], work: Work, cores: int, machine: str) -> None:
    """Print the answer for each interpreter, the quickest of them first."""
    order = sorted(found, key=lambda known: ranking(known, work, cores)[0][1])
    click.secho(_asked(work, cores), bold=True)
    for known in order:
        click.echo()
        _ranked(known, work, cores)
    best = taken(order[0], work, cores)
    click.echo()
    _say(_reason(order[0], work, cores))
    click.echo()
    _say(_evidence(order[0], machine))
    click.echo(f"\nTo begin from, with {best.runner}:\n")
    for line in shape(best.runner, _in_flight(best, work, cores), work.ops).splitlines():
        click.echo(f"    {line}".rstrip())


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
    build = "" if known.gil else " (no GIL)"
    click.echo(f"  Python {known.python}{build}")
    rows = ranking(known, work, cores)
    for one, seconds in rows:
        low, high = (words.scalar(end, "s") for end in bounds(one, seconds))
        times = words.digits(seconds / rows[0][1])
        level = "best" if one is rows[0][0] else f"{times}×"
        click.echo(f"    {one.runner:<18} {words.scalar(seconds, 's'):>10} {f'[{low}, {high}]':<26} {level}")


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
            f"{best.runner} adds {words.scalar(best.op_s, 's')} of CPU an op and {other.runner} "
            f"{words.scalar(other.op_s, 's')}, and is predicted {words.digits(slower / seconds)} times as fast"
        )
    else:
        second = f"{best.runner} is the only one that is known here"
    return f"{first}. {second[:1].upper()}{second[1:]} (Python {known.python})."


def _room(work: Work) -> str:
    return words.digits((work.wait_s + work.cpu_s) / work.cpu_s) if work.cpu_s else "any number"


def _evidence(known: Fitted, machine: str) -> str:
    seen = known.accuracy
    return (
        f"Evidence: the workloads mixed and sleep of run {known.run} on {words.one_line(machine)} "
        f"({words.count(known.cores, 'core')}). In {seen.cells} cells that the figures were not fitted to, predictions "
        f"were within 10 % in {seen.close} ({seen.close / max(1, seen.cells):.0%}), and in {seen.right} of "
        f"{seen.places} places the recommended model was the best or within 5 % of it."
    ).replace("%)", " %)")


def _say(text: str) -> None:
    import textwrap

    click.echo(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))
