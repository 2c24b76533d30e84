"""Finds the interpreter that a name such as `3.13t` or a path stands for, and asks it what it is.

Nothing is ever downloaded here; where an interpreter is missing the reason says how to get it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..model import FailedError, WhenAsyncError
from ..reaping import reaper

MINIMUM = (3, 11)
TIMEOUT_S = 900.0
"""After this a command counts as hung; an installation over a slow line is the longest of them."""

NAME = re.compile(r"(?:python|cpython)?(?P<name>(?P<pypy>pypy)?(?P<version>\d+\.\d+(?:\.\d+)?)(?P<free>t?))")

NAMES = {"cpython": "CPython", "pypy": "PyPy"}
"""Of implementations, for sentences."""

IDENTIFY = """
import json, os, sys, sysconfig
info = sys.version_info
level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(info[3])
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "implementation": sys.implementation.name,
    "version": "%d.%d.%d" % info[:3] + (level + str(info[4]) if level else ""),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""


class NoEnvironment(WhenAsyncError):
    """No worker can run there; the text is one line that says why and what to do."""


class NoInterpreter(NoEnvironment):
    """The interpreter that was asked for is not on this machine."""


class Unresolvable(NoEnvironment):
    """What was asked for does not exist or does not fit together: wrong use, exit code 2 (method.md, T11)."""


class BuildFailed(NoEnvironment, FailedError):
    """What was asked for could not be made here and now: no network, a failed build; exit code 3 (method.md, T11)."""

    exit_code = FailedError.exit_code


@dataclass(frozen=True)
class Completed:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def last_words(self) -> str:
        """The line that says what went wrong: the fatal error of an interpreter, else the last line."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith("Fatal Python error")]
        return (fatal or lines[-1:] or [f"exit status {self.returncode}"])[0]


Run = Callable[[Sequence[str], Mapping[str, str]], Completed]
"""Runs a command with exactly this environment; never raises."""


def run_command(command: Sequence[str], environ: Mapping[str, str]) -> Completed:
    """Run `command` to its end, keeping what it says; a missing or hung program is a return code too.

    It dies with us, and so do the compilers and build backends that it has started.
    """
    try:
        done = reaper.run(command, environ, TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Completed(124, "", f"{os.path.basename(command[0])} did not end within {TIMEOUT_S:.0f} s")
    except ValueError as error:
        # A NUL in what somebody typed, which no program can be given.
        return Completed(128, "", f"{os.path.basename(command[0])} cannot be given this: {error}")
    except OSError as error:
        return Completed(127, "", f"{os.path.basename(command[0])} cannot be run: {error.strerror}")
    return Completed(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Interpreter:
    """An interpreter on this machine, as it describes itself; `executable` is its real path."""

    executable: str
    implementation: str
    version: str
    free_threaded: bool

    @property
    def label(self) -> str:
        """`3.11`, `3.13t`, `pypy3.11`."""
        return label_of(self.implementation, self.version, self.free_threaded)

    @property
    def name(self) -> str:
        """`CPython 3.13t`: for sentences."""
        name = NAMES.get(self.implementation, self.implementation)
        return f"{name} {label_of('cpython', self.version, self.free_threaded)}"


def label_of(implementation: str, version: str, free_threaded: bool) -> str:
    """The short name of an interpreter, as ids show it."""
    short = ".".join(version.split(".")[:2])
    prefix = "" if implementation.lower() == "cpython" else implementation.lower()
    return f"{prefix}{short}{'t' if free_threaded else ''}"


def uv_program() -> str:
    """The uv that came with us, else the one on PATH; raises NoEnvironment where there is none."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise NoEnvironment("the environments of other interpreters are made with uv, which is missing; pip install uv")
    return found


def tool_environ() -> dict[str, str]:
    """Our environment without what would make uv, or an interpreter it asks, take ours for its own."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "PYTHON_GIL", "PYTHON_JIT", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def find(name: str, run: Run = run_command) -> Interpreter:
    """The interpreter for a version (`3.14`, `3.13t`, `pypy3.11`) or a path; raises NoInterpreter."""
    if os.sep in name:
        return _at_path(name, run)
    match = NAME.fullmatch(name)
    if match is None:
        raise NoInterpreter(f"{name!r} is neither a version such as 3.14 or 3.13t nor the path of an interpreter")
    _refuse_old(name, match["version"])
    short = match["name"]
    environ = tool_environ()
    if not {"UV_MANAGED_PYTHON", "UV_NO_MANAGED_PYTHON"} & environ.keys():
        # What is on PATH comes before what uv brought itself, unless the user has told uv otherwise.
        environ.setdefault("UV_PYTHON_PREFERENCE", "system")
    done = run([uv_program(), "python", "find", "--system", "--no-project", "--no-python-downloads", short], environ)
    found = identify(done.stdout.strip(), run) if done.returncode == 0 else None
    # For 3.14, unlike for 3.13, uv takes a free-threaded build where there is no other.
    if found and found.label == label_of(match["pypy"] or "cpython", match["version"], bool(match["free"])):
        return found
    command = short if match["pypy"] else f"python{short}"
    other = f"; what was found instead is {found.label} ({found.version})" if found else ""
    raise NoInterpreter(
        f"no Python {short} on this machine: {command} is not on PATH or does not run, and uv knows none{other}; "
        f"get it with: uv python install {short}"
    )


def _at_path(path: str, run: Run) -> Interpreter:
    full = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(full):
        raise NoInterpreter(f"there is no interpreter at {path}; give the path of one, or a version such as 3.14")
    interpreter = identify(full, run)
    if interpreter is None:
        raise NoInterpreter(
            f"{path} does not run as a Python interpreter; give the path of one, or a version such as 3.14"
        )
    _refuse_old(path, interpreter.version)
    return interpreter


def _refuse_old(name: str, version: str) -> None:
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) < MINIMUM:
        raise NoInterpreter(f"{name} is too old: the workers need Python {MINIMUM[0]}.{MINIMUM[1]} or newer")


def identify(executable: str, run: Run) -> Interpreter | None:
    """What the interpreter at a path is; None where it does not run."""
    # Isolated (-I), so that PYTHON_GIL and the like cannot keep a healthy interpreter from answering.
    done = run([executable, "-I", "-c", IDENTIFY], tool_environ())
    try:
        return Interpreter(**json.loads(done.stdout.strip().splitlines()[-1])) if done.returncode == 0 else None
    except (ValueError, TypeError, IndexError):
        return None
