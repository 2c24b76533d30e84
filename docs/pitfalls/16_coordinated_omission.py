"""What goes wrong: a client waits for each answer before it sends the next request, and times each from its sending.

While the server stands still such a client sends nothing. The requests that users would have sent meanwhile are never
made, so they are never slow, and one long stall leaves one slow request among thousands. Gil Tene named it coordinated
omission: client and server agree on when not to measure.
Cure: requests have a schedule, and each is timed from the moment at which it was due, sent late or not. A client that
has no schedule may report throughput; what it calls latency is that of a client who was willing to wait.

The clock here is simulated, so the numbers are the same on every machine. One request is due every 10 ms, an answer
takes 1 ms, and once the server stands still for two seconds.

What you will see: a stall that touches the highest figure only, and then one that more than a fifth of requests felt.
"""

from __future__ import annotations

import math

REQUESTS = 1_000
EVERY_MS = 10
SERVICE_MS = 1
STALL_FROM_MS, STALL_MS = 5_000, 2_000
SHARES = (50, 90, 99)


class Server:
    """Answers one request after the other, on a clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.stalled = False

    def wait_until(self, moment_ms: int) -> None:
        """Let time pass; a moment that is over needs no waiting."""
        self.now_ms = max(self.now_ms, moment_ms)

    def answer(self) -> None:
        """Return when the answer is there."""
        if not self.stalled and self.now_ms >= STALL_FROM_MS:
            self.stalled = True
            self.now_ms += STALL_MS
        self.now_ms += SERVICE_MS


def play() -> list[tuple[int, int, int]]:
    """Of each request: when it was due, when it was sent, and when its answer came, in ms."""
    server, requests = Server(), []
    for index in range(REQUESTS):
        due = index * EVERY_MS
        server.wait_until(due)
        sent = server.now_ms
        server.answer()
        requests.append((due, sent, server.now_ms))
    return requests


def percentiles(latencies: list[int]) -> list[int]:
    """The smallest latencies that the given shares of requests do not exceed, and the highest."""
    ordered = sorted(latencies)
    return [ordered[math.ceil(len(ordered) * share / 100) - 1] for share in SHARES] + [ordered[-1]]


def wrong() -> list[int]:
    """Percentiles of answer minus sent, in ms."""
    return percentiles([answered - sent for _, sent, answered in play()])


def right() -> list[int]:
    """Percentiles of answer minus due, in ms."""
    return percentiles([answered - due for due, _, answered in play()])


def main() -> None:
    names = [f"p{share}" for share in SHARES] + ["highest"]
    for name, figures in (("wrong", wrong()), ("right", right())):
        print(f"{name}: " + ", ".join(f"{of} {ms} ms" for of, ms in zip(names, figures, strict=True)))
    late = sum(answered - due > SERVICE_MS for due, _, answered in play())
    print(f"the same {REQUESTS} requests; {late} of them were answered late")


if __name__ == "__main__":
    main()
