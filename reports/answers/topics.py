"""The questions, each with the rule that answers it, and which run answers: the given one, else the reference."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from when_async.bench.model import WhenAsyncError

from . import computing, models, network, storage
from .answer import Answer, Evidence
from .said import Said

Rule = Callable[[Evidence], Said | None]


@dataclass(frozen=True)
class Topic:
    """A question: `rule` answers it from one interpreter's figures, or is silent where they decide nothing.

    `claims` are what has to be judged for it; `also` other names that people type; `page` says whether it stands on
    the first screen.
    """

    name: str
    question: str
    rule: Rule
    claims: tuple[str, ...]
    also: tuple[str, ...] = ()
    page: bool = True


TOPICS = (
    Topic("http", "Many slow HTTP calls", network.http, ("io-bound",), ("io", "fetch", "requests", "asyncio", "async")),
    Topic("cpu", "CPU in pure Python", computing.cpu, ("grid-search", "threads-dont-speed-cpu"), ("processes",)),
    Topic(
        "native", "CPU that lets the GIL go: NumPy, Pillow, zlib", computing.native,
        ("threads-dont-speed-cpu", "grid-search"), ("numpy", "pillow", "zlib"),
    ),
    Topic(
        "connections", "Thousands of open connections", network.connections,
        ("thread-memory", "thread-ceiling", "server-side"), ("sockets", "memory"),
    ),
    Topic("serving", "Serving HTTP", network.serving, ("server-side",), ("server",)),
    Topic("database", "A database", storage.database, ("db-driver",), ("db", "postgres", "sqlite", "sql")),
    Topic("files", "Files", storage.files, ("file-writes",), ("file", "aiofiles")),
    Topic("uvloop", "Is uvloop worth it?", network.uvloop, ("uvloop-today",)),
    Topic(
        "free-threading", "Free-threading", computing.free_threading,
        ("threads-dont-speed-cpu", "async-first", "io-bound", "uvloop-today"), ("nogil", "gil", "free-threaded"),
    ),
    Topic("chat", "A chat server", network.chat, ("chat",), ("websockets",), page=False),
    Topic(
        "threads", "When threads", models.threads, ("io-bound", "threads-dont-speed-cpu", "thread-ceiling"),
        ("threading",), page=False,
    ),
)  # fmt: skip


class UnknownTopic(WhenAsyncError):
    """A topic that nobody has an answer to; the text names the nearest and all."""


def find(name: str) -> Topic:
    """The topic of that name or other name; raises UnknownTopic."""
    known = {key: topic for topic in TOPICS for key in (topic.name, *topic.also)}
    asked = name.strip().lower().replace("_", "-").replace(" ", "-")
    if asked in known:
        return known[asked]
    near = difflib.get_close_matches(asked, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownTopic(f"there is no answer on {name!r}; {hint}topics: {', '.join(one.name for one in TOPICS)}")


def answers(
    own: Sequence[Evidence], reference: Sequence[Evidence] = (), python: str | None = None, *, page: bool = True
) -> list[Answer]:
    """An answer to each question, in the order of the first screen; with `page` off those of `ask` as well.

    A question is answered by `own` where that decided it, on `python` if possible, else by the reference, which the
    answer's source names as another machine's. What nobody decided has `decided` off and says so.
    """
    found = (answer(one, own, reference, python) for one in TOPICS if one.page or not page)
    return [one for one in found if one is not None]


def answer(
    topic: Topic, own: Sequence[Evidence], reference: Sequence[Evidence] = (), python: str | None = None
) -> Answer | None:
    """The answer to one question; None where there is no evidence at all."""
    tried = [*_in_order(own, python), *_in_order(reference, python)]
    for seen in tried:
        said = topic.rule(seen)
        if said is not None:
            others = _otherwise(topic, seen, said)
            shown = _disputed(topic, seen, said, others) if others else said
            return _of(topic, seen, shown, decided=not others)
    return _of(topic, tried[0], _open(topic), decided=False) if tried else None


def _in_order(evidence: Iterable[Evidence], python: str | None) -> list[Evidence]:
    """The asked interpreter first, then those with the GIL, then the others."""
    return sorted(evidence, key=lambda one: (one.source.python != python, not one.source.gil))


def _of(topic: Topic, seen: Evidence, said: Said, *, decided: bool = True) -> Answer:
    return Answer(topic=topic.name, question=topic.question, source=seen.source, decided=decided, **vars(said))


def _otherwise(topic: Topic, seen: Evidence, said: Said) -> list[tuple[Evidence, Said]]:
    """Other recordings of the same interpreter and machine that decide the question, and otherwise."""
    asked = [(peer, found) for peer in seen.peers if (found := topic.rule(peer)) is not None]
    return [(peer, found) for peer, found in asked if found.answer != said.answer]


def _disputed(topic: Topic, seen: Evidence, said: Said, others: Sequence[tuple[Evidence, Said]]) -> Said:
    """What is said where recordings that have to agree answer differently."""
    found = [f"{said.answer} by that of {seen.source.date}"]
    found += [f"{other.answer} by that of {peer.source.date}" for peer, other in others]
    sentence = f"Recordings disagree: {'; '.join(found)}."
    return replace(_open(topic), answer="recordings disagree", sentence=sentence, decides=sentence)


def _open(topic: Topic) -> Said:
    return Said(
        answer="not decided",
        sentence="Neither your runs nor the reference decide this.",
        figure=None,
        compares="",
        decides="",
        advice=f"Measure it here: when-async run --claim {topic.claims[0]}",
        limits="",
        claims=topic.claims,
    )
