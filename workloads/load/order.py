"""An order for load as the generator reads it, and the schedule that it means."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields
from typing import Any

from ..bodies.steering import ECHO, HOST, HTTP

MOST_CONNECTIONS, MOST_MESSAGES = 1_000_000, 50_000_000
LARGEST_BYTES = 1 << 24


class BadOrder(ValueError):
    """An order that makes no sense; the text says why."""


@dataclass(frozen=True)
class Order:
    """See `workloads.servers.steering.order` for what each field means."""

    protocol: str
    port: int
    connections: int
    messages: int
    host: str = HOST
    rate_per_s: float = 0.0
    size_bytes: int = 64
    path: str = "/"
    seed: int = 0
    hold_s: float = 0.0
    expect_text: str | None = None
    prime: bool = False
    announce: bool = False
    patience_s: float = 5.0

    @classmethod
    def read(cls, line: bytes) -> Order:
        """The order of one JSON line; raises BadOrder."""
        try:
            asked: dict[str, Any] = json.loads(line)
            known = {field.name for field in fields(cls)}
            if unknown := sorted(set(asked) - known):
                raise BadOrder(f"an order has no {', '.join(unknown)}")
            found = cls(**asked)
        except (TypeError, ValueError) as error:
            raise BadOrder(f"this is no order: {error}") from error
        if complaint := found.complaint():
            raise BadOrder(complaint)
        return found

    def complaint(self) -> str | None:
        """What makes no sense about it, or None."""
        if self.protocol not in (ECHO, HTTP):
            return f"protocol is {self.protocol!r}, known are {ECHO} and {HTTP}"
        if not 1 <= self.connections <= MOST_CONNECTIONS or not 0 <= self.messages <= MOST_MESSAGES:
            return f"{self.connections} connections and {self.messages} messages are out of range"
        if not 1 <= self.size_bytes <= LARGEST_BYTES:
            return f"size_bytes is {self.size_bytes}, which is out of range"
        if min(self.rate_per_s, self.hold_s) < 0 or self.patience_s <= 0:
            return "a rate or a time is negative"
        return None


class Schedule:
    """When each message of an open loop is due, and on which connection.

    Message i is due at (i + jitter) / rate, on connection i % C of a shuffled round; the shuffle and the jitter of a
    connection, between 0 and 1, are drawn from the seed and stay. So every connection keeps an even pace, and all of
    them together neither march in step nor come in waves that one server has to take and another has not.
    """

    def __init__(self, order: Order, connections: int) -> None:
        draw = random.Random(order.seed)
        self.connections = connections
        self.places = list(range(connections))
        draw.shuffle(self.places)
        self.jitters = [draw.random() for _ in range(connections)]
        self.step_ns = 1e9 / order.rate_per_s

    def due_ns(self, number: int) -> int:
        """Nanoseconds after the start of the clock; never less than for the message before."""
        return int((number + self.jitters[number % self.connections]) * self.step_ns)

    def place(self, number: int) -> int:
        """Which connection the message goes over."""
        return self.places[number % self.connections]
