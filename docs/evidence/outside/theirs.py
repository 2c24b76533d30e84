"""Run one contestant of an outside script, unchanged, in fresh processes, and read what it says.

Servers listen on 127.0.0.1. Scripts of curio's that would listen everywhere are not run as programs: their handler is
taken from them and started on that address (docs/evidence/outside/hosting.py).
"""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.evidence.against_wrk import Failed, shoot_wrk
from docs.evidence.http_servers import Case, bound, served, service
from docs.navigation import ROOT
from when_async.bench.reaping.reaper import run as run_to_end
from when_async.bench.reaping.reaper import started

from .groups import CPU, KEPT, RATE, TIME, Contestant, Group

HOST = "127.0.0.1"
PORT = 25_000
"""curio's trioecho.py has no other."""
PATIENCE_S = 120.0
KEEPING = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=16777216"}
"""glibc's malloc then takes no read of theirs from the system alone, and keeps what was freed ([page
faults](../../how-to/page-faults.md))."""
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PER_SECOND = re.compile(r"([\d.]+) requests/sec")
Readings = dict[str, float]


@dataclass(frozen=True)
class Setting:
    """Where a contestant is run: `own` and `other` are the cores of it and of its client, empty where none is bound."""

    outside: Path
    group: Group
    pythons: Mapping[str, str]
    own: Sequence[int]
    other: Sequence[int]
    quick: bool

    @property
    def script(self) -> Path:
        return self.outside / self.group.outside / self.group.script

    @property
    def python(self) -> str:
        return self.pythons[self.group.python]


def run(contestant: Contestant, setting: Setting) -> Readings:
    """The readings of one fresh process of a contestant; raises Failed."""
    return KINDS[contestant.kind](contestant, setting)


def _uvloop(contestant: Contestant, setting: Setting) -> Readings:
    command = [setting.python, str(setting.script), *contestant.words[3:], "--addr", f"{HOST}:{PORT}"]
    return _echo(command, contestant, setting)


def _curio(contestant: Contestant, setting: Setting) -> Readings:
    script = setting.outside / "curio" / "examples" / "bench" / f"{contestant.words[3]}.py"
    command = [setting.python, "-m", "docs.evidence.outside.hosting", str(script), str(PORT)]
    return _echo(command, contestant, setting)


def _echo(command: Sequence[str], contestant: Contestant, setting: Setting) -> Readings:
    """Clients by uvloop's script, each a process with a connection that asks again when it has its answer."""
    heap, size_bytes, connections = contestant.words[:3]
    each = 3_000 if setting.quick else 10_000
    client = setting.outside / "uvloop" / "examples" / "bench" / "echoclient.py"
    words = ["--addr", f"{HOST}:{PORT}", "--msize", size_bytes, "--num", str(each), "--workers", connections]
    asking = [setting.pythons[""], str(client), *words]
    own = setting.own if contestant.own_core else []
    with _server(command, own, KEEPING if heap == KEPT else {}) as pid:
        before_s, faults = _cpu_s(pid), _minor_faults(pid)
        spent, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        told = _output(asking, setting.other)
        client_s, took_s = _used_s(spent), time.perf_counter() - began_s
        messages = int(connections) * each
        found = PER_SECOND.search(told)
        if not found:
            raise Failed(f"the client printed something else: {told[-300:]!r}")
        return {
            RATE: float(found[1]),
            CPU: (_cpu_s(pid) - before_s) / messages,
            "faults": (_minor_faults(pid) - faults) / messages,
            "client_busy": client_s / took_s,
        }


@contextmanager
def _server(command: Sequence[str], cores: Sequence[int], environ: Mapping[str, str]) -> Iterator[int]:
    """The process id of a server that accepts connections."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with bound(cores), started(command, env=os.environ | environ, cwd=ROOT, **pipes) as process:
        try:
            _until_accepting(process)
            yield process.pid
        finally:
            process.kill()


def _until_accepting(process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            assert process.stderr is not None
            raise Failed(f"the server ended: {process.stderr.read().strip()[-300:]}")
        try:
            socket.create_connection((HOST, PORT), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            # It has to see that this one is gone, too.
            time.sleep(0.1)
            return
    raise Failed("the server does not accept connections")


def _tree(contestant: Contestant, setting: Setting) -> Readings:
    loop, *words = contestant.words
    front = ["-W", "ignore", "-c", ON_UVLOOP] if loop == "uvloop" else []
    return _pyperf([*front, str(setting.script), *words, "--worker", "-l", "1"], setting, setting.own)


def _imap(contestant: Contestant, setting: Setting) -> Readings:
    loops = "2" if setting.quick else "20"
    words = ["--worker", "--worker-task", contestant.words[0], "-l", loops]
    return _pyperf([str(setting.script), *words], setting, [])


ON_UVLOOP = """
import asyncio, runpy, sys, uvloop
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _pyperf(words: Sequence[str], setting: Setting, cores: Sequence[int]) -> Readings:
    """A process of pyperf's: one value to warm up and some that count, of which this is the median."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "values.json"
        values = str(1 if setting.quick else setting.group.rounds)
        _output([setting.python, *words, "-w", "1", "-n", values, "-o", str(path)], cores)
        found = json.loads(path.read_text(encoding="utf-8"))
    (one,) = found["benchmarks"]
    (only,) = one["runs"]
    return {TIME: statistics.median(only["values"])}


def _search(contestant: Contestant, setting: Setting) -> Readings:
    """joblib's script keeps what it measured in a file: for each number of jobs the median of its repetitions."""
    (backend,) = contestant.words
    # Without multiprocessing joblib sees one core, so the script does one fit after another.
    environ = SINGLE | {"MPLBACKEND": "Agg"} | ({"JOBLIB_MULTIPROCESSING": "0"} if backend == "serial" else {})
    words = [str(setting.script), "--n-rep", "1", "--name", "told"]
    command = [setting.python, "-c", BY_THREADS, *words] if backend == "threading" else [setting.python, *words]
    cores = setting.own if contestant.own_core else []
    with tempfile.TemporaryDirectory() as folder:
        _output(command, cores, environ, folder)
        reading = "import sys, numpy; print(*numpy.load(sys.argv[1])[1])"
        told = _output([setting.python, "-c", reading, f"{folder}/bench_gs_scaling_told.npy"], [])
    return {TIME: float(told.split()[0])}


BY_THREADS = """
import runpy, sys, joblib
sys.argv = sys.argv[1:]
with joblib.parallel_config("threading"):
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _wrk(contestant: Contestant, setting: Setting) -> Readings:
    """wrk before a server of ours, whose backend shares wrk's core as it shares that of our generator."""
    (body,) = contestant.words
    case = Case(body, "/wait/1", 10, body)
    own = setting.own if contestant.own_core else []
    with ExitStack() as stack:
        load = stack.enter_context(service("when_async.workloads.load.generator", setting.other))
        port = stack.enter_context(served(case, load, own))
        shoot_wrk(case, port, 1, setting.other)
        shot = shoot_wrk(case, port, 1 if setting.quick else 2, setting.other)
    return {RATE: shot.rate_per_s, "client_busy": shot.busy}


KINDS: Mapping[str, Callable[[Contestant, Setting], Readings]] = {
    "uvloop": _uvloop,
    "curio": _curio,
    "tree": _tree,
    "imap": _imap,
    "search": _search,
    "wrk": _wrk,
}


def _output(
    command: Sequence[str], cores: Sequence[int], environ: Mapping[str, str] | None = None, folder: str | None = None
) -> str:
    """What a program prints; raises Failed."""
    with bound(cores):
        done = run_to_end(command, os.environ | (environ or {}), PATIENCE_S, cwd=folder)
    if done.returncode:
        raise Failed(f"{Path(command[-1]).name} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _cpu_s(pid: int) -> float:
    """CPU of a process with all its threads; Linux composes its clock from its id (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _used_s(before: resource.struct_rusage) -> float:
    """CPU of the processes that have ended since."""
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def _minor_faults(pid: int) -> int:
    """Page faults of a process that no disk had to answer."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return int(text.rpartition(")")[2].split()[7])
