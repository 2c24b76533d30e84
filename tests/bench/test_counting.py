"""Ops that count themselves are known again, in order and in time, wherever they run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from when_async.bench.model import Course
from when_async.bench.worker.counting import Count, mark, marks
from when_async.bench.worker.equality import items_digest
from when_async.bench.worker.fanout import Tally
from when_async.bench.worker.op_log import note, op_log, written

PROJECT = Path(__file__).resolve().parents[2] / "src"
MS = 1_000_000


class Plain:
    """Has no repr of its own."""


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 2), (1, "1"), (b"ab", b"ac"), (b"ab", "ab"), ((1, 2), (2, 1)), ((1, 2), [1, 2]), ((b"a", b"b"), (b"ab", b""))],
)
def test_items_that_differ_have_other_marks(one: object, other: object) -> None:
    assert mark(one) != mark(other)


def test_where_an_item_lies_and_how_a_set_is_ordered_does_not_matter() -> None:
    assert mark((1, Plain())) == mark((1, Plain()))
    assert mark({"a", "b", "c"}) == mark({"c", "b", "a"})


def test_marks_are_the_same_in_another_process_whatever_its_hash_seed() -> None:
    code = (
        "from when_async.bench.worker.counting import marks; "
        "print(marks([(1, 'x', b'y', 0.5), {'k': None}, {'a', 'b'}]))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": seed}, text=True,
            capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert told == {f"{marks([(1, 'x', b'y', 0.5), {'k': None}, {'a', 'b'}])}\n"}


def test_the_order_of_items_counts_for_their_digest_and_not_for_what_was_given() -> None:
    assert marks([1, 2, 3]) == marks([3, 1, 2])
    assert items_digest([1, 2, 3]) != items_digest([3, 1, 2])
    assert items_digest([1, 2]) == items_digest((1, 2))


def test_the_course_of_ops_is_told_by_their_own_stamps() -> None:
    count = Count()
    for begins_ms in (10, 12, 15):
        count.enter("a thread", begins_ms * MS, 100)
    count.leave(20 * MS, finished=True)
    count.enter("another", 21 * MS, 1)
    for ends_ms, finished in ((30, True), (25, False), (29, True)):
        count.leave(ends_ms * MS, finished=finished)
    proof = count.proof()
    assert (proof.started, proof.peak_in_flight, proof.threads, proof.processes) == (4, 3, 2, 1)
    assert proof.course == Course(finished=3, first_ns=10 * MS, last_ns=30 * MS, filled_s=0.005, fills=2, given=301)


def test_a_new_peak_is_filled_when_it_is_first_reached() -> None:
    count = Count()
    count.enter(0, 0, 0)
    count.leave(1 * MS, finished=True)
    for begins_ms in (5, 9):
        count.enter(0, begins_ms * MS, 0)
    course = count.proof().course
    assert course is not None
    assert (course.filled_s, course.fills) == (0.009, 1)


def failing(item: int) -> int:
    if item == 2:
        raise LookupError(item)
    return item


def test_a_tally_and_a_log_tell_the_same_course() -> None:
    tally = Tally()
    with op_log() as book:
        for op in (tally.watch(failing), written(failing, book.path)):
            for item in (1, 3):
                op(item)
            with pytest.raises(LookupError):
                op(2)
        courses = [tally.proof().course, book.proof().course]
    for course in courses:
        assert course is not None
        assert (course.finished, course.fills, course.given) == (2, 3, marks([1, 2, 3]))
        assert 0 < course.first_ns < course.last_ns


def test_a_tally_knows_how_many_threads_there_were() -> None:
    tally = Tally()
    tally.watch(failing)(1)
    course = tally.proof().course
    assert course is not None
    assert course.alive >= 1


def test_lines_without_stamps_tell_no_course() -> None:
    with op_log() as book:
        note(book.path, "+")
        note(book.path, "-")
        assert book.proof().course is None
