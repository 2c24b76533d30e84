"""Drives a real worker of one runner through ordered rounds, and looks at it from outside."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from support.commands import CONTESTANTS, wait_until
from support.contestants.conformance import CONFORMANCE, log_of
from when_async.bench.environments.provision import worker_environ
from when_async.bench.machine.host import Host
from when_async.bench.model import Environment, Runner
from when_async.bench.processes.worker import ProcessFailed, Worker
from when_async.bench.registry import Found, bodies_for

OPS, CONCURRENCY = 32, 4
PATIENCE_S = 180.0
"""Longer than anything takes; nobody waits that long unless a test is about to fail."""
ENDS_WITHIN_S = 2.0
"""How long whatever hangs may live on after a timeout or Ctrl-C."""
SETTLES_WITHIN_S = 30.0
"""What ends by itself after a round, such as a thread that was told to, has so long before it counts as left."""
TURN_S = 0.02


@dataclass(frozen=True)
class Held:
    """What a worker and everything below it hold between two rounds; the last two are told by the worker itself."""

    processes: int
    threads: int
    descriptors: int
    tasks: int = 0
    interpreters: int = 1

    def beyond(self, other: Held, slack: int = 0) -> dict[str, int]:
        """Of what there is more than `other` has, and by how much."""
        more = {name: value - getattr(other, name) for name, value in vars(self).items()}
        return {name: count for name, count in more.items() if count > slack}


@dataclass(frozen=True)
class Seen:
    """One round: what the worker said of it, what its ops wrote down, and what was held when it was over."""

    deed: str
    answer: Mapping[str, Any]
    complaint: str
    lines: tuple[tuple[str, int], ...]
    held: Held

    @property
    def peak(self) -> int:
        """Most ops that were open at once."""
        open_ = peak = 0
        for sign, _ in self.lines:
            open_ += 1 if sign == "+" else -1
            peak = max(peak, open_)
        return peak

    def times(self, sign: str) -> Counter[int]:
        """How often each item was started (+) or ended (-)."""
        return Counter(index for each, index in self.lines if each == sign)


@dataclass
class Driver:
    """One worker with its runner, and the folder in which orders are given and ops write."""

    worker: Worker
    runner: Runner
    folder: Path
    rounds: int = 0
    known: set[psutil.Process] = field(default_factory=set)

    def order(self, deed: str) -> None:
        """Say what the ops of the next round shall do."""
        self.rounds += 1
        (self.folder / "order").write_text(f"{self.rounds} {deed}", encoding="ascii")

    def lines(self) -> tuple[tuple[str, int], ...]:
        """What the ops of the last round have written so far."""
        path = log_of(self.folder, self.rounds)
        text = path.read_text(encoding="ascii") if path.exists() else ""
        return tuple((sign, int(index)) for sign, index in map(str.split, text.splitlines()))

    def round(self, deed: str, *, prove: bool = False, at_most: Held | None = None, slack: int = 0) -> Seen:
        """One round to its end; what it holds is read when it is no more than `at_most`, or is not going to be."""
        self.order(deed)
        answer, complaint = {}, ""
        try:
            answer = self.worker.ask(PATIENCE_S, do="round", prove=prove)
        except ProcessFailed as error:
            complaint = str(error)
        told = json.loads(answer["answer"]) if answer else {}
        own = {name: told[name] for name in ("tasks", "interpreters") if name in told}
        if at_most is not None:
            wait_until(lambda: not Held(*self.held()).beyond(at_most, slack), SETTLES_WITHIN_S, insist=False)
        return Seen(deed, {**answer, **told}, complaint, self.lines(), Held(*self.held(), **own))

    def held(self) -> tuple[int, int, int]:
        """Processes, threads and descriptors of the worker and all below it."""
        processes = self.family()
        threads = descriptors = 0
        for process in processes:
            with suppress(psutil.Error):
                threads += process.num_threads()
                descriptors += process.num_fds()
        return len(processes), threads, descriptors

    def family(self) -> list[psutil.Process]:
        """The worker, all below it and all of its group, as far as they live; they are remembered."""
        found = set()
        with suppress(psutil.Error):
            worker = psutil.Process(self.worker.pid)
            found = {worker, *worker.children(recursive=True)}
        for process in psutil.process_iter():
            with suppress(OSError):
                if os.getpgid(process.pid) == self.worker.pid:
                    found.add(process)
        self.known |= found
        return [process for process in found if lives(process)]

    def left(self, patience_s: float) -> list[str]:
        """What is left of all that was ever seen of it, in words, after giving it so long to end."""
        self.family()
        return survivors(self.known, patience_s)

    def litter(self) -> list[str]:
        """Files that lie about in the folder for temporary ones."""
        return sorted(path.name for path in (self.folder / "t").iterdir())


def lives(process: psutil.Process) -> bool:
    """Whether it runs; one that is dead and only waits for its parent to notice does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def survivors(processes: Iterable[psutil.Process], patience_s: float) -> list[str]:
    """Which of them still live, in words, after so long; time in which others had their cores does not count."""
    before = {process: kept_waiting_s(process) for process in processes}
    delay_s, began = 0.0, time.monotonic()
    while left := [process for process in before if lives(process)]:
        delay_s = max(delay_s, *(kept_waiting_s(process) - before[process] for process in left))
        if time.monotonic() - began - delay_s > patience_s:
            return [words(process) for process in left]
        time.sleep(TURN_S)
    return []


def kept_waiting_s(process: psutil.Process) -> float:
    """How long its main thread was ready to run and had no core, since it was started; 0 where nobody knows."""
    try:
        return int(Path(f"/proc/{process.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def words(process: psutil.Process) -> str:
    """What a process is, by its command line."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return "a process that has just ended"


@contextmanager
def driven(host: Host, environment: Environment, found: Found, folder: Path) -> Iterator[Driver]:
    """A worker that is open for rounds; it is killed in the end, whatever has become of it."""
    runner: Runner = found.value
    common = folder / "t"
    common.mkdir(parents=True)
    trial = {
        "workload": CONFORMANCE.name, "workload_ref": str(CONTESTANTS / "conformance.py"), "seed": 1,
        "runner": runner.name, "runner_ref": found.ref, "body_key": bodies_for(CONFORMANCE, runner)[0],
        "params": {"n": OPS, "together": in_flight(runner), "folder": str(folder)}, "concurrency": CONCURRENCY,
    }  # fmt: skip
    # Whatever it makes in the common folders for passing things lies where we look for it.
    mine = {"TMPDIR": str(common), "JOBLIB_TEMP_FOLDER": str(common)}
    environ = {**worker_environ(host.worker_environ, environment), **mine}
    worker = host.start_worker(environment.executable, trial, environ=environ, reaper=host.reaper)
    try:
        worker.ready(PATIENCE_S)
        worker.ask(PATIENCE_S, do="open")
        yield Driver(worker, runner, folder)
    finally:
        worker.kill()


def in_flight(runner: Runner) -> int:
    """How many ops of this runner are to be open at once."""
    return 1 if runner.serial else CONCURRENCY
