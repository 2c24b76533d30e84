"""Counts the ops of one instrumented round, whoever runs them: how many, how many at once, given what, and when.

Used in an instrumented warm-up round only (method.md, R8, N5, N8, N11, N12, N13).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from ..model import ADDRESS, Course, Proof


def mark(item: Any) -> int:
    """A number by which an item is known again in any process; equal items have equal marks."""
    return _fed(item, 0)


def _fed(item: Any, before: int) -> int:
    if isinstance(item, bytes | bytearray | memoryview):
        return crc32(item, crc32(b"%d:" % len(item), before))
    if isinstance(item, tuple | list):
        for part in item:
            before = _fed(part, before)
        return crc32(b"%s%d" % (type(item).__name__.encode(), len(item)), before)
    if isinstance(item, set | frozenset):
        return _fed(sorted(map(repr, item)), before)
    return crc32(ADDRESS.sub("", repr(item)).encode(errors="replace"), before)


def marks(items: Iterable[Any]) -> int:
    """The marks of all items in one number, whatever their order: they are handed out in any."""
    return sum(map(mark, items))


class Count:
    """What was seen of the ops of one round, told in the order in which it happened."""

    def __init__(self) -> None:
        self.started = self.finished = self.open = self.peak = 0
        self.threads: set[Any] = set()
        self.first_ns = self.last_ns = self.filled_ns = 0
        self.fills = 0
        self.given = 0
        self.alive = 0

    def enter(self, thread: Any, now_ns: int, item_mark: int) -> None:
        """An op begins."""
        if not self.started:
            self.first_ns = now_ns
        self.started += 1
        self.open += 1
        self.given += item_mark
        self.threads.add(thread)
        if self.open > self.peak:
            self.peak, self.fills, self.filled_ns = self.open, 0, now_ns - self.first_ns
        self.fills += self.open == self.peak

    def leave(self, now_ns: int, *, finished: bool) -> None:
        """An op ends, with a result or without."""
        self.open -= 1
        self.finished += finished
        self.last_ns = max(self.last_ns, now_ns)

    def proof(self, processes: int = 1) -> Proof:
        """All of it, for the judge."""
        course = Course(
            self.finished, self.first_ns, self.last_ns, self.filled_ns / 1e9, self.fills, self.given, self.alive
        )
        return Proof(self.started, self.peak, len(self.threads), processes, course if self.started else None)
