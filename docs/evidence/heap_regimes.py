"""What page faults cost small fresh servers that give memory back at each read, and what a variable of glibc changes.

    python -m docs.evidence.heap_regimes --measure [--python PATH ...]    some two minutes an interpreter; keeps it
    python -m docs.evidence.heap_regimes [--write docs/how-to/page-faults.md]    the table of what was kept

Each server is a process of its own that has done nothing else before (docs/evidence/heap_servers.py). Three connections
send it 1 000 bytes each, or a GET, and send again when the answer is there. CPU and minor faults are read from outside,
so nothing is added to the process. A figure is of all its messages after a first few; an interval is over processes.
Settings take turns, and servers with them, so a slow minute is nobody's.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docs.evidence.decide import replace_between
from docs.evidence.heap_servers import HOST, KINDS
from when_async.bench.machine.fingerprint import fingerprint
from when_async.bench.machine.lock import machine
from when_async.bench.worker.probes import usage_of
from when_async.reports import words
from when_async.reports.scene import conditions
from when_async.results.stats.estimate import linear_interval, log_interval

STORED = Path(__file__).with_name("heap_regimes.json")
SERVERS = Path(__file__).with_name("heap_servers.py")
NAME = "heap regimes"
AS_IT_IS, TUNED, LINE = "as it is", "GLIBC_TUNABLES", "line"
SETTINGS: dict[str, dict[str, str]] = {
    AS_IT_IS: {},
    "MALLOC_TOP_PAD_": {"MALLOC_TOP_PAD_": "1048576"},
    TUNED: {TUNED: "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=16777216"},
    LINE: {},
}
"""What is set in the environment of the server. `LINE` sets nothing, but lets the server begin with a line of code."""
OURS = ("MALLOC_", "GLIBC_TUNABLES", "PYTHON", "LD_PRELOAD")
"""Variables with such names are not passed on: the process is to be as it is by itself."""
PROCESSES, CONNECTIONS, SIZE = 6, 3, 1000
FIRST, MESSAGES = 300, 9000
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE_S = 20.0
Json = dict[str, Any]


@contextmanager
def server(python: str, kind: str, setting: str) -> Iterator[tuple[int, int]]:
    """A fresh server, as its process id and port; raises RuntimeError with its last words where it does not start."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [python, "-P", str(SERVERS), kind, *([LINE] if setting == LINE else [])]
    with subprocess.Popen(
        command, env=kept | SETTINGS[setting], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip():
                said = process.communicate(timeout=PATIENCE_S)[1].strip().splitlines()
                raise RuntimeError(said[-1] if said else f"it ended with exit status {process.returncode}")
            yield process.pid, int(line)
        finally:
            process.kill()


def connected(port: int) -> socket.socket:
    """A connection that waits for as long as the server lives: with a time limit the kernel would gather no answer."""
    made = socket.create_connection((HOST, port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def answered(connections: Sequence[socket.socket], message: bytes, answers: int, size: int) -> None:
    """Send on all connections and wait for all answers, until there are so many."""
    for _ in range(answers // len(connections)):
        for one in connections:
            one.sendall(message)
        for one in connections:
            if len(one.recv(size, socket.MSG_WAITALL)) != size:
                raise RuntimeError("the server hung up")


def answer_size(connection: socket.socket, message: bytes) -> int:
    """How long an answer is: an echo as long as what was sent, one of HTTP as long as its head says."""
    connection.sendall(message)
    got = b""
    while True:
        got += connection.recv(1 << 16)
        head, end, body = got.partition(b"\r\n\r\n")
        if not message.startswith(b"GET"):
            if len(got) >= len(message):
                return len(message)
        elif end:
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            if len(body) == (length := int(fields[b"content-length"])):
                return len(head) + len(end) + length


def once(python: str, kind: str, setting: str) -> Json:
    """CPU seconds and minor faults a message of one fresh server."""
    message = GET if kind.startswith("HTTP") else bytes(SIZE)
    with server(python, kind, setting) as (pid, port):
        connections = [connected(port) for _ in range(CONNECTIONS)]
        try:
            size = max(answer_size(one, message) for one in connections)
            answered(connections, message, FIRST, size)
            before = usage_of(pid)
            answered(connections, message, MESSAGES, size)
            after = usage_of(pid)
        finally:
            for one in connections:
                one.close()
    used_s = after.cpu_user_s + after.cpu_system_s - before.cpu_user_s - before.cpu_system_s
    return {"cpu_s": used_s / MESSAGES, "faults": (after.page_faults - before.page_faults) / MESSAGES}


def measured(python: str) -> Json:
    """All kinds of servers under one interpreter, in turns; those that do not start with the reason."""
    rows: dict[str, Json] = {kind: {setting: [] for setting in SETTINGS} for kind in KINDS}
    absent: dict[str, str] = {}
    for process in range(PROCESSES):
        turns = list(SETTINGS) if process % 2 == 0 else list(SETTINGS)[::-1]
        for kind, row in rows.items():
            for setting in turns:
                if kind in absent:
                    continue
                try:
                    row[setting].append(once(python, kind, setting))
                except RuntimeError as error:
                    absent[kind] = str(error)
    version = subprocess.check_output([python, "-c", "import platform; print(platform.python_version())"], text=True)
    build = subprocess.check_output([python, "-c", "import sys; print('free-threading' in sys.version)"], text=True)
    named = version.strip() + (" without the GIL" if build.strip() == "True" else "")
    return {"version": named, "rows": {kind: row for kind, row in rows.items() if kind not in absent}, "absent": absent}


def measure(pythons: Sequence[str]) -> Json:
    """All interpreters, one after the other."""
    with machine(wait=True, say=print):
        found = [measured(python) for python in pythons]
    return {"machine": conditions.machine({"machine": fingerprint()}), "interpreters": found}


def line(kind: str, row: Json) -> str:
    """The faults of one kind of server under each setting, its CPU as it is and with memory kept, and their ratio."""
    cells = []
    for setting in SETTINGS:
        faults = linear_interval([one["faults"] for one in row[setting]], "")
        cells.append("–" if faults is None else f"{faults.point:.2f}")
    for setting in (AS_IT_IS, TUNED):
        used = log_interval([one["cpu_s"] for one in row[setting]], "s")
        cells.append("–" if used is None else words.with_unit(used, "s"))
    pairs = zip(row[AS_IT_IS], row[TUNED], strict=True)
    ratio = log_interval([one["cpu_s"] / other["cpu_s"] for one, other in pairs], "x")
    return f"| {kind} | {' | '.join([*cells, '–' if ratio is None else words.times(ratio)])} |"


def table(found: Json) -> list[str]:
    """For each interpreter a line for each kind of server."""
    made = [f"Machine: {found['machine']}; {PROCESSES} fresh processes a line, intervals over them."]
    for one in found["interpreters"]:
        made += [
            "", f"CPython {one['version']}:", "",
            "| server | faults a message | with `MALLOC_TOP_PAD_` | with `GLIBC_TUNABLES` | with the line "
            "| CPU a message | with `GLIBC_TUNABLES` | ratio |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *(line(kind, row) for kind, row in one["rows"].items()),
        ]  # fmt: skip
        if one["absent"]:
            made += ["", "Not there: " + "; ".join(f"{kind} ({why})" for kind, why in one["absent"].items()) + "."]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure, and keep what came of it")
    parser.add_argument("--python", action="append", default=[], help="an interpreter; repeatable; default: this one")
    parser.add_argument("--keep", type=Path, default=STORED, help="where it is kept; default: beside this file")
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    chosen = parser.parse_args()
    if chosen.measure:
        found = measure(chosen.python or [sys.executable])
        chosen.keep.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    made = table(json.loads(chosen.keep.read_text(encoding="utf-8")))
    print("\n".join(made))
    if chosen.write:
        text = chosen.write.read_text(encoding="utf-8")
        chosen.write.write_text(replace_between(text, NAME, made), encoding="utf-8")


if __name__ == "__main__":
    main()
