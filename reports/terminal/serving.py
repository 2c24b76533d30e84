"""What `when-async advise --rate` says: how busy each model is under that rate, and what an op takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.served import Service, services, taken

from .. import words
from ..lines import wrapped
from .advice import Asked
from .reasons import callers, each_does

LIMITS = (
    "Predicted: ops come at random and wait for nobody. This was held against queueing theory, and not yet against a "
    "service that was measured: when-async run -w http_server. What a server or a database adds is not in it."
)


def records(found: Sequence[Fitted], asked: Asked, rate_per_s: float) -> list[dict[str, Any]]:
    """One flat object for each interpreter and model, the best first; a time is null where more comes than is borne."""
    rows = []
    for known in found:
        ranked = services(known, asked.work, asked.cores, rate_per_s, asked.limits)
        chosen = taken(ranked)
        for place, one in enumerate(ranked, start=1):
            borne = one.served.borne
            rows.append(
                {
                    "python": known.python,
                    "rank": place,
                    "recommended": one is chosen,
                    "runner": one.runner,
                    "rate_per_s": rate_per_s,
                    "workers": one.workers,
                    "busy": one.served.busy,
                    "p50_s": one.served.p50_s if borne else None,
                    "p99_s": one.served.p99_s if borne else None,
                    "most_per_s": one.most_per_s,
                }
            )
    return rows


def print_services(found: Sequence[Fitted], asked: Asked, rate_per_s: float) -> None:
    """Print the answer for each interpreter: what to take, and each model with what becomes of that rate."""
    one = replace(asked.work, ops=1, concurrency=1)
    head = f"{words.digits(rate_per_s)} ops a second that {each_does(one)}; {words.count(asked.cores, 'core')}"
    click.secho("\n".join(wrapped(head, hanging="  ")), bold=True)
    for known in found:
        ranked = services(known, asked.work, asked.cores, rate_per_s, asked.limits)
        chosen = taken(ranked)
        click.echo()
        answer = f"Take {chosen.runner}" if chosen else "No model bears that rate"
        click.secho(f"{answer} on Python {known.python}{'' if known.gil else ', which has no GIL'}.", bold=True)
        click.echo("  model              workers     busy        p50        p99  bears at most")
        for each in ranked:
            click.echo(_row(each) + ("  ← take this" if each is chosen else ""))
    click.echo()
    for text in (
        "Busy is the share of the time in which one core computes, or all of them for processes and without a GIL. "
        "Workers are the fewest with which the 99th percentile is as good as it gets.",
        callers(found[-1]) if any(one.call_s for one in found[-1].models) else "",
        LIMITS,
    ):
        click.echo("\n".join(wrapped(text, indent="  ")) if text else "", nl=bool(text))


def _row(one: Service) -> str:
    served = one.served
    times = [words.scalar(seconds, "s") if served.borne else words.DASH for seconds in (served.p50_s, served.p99_s)]
    busy = f"{served.busy * 100:.0f} %" if served.borne else "overrun"
    most = f"{words.digits(one.most_per_s)}/s"
    return f"  {one.runner:<18} {one.workers:>7}  {busy:>7}  {times[0]:>9}  {times[1]:>9}  {most:>13}"
