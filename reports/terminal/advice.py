"""What `when-async advise` says: the ranking with intervals, the largest lever, the reason, the evidence, code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.programs import Limits, Program, lever, ranking, taken
from when_async.results.prediction.work import Work

from .. import words
from ..lines import columns, flowed, wrapped
from .reasons import beyond, callers, core_bound, counted, edges, evidence, limited, reason, said_of
from .shapes import shape


@dataclass(frozen=True)
class Asked:
    """What was asked for: the work, for so many cores, and by runner the most that it can have in flight."""

    work: Work
    cores: int
    limits: Limits

    def ranking(self, known: Fitted) -> list[Program]:
        return ranking(known, self.work, self.cores, self.limits)


def code(one: Program) -> str:
    """The program that was ranked, for `work` and `items` of one's own."""
    return shape(one.runner, one.in_flight, one.work.ops)


def records(found: Sequence[Fitted], asked: Asked) -> list[dict[str, Any]]:
    """One flat object for each interpreter and model, the best first."""
    rows = []
    for known in found:
        ranked = asked.ranking(known)
        chosen = taken(ranked)
        for place, one in enumerate(ranked, start=1):
            low, high = one.range_s()
            edge = one.edge_s()
            rows.append(
                {
                    "python": known.python,
                    "rank": place,
                    "recommended": one is chosen,
                    "runner": one.runner,
                    "in_flight": one.in_flight,
                    "limit": one.because or None,
                    "predicted_s": one.seconds,
                    "start_s": one.start_s,
                    "low": low,
                    "high": high,
                    "edge_low": edge[0] if edge else None,
                    "edge_high": edge[1] if edge else None,
                    "one_core_bound": core_bound(one.one.called(asked.work)),
                    "run": known.run,
                    "calibrated": known.calibrated or None,
                    "close": known.accuracy.close,
                    "cells": known.accuracy.cells,
                    "code": code(one),
                }
            )
    return rows


def print_advice(found: Sequence[Fitted], asked: Asked, machine: str, others: Sequence[Fitted], every: bool) -> None:
    """Print the answer for each interpreter: what to take, the ranking, the lever, the reason, the evidence, code.

    `others` are interpreters that could be had instead; `every` asks for the code of all that are ranked.
    """
    click.secho("\n".join(wrapped(said_of(asked.work, asked.cores), hanging="  ")), bold=True)
    for known in found:
        ranked = asked.ranking(known)
        build = "" if known.gil else ", which has no GIL"
        click.echo()
        click.secho(f"Take {taken(ranked).runner} on Python {known.python}{build}.", bold=True)
        _ranked(ranked)
        click.echo()
        for text in (*limited(ranked), *edges(ranked)):
            _say(text)
        if largest := _lever(known, others, asked):
            _say(largest)
        _say(reason(ranked, taken(ranked).one.called(asked.work)))
        _say(evidence(known, machine, asked.cores))
        _say(counted(known))
    click.echo()
    _say(callers(found[-1]) if any(one.call_s for one in found[-1].models) else beyond(asked.work))
    for text, (best, pythons) in _programs(found, asked, every).items():
        where = f" on {words.listing(pythons)}" if len(found) > 1 else ""
        click.echo(f"\nTo begin from, with {best.runner}{where}:\n")
        for line in text.splitlines():
            click.echo(f"    {line}".rstrip())


def _programs(found: Sequence[Fitted], asked: Asked, every: bool) -> dict[str, tuple[Program, list[str]]]:
    """By its code each program that is recommended, or that is ranked at all, and on which interpreters."""
    chosen: dict[str, tuple[Program, list[str]]] = {}
    for known in found:
        ranked = asked.ranking(known)
        best = taken(ranked)
        for one in [best, *(other for other in ranked if every and other is not best)]:
            chosen.setdefault(code(one), (one, []))[1].append(known.python)
    return chosen


def _ranked(ranked: Sequence[Program]) -> None:
    chosen = taken(ranked)
    _row(("  model              ", "in flight ", " predicted ", "[95 % of measured]       ", "start-up ", "  ratio"))
    for one in ranked:
        low, high = (words.scalar(end, "s") for end in one.range_s())
        times = f"{words.digits(one.seconds / ranked[0].seconds)}×"
        mark = "  ← take this" if one is chosen else ""
        started = words.scalar(one.start_s, "s") if one.start_s >= MOMENT_S else "none"
        _row(
            (
                f"  {one.runner:<18} ",
                f"{one.in_flight:>9} ",
                f"{words.scalar(one.seconds, 's'):>10} ",
                f"{f'[{low}, {high}]':<24} ",
                f"{started:>9} ",
                f"{times:>7}{mark}",
            )
        )


MOMENT_S = 5e-5
"""A start-up that is shorter is none beside the start of an interpreter."""


def _row(shown: Sequence[str]) -> None:
    for own in flowed([(text, "") for text in shown], columns()):
        click.echo("".join(text for text, _ in own).rstrip())


def _lever(known: Fitted, others: Sequence[Fitted], asked: Asked) -> str:
    """The largest lever in a sentence; empty where there is none."""
    found = lever(known, others, asked.work, asked.cores, asked.limits)
    if found is None:
        return ""
    before, after = found.before, found.after
    times = f"{words.scalar(after.seconds, 's')} instead of {words.scalar(before.seconds, 's')}"
    if found.python:
        return f"The largest lever is the interpreter: {after.runner} on Python {found.python}: {times}."
    where = "" if after.runner == before.runner else f" with {after.runner}"
    return (
        f"The largest lever: {after.in_flight} in flight instead of {before.in_flight}: {times}{where}, if what is "
        "waited for bears so many."
    )


def _say(text: str) -> None:
    click.echo("\n".join(wrapped(text, indent="  ")))
