"""A stand-in for uv and every interpreter, and what uv says when things go wrong (taken from uv 0.13)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from when_async.bench.environments import interpreters, provision, venv_imports
from when_async.bench.environments.interpreters import Completed

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
NO_VERSION = """error: No solution found when resolving dependencies
  cause: Because there is no version of {0} and you require {0}, we can conclude that your requirements are
         unsatisfiable.
"""
CONFLICT = """error: No solution found when resolving dependencies
  cause: Because aiohttp==3.13.9 depends on yarl>=1.17 and you require aiohttp==3.13.*, we can conclude that you require
         yarl>=1.17.
         And because you require yarl<1.10, we can conclude that your requirements are unsatisfiable.
"""
BAD_BUILD = """error: Failed to build `mine @ file:///home/me/mine`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 14, in <module>
         RuntimeError: no compiler in /home/me/bin/cc

hint: Build failures usually indicate a problem with the package or the build environment
"""
OLD_GIL = (
    "Fatal Python error: config_read_gil: Disabling the GIL is not supported by this build\nPython runtime state: x\n"
)


@dataclass
class Uv:
    """Plays uv and every interpreter: knows which pythons exist and what uv says of each library.

    `trouble` is what uv says when a library, or a folder by its name, is asked for; `gives` is the version that a
    library has once it is installed, where that is not what was asked for; `broken` is what an interpreter says when it
    imports a library that is installed.
    """

    pythons: dict[str, tuple[str, bool]] = field(default_factory=lambda: {"3.13": ("3.13.5", False)})
    trouble: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    offline: bool = False
    probe_error: str = ""
    calls: list[list[str]] = field(default_factory=list)
    environs: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, command: Sequence[str], environ: Mapping[str, str]) -> Completed:
        self.calls.append(list(command))
        self.environs.append(dict(environ))
        if command[0] == "git":
            return interpreters.run_command(command, environ)
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
        if "uninstall" in command:
            python, *names = command[command.index("--python") + 1 :]
            hold(python, {name: version for name, version in held(python).items() if name not in names})
            return Completed(0, "", "")
        return self.python(command)

    def install(self, command: Sequence[str]) -> Completed:
        found = dict(map(self.package, asked(command)))
        python = command[command.index("--python") + 1]
        have = held(python)
        if "--offline" in command and found.items() <= have.items():
            return Completed(0, "", "")
        if self.offline or "--offline" in command:
            return Completed(1, "", NOT_CACHED if "--offline" in command else NO_NETWORK)
        for name in found:
            if name in self.trouble:
                return Completed(1, "", self.trouble[name])
        hold(python, {**have, **found})
        return Completed(0, "", "")

    def package(self, requirement: str) -> tuple[str, str]:
        """Name and version that come of a requirement; a folder is a package of its own name."""
        parts = re.fullmatch(r"([\w.-]+)(?:\[.*\])?(?:(==)?(.*))", Path(requirement).name)
        assert parts is not None
        exact = parts[3].replace(".*", ".9") if parts[2] else "1.0"
        return parts[1], self.gives.get(parts[1], exact)

    def python(self, command: Sequence[str]) -> Completed:
        executable = command[0]
        if interpreters.IDENTIFY in command:
            version, free = self.pythons[Path(executable).name]
            found = {"executable": executable, "implementation": "cpython", "version": version, "free_threaded": free}
            return Completed(0, json.dumps(found), "")
        if not Path(executable).exists():
            return Completed(127, "", "cannot be run")
        have = held(executable)
        if provision.VERSIONS in command:
            names = command[command.index(provision.VERSIONS) + 1 :]
            return Completed(0, json.dumps({name: have.get(name) for name in names}), "")
        if venv_imports.IMPORT in command:
            said = self.broken.get(command[-1], "")
            return Completed(1 if said else 0, "", said)
        if self.probe_error:
            return Completed(1, "", self.probe_error)
        version, free = self.pythons[Path(Path(executable).read_text()).name]
        modules = command[command.index("when_async.bench.worker.attest") + 1 :]
        found = {name: have.get(name, "stdlib" if name == "http.client" else None) for name in modules}
        attested = {"implementation": "CPython", "version": version, "gil": not free}
        return Completed(0, json.dumps({"attestation": attested, "modules": found}), "")

    def count(self, word: str) -> int:
        return sum(word in call for call in self.calls)

    @property
    def installs(self) -> list[list[str]]:
        """What uv was asked to install, command by command."""
        return [asked(call) for call in self.calls if "install" in call]


def held(python: str) -> dict[str, str]:
    """The packages of an environment of the fake, kept beside its python, for environments move."""
    try:
        return dict(json.loads(Path(python).with_name("packages").read_text()))
    except FileNotFoundError:
        return {}


def hold(python: str, packages: Mapping[str, str]) -> None:
    """Let an environment of the fake have these packages and no others."""
    Path(python).with_name("packages").write_text(json.dumps(packages))


def asked(command: Sequence[str]) -> list[str]:
    """The requirements in a command of `uv pip install`, without its options."""
    found = list(command[command.index("install") + 1 :])
    for option in ("--python", "--only-binary", "--no-binary", "--reinstall-package", "--refresh-package"):
        while option in found:
            del found[found.index(option) : found.index(option) + 2]
    return [part for part in found if not part.startswith("--")]
