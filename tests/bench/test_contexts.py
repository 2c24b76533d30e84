"""Opened bodies for threads that do not last: one for each place in flight, closed at the end, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from support import fakes
from when_async.bench.worker.contexts import opened_contexts


class Connections:
    """Counts what its body opens and closes; fails at the one it is told to."""

    def __init__(self, fails_at: int = 0) -> None:
        self.opened = 0
        self.closed: list[int] = []
        self.fails_at = fails_at

    def body(self, kit: Any, params: Any) -> Any:
        self.opened += 1
        number = self.opened
        kit.stack.callback(self.closed.append, number)
        if number == self.fails_at:
            raise ValueError("no server at this address")
        return lambda item: (number, item)


def test_each_place_in_flight_has_an_op_with_a_body_of_its_own() -> None:
    connections = Connections()
    job = fakes.job(fakes.workload(bodies={"blocking": connections.body}), concurrency=3)
    with opened_contexts(job) as ops:
        assert [op("x") for op in ops] == [(1, "x"), (2, "x"), (3, "x")]
        assert connections.closed == []
    assert sorted(connections.closed) == [1, 2, 3]


def test_they_are_closed_when_the_round_fails() -> None:
    connections = Connections()
    job = fakes.job(fakes.workload(bodies={"blocking": connections.body}), concurrency=2)
    with pytest.raises(KeyError), opened_contexts(job):
        raise KeyError
    assert sorted(connections.closed) == [1, 2]


def test_where_one_cannot_be_opened_the_others_are_closed() -> None:
    connections = Connections(fails_at=3)
    job = fakes.job(fakes.workload(bodies={"blocking": connections.body}), concurrency=5)
    with pytest.raises(ValueError, match="no server at this address"), opened_contexts(job):
        pass
    assert sorted(connections.closed) == [1, 2, 3]
