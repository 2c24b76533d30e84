"""A new workload and a new runner are one file each, anywhere, and play with ours at once."""

from __future__ import annotations

import json
from pathlib import Path

from support.commands import Call, measured, verdicts

WORKLOAD = '''
"""Count the primes below a number."""

from when_async.bench.model import Param, Point, Workload, WrongAnswer


def blocking(kit, params):
    def op(item):
        return sum(all(n % d for d in range(2, n)) for n in range(2, item))

    return op


async def asynchronous(kit, params):
    count = blocking(kit, params)

    async def op(item):
        await kit.sleep(0)
        return count(item)

    return op


def check(params, items, results):
    if list(results) != [15] * len(items):
        raise WrongAnswer(f"there are 15 primes below 50, not {results}")
    return "15 primes below 50"


PRIMES = Workload(
    name="primes",
    summary="counts primes",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(Param("n", 1, 100, "how often"),),
    make_items=lambda params, seed: [50] * int(params["n"]),
    check=check,
    grid={"quick": (Point(2, {"n": 4}),)},
)
'''

RUNNER = '''
"""Threads of concurrent.futures, one future an op."""

from contextlib import contextmanager
from concurrent.futures import ThreadPoolExecutor
import time

from when_async.bench.model import Runner
from when_async.bench.worker.fanout import Tally
from when_async.bench.worker.kits import open_blocking
from when_async.bench.worker.probes import Stopwatch


class Futures:
    def __init__(self, pool, op):
        self.pool, self.op, self.facts = pool, op, {}

    def run(self, items, *, prove):
        tally = Tally()
        op = tally.watch(self.op) if prove else self.op
        watch = Stopwatch()
        watch.start()
        results = list(self.pool.map(op, items))
        return watch.round(results, [], time.perf_counter_ns(), proof=tally.proof() if prove else None)


@contextmanager
def open_futures(job):
    op, kit = open_blocking(job)
    with ThreadPoolExecutor(job.concurrency) as pool:
        yield Futures(pool, op)
    kit.close()


FUTURES = Runner("futures", "a future per op", "threads", ("blocking", "pure"), open_futures)
'''


def test_a_workload_and_a_runner_of_a_users_own_are_one_file_each_and_run_against_ours(
    call: Call, tmp_path: Path
) -> None:
    # Both files have the same name, as they would in two folders of a project.
    mine = {"workloads/mine.py": WORKLOAD, "runners/mine.py": RUNNER}
    for name, text in mine.items():
        file = tmp_path / name
        file.parent.mkdir()
        file.write_text(text)
    before = sorted(path.name for path in tmp_path.glob("*"))
    points = ("-w", "workloads/mine.py", "-w", "sleep[wait=1ms,n=4,c=2]")
    runners = ("-r", "runners/mine.py", "-r", "asyncio", "-r", "multiprocessing")
    done = call("run", "--profile", "smoke", *points, *runners, "-o", "mine.jsonl", "--json")
    assert done.exit_code == 0, done.stderr
    found = verdicts(tmp_path / "mine.jsonl")
    assert found == {
        f"{comparison}-{runner}": ("OK", "")
        for comparison in ("primes[n=4,c=2]", "sleep[wait=1ms,n=4,c=2]")
        for runner in ("futures", "asyncio", "multiprocessing")
    }
    assert len(measured(tmp_path / "mine.jsonl")) == 2 * len(found)
    assert {row["workload"] for row in json.loads(done.stdout)} == {"primes", "sleep"}
    assert sorted(path.name for path in tmp_path.glob("*")) == sorted([*before, "cache", "lock", "mine.jsonl"])


def test_files_of_a_users_own_are_listed_like_ours(call: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)
    rows = json.loads(call("list", "--json", "-w", "mine.py", "-r", "sync").stdout)
    assert [(row["kind"], row["name"]) for row in rows] == [
        ("workload", "primes"),
        ("point", "primes[n=4,c=2]"),
        ("runner", "sync"),
    ]
