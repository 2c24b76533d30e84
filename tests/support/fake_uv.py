"""A stand-in for uv and every interpreter, and what uv says when things go wrong (taken from uv 0.13)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import interpreters
from bench.interpreters import Completed

NO_WHEEL = """error: No solution found when resolving dependencies
  cause: Because {0}>=0.22.1 has no usable wheels and you require {0}>=0.22, we can conclude that your requirements are
         unsatisfiable.

hint: Wheels are required for `{0}` because building from source is disabled for all packages
"""
NOT_FOUND = """error: No solution found when resolving dependencies
  cause: Because only aiohttp<=4.0.0a1 is available and you require aiohttp>=99, we can conclude that so it is.
"""
NO_NETWORK = """error: Request failed after 3 retries in 9.1s
  cause: Failed to fetch: https://me:secret@index.example/simple/uvloop/
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""
NOT_CACHED = """error: No solution found when resolving dependencies
  cause: Because uvloop was not found in the cache, your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled.
"""
OLD_GIL = (
    "Fatal Python error: config_read_gil: Disabling the GIL is not supported by this build\nPython runtime state: x\n"
)


@dataclass
class Uv:
    """Plays uv and every interpreter: knows which pythons exist and what uv says of each library."""

    pythons: dict[str, tuple[str, bool]] = field(default_factory=lambda: {"3.13": ("3.13.5", False)})
    trouble: dict[str, str] = field(default_factory=dict)
    offline: bool = False
    probe_error: str = ""
    calls: list[list[str]] = field(default_factory=list)
    installed: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, command: Sequence[str], environ: Mapping[str, str]) -> Completed:
        self.calls.append(list(command))
        if "find" in command:
            known = command[-1] in self.pythons
            return (
                Completed(0, f"/fake/{command[-1]}\n", "") if known else Completed(2, "", "error: No interpreter found")
            )
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)
            (Path(command[-1]) / "bin" / "python").write_text(command[command.index("--python") + 1])
            return Completed(0, "", "")
        if "install" in command:
            return self.install(command)
        return self.python(command)

    def install(self, command: Sequence[str]) -> Completed:
        wanted = [part for part in command if ">=" in part]
        if self.offline:
            return Completed(1, "", NOT_CACHED if "--offline" in command else NO_NETWORK)
        for requirement in wanted:
            name = requirement.partition(">=")[0]
            if name in self.trouble:
                return Completed(1, "", self.trouble[name])
        have = self.installed.setdefault(command[command.index("--python") + 1], set())
        have.update(requirement.partition(">=")[0] for requirement in wanted)
        return Completed(0, "", "")

    def python(self, command: Sequence[str]) -> Completed:
        executable = command[0]
        if interpreters.IDENTIFY in command:
            version, free = self.pythons[Path(executable).name]
            found = {"executable": executable, "implementation": "cpython", "version": version, "free_threaded": free}
            return Completed(0, json.dumps(found), "")
        if not Path(executable).exists():
            return Completed(127, "", "cannot be run")
        if "pass" in command:
            return Completed(0, "", "")
        if self.probe_error:
            return Completed(1, "", self.probe_error)
        version, free = self.pythons[Path(Path(executable).read_text()).name]
        have = self.installed.get(executable, set())
        modules = command[command.index("bench.worker.attest") + 1 :]
        found = {name: "1.0" if name in have else "stdlib" if name == "http.client" else None for name in modules}
        said = {"implementation": "CPython", "version": version, "gil": not free}
        return Completed(0, json.dumps({"attestation": said, "modules": found}), "")

    def count(self, word: str) -> int:
        return sum(word in call for call in self.calls)
