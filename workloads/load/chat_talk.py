"""What is said in the room of workloads/chat.py, and whether each member got it: no sockets and no clock in here.

An order gives the whole talk: who says which line and when is drawn from its seed, so every contestant serves the same
talk. A line is `SPEAKER NUMBER FILLER`, with the number counted for each speaker, and is exactly `size_bytes` long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import shake_128
from random import Random
from typing import Any

from ..chat import SAMPLED

LEAST_BYTES = 32
"""A line holds who said it, its number and some filler, for as many members and lines as an order may ask for."""
MOST_BYTES = 1 << 16
MOST_MEMBERS = 100_000
MOST_DELIVERIES = 2_000_000
"""All that is heard is kept until it is checked: at 64 bytes a line this is some 300 MB."""


@dataclass(frozen=True)
class Order:
    """One talk: so many members of the server at host:port say so many lines between them.

    `rate_per_s` counts the lines that the whole room says; 0 says the next when the last has reached everybody.
    A talk is given up when nothing at all was heard for `patience_s`.
    """

    host: str
    port: int
    members: int
    lines: int
    rate_per_s: float
    size_bytes: int
    seed: int
    patience_s: float = 5.0


def read_order(text: bytes) -> Order:
    """The order in one JSON line; raises ValueError that says what is wrong with it."""
    given = json.loads(text)
    known = {each.name for each in fields(Order)}
    if not isinstance(given, dict) or not set(given) <= known:
        raise ValueError(f"an order has {', '.join(sorted(known))}, and nothing else")
    try:
        order = Order(**given)
    except TypeError as error:
        raise ValueError(f"an order lacks something: {error}") from error
    for name, low, high in (
        ("members", 1, MOST_MEMBERS),
        ("lines", 1, MOST_DELIVERIES),
        ("rate_per_s", 0, 1e9),
        ("size_bytes", LEAST_BYTES, MOST_BYTES),
    ):
        value = getattr(order, name)
        if not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name} is {value!r}, it may be {low:g} to {high:g}")
    if order.members * order.lines > MOST_DELIVERIES:
        raise ValueError(f"{order.lines} lines to {order.members} members are more than {MOST_DELIVERIES} deliveries")
    return order


@dataclass(frozen=True)
class Line:
    """A line, by whom it is said, the how-manieth of theirs it is, and when: nanoseconds after the talk began."""

    speaker: int
    number: int
    due_ns: int
    text: bytes


def make_talk(order: Order) -> list[Line]:
    """All lines in the order in which they are said.

    The times are drawn evenly over the length of the talk: a Poisson stream with a known number of arrivals, so lines
    come in bursts as they do where people talk, and equally many in each talk.
    """
    draw = Random(order.seed)
    speakers = [draw.randrange(order.members) for _ in range(order.lines)]
    length_ns = order.lines / order.rate_per_s * 1e9 if order.rate_per_s else 0.0
    dues = sorted(int(draw.random() * length_ns) for _ in speakers)
    counts: dict[int, int] = {}
    talk = []
    for place, (speaker, due_ns) in enumerate(zip(speakers, dues, strict=True)):
        number = counts.get(speaker, 0)
        counts[speaker] = number + 1
        filler = shake_128(b"%d/%d" % (order.seed, place)).hexdigest(order.size_bytes // 2 + 1)
        text = f"{speaker} {number} {filler}".encode()[: order.size_bytes - 1] + b"\n"
        talk.append(Line(speaker, number, due_ns, text))
    return talk


@dataclass
class Report:
    """What came of an order. `expected` is what should have been delivered: each line said, to each member.

    `delivered` counts a line once for each member that got it whole; `wrong` pieces are nothing that was said;
    `doubled` lines came again, `out_of_order` ones after a later line of the same speaker. `seconds` run from the
    beginning of the talk to the last receipt. `latencies_ns` are from when a line was to be said to its receipt by one
    member, and `sampled` says that they are a sample. `late_max_ns` is by how much the generator was late to say one.
    `fault` puts the first fault into words; `error` says why the talk ended before its end.
    """

    said: int = 0
    delivered: int = 0
    expected: int = 0
    wrong: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    connected: int = 0
    seconds: float = 0.0
    late_max_ns: int = 0
    cpu_s: float = 0.0
    sampled: bool = False
    latencies_ns: list[int] = field(default_factory=list)
    per_member: list[int] = field(default_factory=list)
    member_mean_ns: list[float] = field(default_factory=list)
    fault: str = ""
    error: str = ""


Heard = tuple[Sequence[bytes], Sequence[int]]
"""What one member received, piece by piece, and when."""


class Listener:
    """Holds what the members heard against what was said, one member after the other."""

    def __init__(self, talk: Sequence[Line], intended_ns: Sequence[int], members: int, seed: int) -> None:
        """`intended_ns` are for the lines that were really said, the first of `talk`, by the members' clock."""
        self.talk = talk
        self.intended_ns = intended_ns
        self.members = members
        self.index: Mapping[bytes, int] = {line.text[:-1]: place for place, line in enumerate(talk[: len(intended_ns)])}
        said = len(intended_ns)
        total = said * members
        self.report = Report(said=said, expected=total, sampled=total > SAMPLED)
        self.chosen = set(Random(seed).sample(range(total), SAMPLED)) if self.report.sampled else range(total)

    def add(self, member: int, heard: Heard) -> None:
        """Judge what the next member heard."""
        report, intended_ns = self.report, self.intended_ns
        latest: dict[int, int] = {}
        got: set[int] = set()
        waited_ns = 0
        for text, at_ns in pieces(heard):
            place = self.index.get(text, -1) if text is not None else -1
            if place < 0:
                report.wrong += 1
                self._blame(f"member {member} got {heard_words(text, heard)}, which nobody said")
            elif place in got:
                report.doubled += 1
                self._blame(f"member {member} got {self._name(place)} twice")
            else:
                got.add(place)
                waited_ns += at_ns - intended_ns[place]
                if place * self.members + member in self.chosen:
                    report.latencies_ns.append(at_ns - intended_ns[place])
                speaker = self.talk[place].speaker
                if latest.get(speaker, -1) > place:
                    report.out_of_order += 1
                    self._blame(f"member {member} got {self._name(place)} after {self._name(latest[speaker])}")
                latest[speaker] = max(place, latest.get(speaker, -1))
        self._count(member, got, waited_ns)

    def _count(self, member: int, got: set[int], waited_ns: int) -> None:
        report = self.report
        report.delivered += len(got)
        report.lost += report.said - len(got)
        report.per_member.append(len(got))
        report.member_mean_ns.append(waited_ns / len(got) if got else 0.0)
        if len(got) < report.said:
            first = next(place for place in range(report.said) if place not in got)
            self._blame(f"member {member} never got {self._name(first)}")

    def _name(self, place: int) -> str:
        line = self.talk[place]
        return f"line {line.number} of member {line.speaker}"

    def _blame(self, words: str) -> None:
        self.report.fault = self.report.fault or words


def pieces(heard: Heard) -> Iterator[tuple[bytes | None, int]]:
    """Each line without its end and when the last of it came; None for a last line that has no end."""
    rest, at_ns = b"", 0
    for data, at_ns in zip(*heard, strict=True):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line, at_ns
    if rest:
        yield None, at_ns


def heard_words(text: bytes | None, heard: Heard) -> str:
    """A piece as a message can show it."""
    if text is None:
        return f"a line without an end, {heard[0][-1][-40:]!r}"
    return repr(text if len(text) <= 40 else text[:40] + b"...")


def as_json(report: Report) -> bytes:
    """A report as one line."""
    given: dict[str, Any] = {each.name: getattr(report, each.name) for each in fields(Report)}
    return json.dumps(given, separators=(",", ":")).encode() + b"\n"
