"""The real HTTP server as a child process, for the tests of the workload and of the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
COMMAND = [sys.executable, "-m", "when_async.workloads.servers.http_server"]


class HttpService:
    """The parent's side of one server: its address and its counts."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self.stdin, self.stdout = process.stdin, process.stdout
        hello = json.loads(self.stdout.readline())
        self.address: str = hello["address"]
        self.facts: dict[str, Any] = hello["facts"]

    def stats(self) -> dict[str, Any]:
        """The server's counts since the last call."""
        self.stdin.write(b"stats\n")
        self.stdin.flush()
        counts: dict[str, Any] = json.loads(self.stdout.readline())
        return counts


@contextmanager
def http_service(command: list[str] = COMMAND) -> Iterator[HttpService]:
    """A server that has reported its address; killed at the end if it is still there, and its files removed."""
    with TemporaryDirectory() as folder:
        environment = {**ENVIRONMENT, "TMPDIR": folder}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                yield HttpService(process)
            finally:
                process.kill()
