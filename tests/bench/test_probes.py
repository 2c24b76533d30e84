"""What a round used, read from outside its stamps: of this process, and of those below it within the round only."""

from __future__ import annotations

import gc
import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support import fakes
from when_async.bench.model import Usage
from when_async.bench.worker.probes import Stopwatch, below, difference, peak_rss_bytes, total, usage_now, usage_of

HELPER = """
import json, subprocess, sys, time
below = []
for line in sys.stdin:
    do, _, rest = line.strip().partition(" ")
    if do == "spin":
        end = time.process_time_ns() + int(float(rest) * 1e9)
        while time.process_time_ns() < end:
            pass
    if do == "start":
        below.append(subprocess.Popen([sys.executable, "-S", "-c", "import sys; sys.stdin.read()"], stdin=-1))
    print(json.dumps({"cpu_s": time.process_time(), "below": [each.pid for each in below]}), flush=True)
for each in below:
    each.communicate()
"""
"""A process that does what it is told line by line, and says how much CPU time it has used so far."""


class Helper:
    """The process above."""

    def __init__(self) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-S", "-c", HELPER], **pipes)
        self.pid = self.process.pid

    def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def spin(self, seconds: float) -> float:
        """CPU seconds that it has used when it has spun so long."""
        return float(self.ask(f"spin {seconds}")["cpu_s"])

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def helper() -> Iterator[Callable[[], Helper]]:
    started: list[Helper] = []

    def start() -> Helper:
        started.append(Helper())
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end()


def cpu_s(usage: Usage) -> float:
    return usage.cpu_user_s + usage.cpu_system_s


def used(cpu_s: float, switches: int = 0, rss: int = 0) -> Usage:
    return Usage(cpu_s, cpu_s, switches_voluntary=switches, peak_rss_bytes=rss, page_faults=7 * switches)


def test_a_difference_is_never_negative() -> None:
    assert difference(used(3, 5), used(1, 2)) == used(2, 3)
    assert difference(used(1), used(1.5)).cpu_user_s == 0


def test_what_was_spent_is_exact_though_user_and_system_time_are_told_apart_by_an_estimate() -> None:
    before = Usage(cpu_user_s=0.5, cpu_system_s=0.25)
    for user_s, system_s in ((0.25, 1.0), (1.25, 0.0)):
        spent = difference(Usage(cpu_user_s=user_s, cpu_system_s=system_s), before)
        assert spent.cpu_user_s + spent.cpu_system_s == 0.5
        assert min(spent.cpu_user_s, spent.cpu_system_s) == 0


def test_usage_adds_up_over_processes() -> None:
    assert total([used(1, 1, 10), used(2, 3, 20)]) == used(3, 4, 30)


def test_the_peak_of_memory_is_this_process_s_own_and_not_what_its_parent_once_had() -> None:
    code = "from when_async.bench.worker.probes import peak_rss_bytes; print(peak_rss_bytes())"
    held = bytearray(200 * 2**20)
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 2**20 < int(child.stdout) < len(held)


def test_a_stopwatch_reads_what_the_round_used_and_not_what_came_before() -> None:
    before = usage_now()
    watch = Stopwatch()
    watch.start()
    gc.collect()
    done = watch.round([1], [], watch.start_ns + 5)
    assert done.end_ns - done.start_ns == 5
    assert done.gc_collections >= 1
    assert done.used.cpu_user_s <= usage_now().cpu_user_s - before.cpu_user_s
    assert done.used.peak_rss_bytes > 1_000_000


def test_what_another_process_computes_is_seen_exactly(helper: Callable[[], Helper]) -> None:
    child = helper()
    first_s = child.spin(0.001)
    before = usage_of(child.pid)
    second_s = child.spin(0.02)
    after = usage_of(child.pid)
    # By the clock of the process itself: what it had when it answered lies before what is read here.
    assert first_s <= cpu_s(before) <= second_s - 0.02
    assert cpu_s(after) >= second_s


def test_each_page_that_a_process_touches_first_is_a_fault_in_its_own_eyes_and_in_ours() -> None:
    pages = 64
    mine, from_outside = usage_now(), usage_of(os.getpid())
    with mmap.mmap(-1, pages * mmap.PAGESIZE) as fresh:
        for page in range(pages):
            fresh[page * mmap.PAGESIZE] = 1
    assert usage_now().page_faults - mine.page_faults >= pages
    assert usage_of(os.getpid()).page_faults - from_outside.page_faults >= pages


def test_each_wait_of_a_process_is_a_voluntary_switch() -> None:
    before = usage_of(os.getpid())
    for _ in range(5):
        time.sleep(0.001)
    assert usage_of(os.getpid()).switches_voluntary >= before.switches_voluntary + 5


def test_the_usage_of_a_process_is_its_own_and_not_that_of_those_below_it(helper: Callable[[], Helper]) -> None:
    child = helper()
    child.spin(0.01)
    before_s = time.process_time()
    mine = usage_of(os.getpid())
    assert before_s <= cpu_s(mine) <= time.process_time()


def test_a_process_that_has_gone_or_never_was_used_nothing(helper: Callable[[], Helper]) -> None:
    child = helper()
    child.spin(0.001)
    child.end()
    assert usage_of(child.pid) == usage_of(fakes.DEAD_PID) == Usage()
    assert peak_rss_bytes(child.pid) == 0


def test_every_process_below_is_found_down_to_the_last(helper: Callable[[], Helper]) -> None:
    before = set(below())
    one, two = helper(), helper()
    (grandchild,) = one.ask("start")["below"]
    assert set(below()) - before == {one.pid, two.pid, grandchild}
    assert below(one.pid) == [grandchild]
    assert below(two.pid) == []
    one.end()
    assert set(below()) - before == {two.pid}


def test_a_process_that_another_thread_has_started_is_found_too(helper: Callable[[], Helper]) -> None:
    with ThreadPoolExecutor(1) as other:
        child = other.submit(helper).result()
        assert child.pid in below()


def test_nothing_is_below_a_process_that_has_gone() -> None:
    assert below(fakes.DEAD_PID) == []


def test_children_are_charged_for_what_they_did_in_the_round_only(helper: Callable[[], Helper]) -> None:
    worker, idler = helper(), helper()
    idler.spin(0.001)
    before_s = worker.spin(0.05)
    watch = Stopwatch(children=True)
    watch.start()
    worker.spin(0.02)
    done = watch.round([], [], watch.start_ns + 1)
    after = usage_of(worker.pid)
    assert {worker.pid, idler.pid} <= set(done.children)
    assert 0.02 <= cpu_s(done.children[worker.pid]) <= cpu_s(after) - before_s + 1e-6
    assert done.children[worker.pid].peak_rss_bytes > 2**20
    assert done.children[idler.pid].peak_rss_bytes > 2**20, "it held its memory, whatever it did"


def test_a_second_round_counts_anew(helper: Callable[[], Helper]) -> None:
    child = helper()
    rounds = []
    for seconds in (0.05, 0.001):
        ready_s = child.spin(0)
        watch = Stopwatch(children=True)
        watch.start()
        child.spin(seconds)
        rounds.append(watch.round([], [], watch.start_ns + 1).children[child.pid])
        most_s = cpu_s(usage_of(child.pid)) - ready_s
        assert seconds <= cpu_s(rounds[-1]) <= most_s + 1e-6


def test_a_child_that_begins_in_the_round_counts_from_its_start_and_one_that_ended_cannot_tell(
    helper: Callable[[], Helper],
) -> None:
    gone = helper()
    gone.spin(0)
    watch = Stopwatch(children=True)
    watch.start()
    gone.end()
    new = helper()
    new_s = new.spin(0)
    done = watch.round([], [], watch.start_ns + 1)
    assert gone.pid not in done.children
    assert cpu_s(done.children[new.pid]) >= new_s > 0


def test_a_runner_without_processes_is_spared_the_search(helper: Callable[[], Helper]) -> None:
    helper().spin(0)
    watch = Stopwatch()
    watch.start()
    assert watch.round([], [], watch.start_ns + 1).children == {}
