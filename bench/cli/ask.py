"""The front door's `ask`: one sentence on what people ask, from the newest run where it decided, else the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..model import WhenAsyncError
from .shared import JSON, fail, plain_errors, tell

if TYPE_CHECKING:
    from when_async.reports.answers.answer import Answer, Evidence
    from when_async.reports.answers.topics import Topic


def _topics(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For the shell's completion."""
    from when_async.reports.answers.topics import TOPICS

    return [one.name for one in TOPICS if one.name.startswith(incomplete)]


@click.command()
@click.argument("topic", required=False, shell_complete=_topics)
@click.option("--python", metavar="VERSION", help="For 3.11, 3.13t, ...; default: the one that runs this.")
@click.option("--reference", is_flag=True, help="Answer from the recorded reference, whatever was measured here.")
@JSON
@plain_errors
def ask(topic: str | None, python: str | None, reference: bool, as_json: bool) -> None:
    """Answer a question in a sentence: its figure, what to do, and where it does not hold.

    Your newest run answers where it decided the question, else a recorded reference does, which is named. Without a
    TOPIC all are listed with their short answers.

    \b
    when-async ask uvloop
    when-async ask http --python 3.14
    when-async ask free-threading --json
    """
    from when_async.reports.answers.telling import listed, told
    from when_async.reports.answers.topics import TOPICS, find

    asked = [find(topic)] if topic else list(TOPICS)
    found = _answers(asked, python, reference)
    if topic and python and found[0].source.python != python:
        tell(f"note: Python {python} does not decide this; Python {found[0].source.python} does")
    if as_json:
        click.echo(json.dumps([one.flat() for one in found], indent=1))
    elif topic:
        click.echo("\n".join([*told(found[0]), *_code(found[0])]))
    else:
        click.echo("\n".join(listed(found)))


def _answers(asked: Sequence[Topic], python: str | None, reference: bool) -> list[Answer]:
    """The newest run's answers, and the reference's to what that left open.

    Without a `python` the interpreter that runs this comes first, with one no other of the newest run does.
    """
    from when_async.reports.answers.topics import answer

    from ..environments.provision import default_label

    own = [] if reference else [one for one in _newest(asked) if python in (None, one.source.python)]
    label = python or default_label()
    found = {one.name: answer(one, own, python=label) for one in asked}
    left = [one for one in asked if (said := found[one.name]) is None or not said.decided]
    if left:
        known = _reference(left)
        there = list(dict.fromkeys(one.source.python for one in (*own, *known)))
        if python and python not in there:
            fail(f"nothing is known of Python {python} here; known are {', '.join(there)}")
        found |= {one.name: answer(one, own, known, label) for one in left}
    return [one for one in found.values() if one is not None]


def _code(one: Answer) -> Iterator[str]:
    """Lines to begin from."""
    from when_async.reports.terminal.shapes import shape

    from ..machine.fingerprint import usable_cores

    if one.model:
        in_flight = one.in_flight or usable_cores()
        yield "\nTo begin from:\n"
        yield from (f"    {line}".rstrip() for line in shape(one.model, in_flight, 100 * in_flight).splitlines())


def _newest(asked: Sequence[Topic]) -> list[Evidence]:
    """What the newest run says of these; nothing where there is none or it cannot be read, which is told."""
    from .folders import latest_run

    path = latest_run()
    try:
        return _evidence([path], asked) if path else []
    except WhenAsyncError as error:
        tell(f"note: {error}; the reference answers instead")
        return []


def _reference(asked: Sequence[Topic]) -> list[Evidence]:
    """What the recorded reference says of these."""
    from .claims import references

    return _evidence(references(), asked, reference=True)


def _evidence(paths: Sequence[Path], asked: Sequence[Topic], *, reference: bool = False) -> list[Evidence]:
    """The verdicts behind these topics, by run and interpreter."""
    from when_async.reports.answers.answer import gathered
    from when_async.reports.recordings.agreement import agreed
    from when_async.reports.verdicts.judging import claims
    from when_async.reports.verdicts.kept import judged
    from when_async.results.overview import header_of

    known = claims()
    verdicts, notes = judged(
        paths, [known[name] for name in dict.fromkeys(name for one in asked for name in one.claims)]
    )
    for note in notes:
        tell(f"note: {note}")
    headers = [header_of(path) for path in paths]
    return gathered(agreed(verdicts, headers), headers, reference=reference)
