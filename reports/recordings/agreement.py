"""One verdict for each claim, interpreter and machine from all recordings of it, which have to agree.

Recordings that have no figure for a claim say nothing, nor does one that was not asked for all its parts and is open
for that alone. Where all others say the same word it stands, and is shown as
the recording found it that took the same number of processes everywhere, the newest of several: it has all parts, and
its figures do not depend on when a run stopped. Where two words differ nothing is decided: the word is INCONCLUSIVE
whatever the words are, INCONCLUSIVE beside HOLDS included, and the sentence names each with its date. Figures are never
pooled, and machines never vote on each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from when_async.bench.model.builds import unlike
from when_async.results.cells.rule import DECIDE
from when_async.results.machines import machine_of, names_of
from when_async.results.runfile import Header

from .. import words
from ..verdicts.claim import Reading, Side, Word
from ..verdicts.judging import Heard, Record, Verdict


def agreed(verdicts: Iterable[Verdict], headers: Iterable[Header]) -> list[Verdict]:
    """What is shown of each claim, interpreter and machine, in this order, each with what the recordings of it said.

    `headers` are those of the runs that the verdicts are of.
    """
    by_run = {str(one.get("run")): one for one in headers}
    machines = {run: machine_of(header) for run, header in by_run.items()}
    names = names_of(machines.values())
    found: dict[str, dict[str, dict[str, list[Verdict]]]] = {}
    for one in verdicts:
        machine = names[machines[one.run]]
        found.setdefault(one.claim.name, {}).setdefault(one.python, {}).setdefault(machine, []).append(one)
    return [
        together(own, by_run, machine)
        for pythons in found.values() for boxes in pythons.values() for machine, own in boxes.items()
    ]  # fmt: skip


def together(own: Sequence[Verdict], headers: Mapping[str, Header], machine: str) -> Verdict:
    """What is shown of several verdicts on one claim, interpreter and machine; `headers` by run."""
    said = [_heard(one, headers[one.run]) for one in own]
    heard = tuple(sorted(said, key=lambda one: (one.started, one.verdict.run)))
    record = Record(machine, heard, apart([environment_of(headers[one.run], one.python) for one in own]))
    spoken = [one for one in own if one.speaks] or list(own)
    shown = max(spoken, key=lambda one: rank(headers[one.run]))
    if record.agree:
        return replace(shown, record=record)
    readings = tuple(_disputed(one, spoken) for one in shown.readings)
    return replace(
        shown, word=Word.INCONCLUSIVE, sentence=disagreement(record), estimate=None, kind="", boundary=None,
        readings=readings, record=record,
    )  # fmt: skip


def rank(header: Header) -> tuple[bool, int, str]:
    """Which of several recordings is shown: one with the same number of processes everywhere, the newest of them."""
    whole = header.get("profile") != DECIDE
    return (whole, int(header.get("forks") or 0) if whole else 0, str(header.get("run")))


def one_each(headers: Mapping[Path, Header]) -> list[Path]:
    """Of several recordings of one machine that which is shown, for each interpreter, in the order of the files."""
    best: dict[str, Path] = {}
    for path, header in headers.items():
        for python in (str(one.get("label")) for one in header.get("environments") or ()):
            if python not in best or rank(header) > rank(headers[best[python]]):
                best[python] = path
    return [path for path in headers if path in best.values()]


def disagreement(record: Record) -> str:
    """`Recordings disagree: HOLDS on 1 December 15:10, INCONCLUSIVE at 18:20.`"""
    said, today = [], ""
    for one in record.spoken:
        date, _, time = day(one.started).partition(", ")
        date = date[:-5]
        said.append(f"{one.word} {'at' if date == today else f'on {date}'} {time}".rstrip())
        today = date
    apart = f" They are not of one interpreter: {record.apart}." if record.apart else ""
    return f"Recordings disagree: {', '.join(said)}.{apart}"


def day(started: str) -> str:
    """A time of a header as people write it: `1 December 2026, 15:10`."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def counted(one: Verdict) -> str:
    """`agreed in 3 recordings`; empty where there is one, and where they disagree, which the sentence says."""
    record = one.record
    if record is None or len(record.heard) < 2 or not record.agree:
        return ""
    spoken, all_ = len(record.spoken), len(record.heard)
    many = words.count(all_, "recording")
    said = f"agreed in {many}" if spoken == all_ else f"in {spoken} of {many}, the others have no figure for it"
    return f"{said}; not of one interpreter: {record.apart}" if record.apart else said


def machines(verdicts: Iterable[Verdict]) -> list[str]:
    """The names of the machines that verdicts are of, in order."""
    return list(dict.fromkeys(one.record.machine for one in verdicts if one.record))


def otherwise(one: Verdict, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those of other machines on the same claim and interpreter that say another word."""
    if one.record is None or one.word is Word.NOT_MEASURED:
        return []
    return [
        other for other in verdicts
        if other.record and other.record.machine != one.record.machine
        and (other.claim.name, other.python) == (one.claim.name, one.python)
        and other.word not in (one.word, Word.NOT_MEASURED)
    ]  # fmt: skip


def environment_of(header: Header, python: str) -> Mapping[str, Any]:
    """What a run recorded of one of its interpreters."""
    return next((one for one in header.get("environments") or () if one.get("label") == python), {})


def _heard(one: Verdict, header: Header) -> Heard:
    whole = header.get("profile") != DECIDE
    forks = words.count(int(header.get("forks") or 0), "process")
    rule = f"{forks} throughout" if whole else "stopped when decided"
    return Heard(str(header.get("started", "")), rule, one)


def apart(environments: Sequence[Mapping[str, Any]]) -> str:
    """In what the interpreters of some recordings differ from the first: version or build; empty where they do not."""
    first, *rest = environments
    said: list[str] = []
    for other in rest:
        if other.get("version") != first.get("version"):
            said.append(f"version {first.get('version')} vs {other.get('version')}")
        said += unlike(first.get("build") or {}, other.get("build") or {})
    return "; ".join(dict.fromkeys(said))


def _disputed(one: Reading, spoken: Sequence[Verdict]) -> Reading:
    """A part as one recording has it; it lies across its bound where another recording puts it on another side."""
    sides = {each.side for verdict in spoken for each in verdict.readings if each.part is one.part}
    return replace(one, side=Side.ACROSS) if len(sides - {Side.MISSING}) > 1 else one
