"""The environment of a user's project, which need not be the one that we are installed in.

It is `VIRTUAL_ENV`, else `.venv` beside the project's files, or what somebody names. Workers of the user's own code run
in it as it is, with our sealed tree in front; nothing is ever installed into it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..model import Environment
from ..registry import requirement
from .interpreters import MINIMUM, NAMES, Interpreter, NoInterpreter, Run, identify, run_command
from .provision import probe
from .sources import PROJECT_FILES

FOLDER = ".venv"
NEEDED = f"workers need CPython {MINIMUM[0]}.{MINIMUM[1]} or newer"


@dataclass(frozen=True)
class Own:
    """The environment of a project: `python` starts it, `shown` is how it is called, without a path of this machine."""

    python: str
    shown: str
    interpreter: Interpreter

    @property
    def note(self) -> str:
        """Says where workers run."""
        return f"workers run in {self.shown}, {_full_name(self.interpreter)}"


def own(run: Run = run_command, environ: Mapping[str, str] = os.environ) -> Own | None:
    """The environment of the project in the working folder; None where there is none, or we run inside it.

    Raises NoInterpreter where it is there and no worker can run in it.
    """
    active = environ.get("VIRTUAL_ENV")
    if active:
        if not os.path.isdir(active):
            raise NoInterpreter(
                f"VIRTUAL_ENV names {_shown(active)}, which is not there; activate another environment, unset it, or "
                "name one with --python"
            )
        return at(active, run)
    folder = _beside(Path.cwd())
    return None if folder is None else at(str(folder), run)


def _beside(here: Path) -> Path | None:
    """`.venv` of the nearest folder that has one, from here up to the top of the project."""
    return next((each / FOLDER for each in _climb(here.resolve()) if (each / FOLDER).is_dir()), None)


def _climb(here: Path) -> Iterator[Path]:
    """Up to the top of the repository; outside of one to the nearest folder with the files of a project, if any."""
    line = [here, *here.parents]
    top = next((each for each in line if (each / ".git").exists()), None)
    top = top or next((each for each in line if any((each / name).is_file() for name in PROJECT_FILES)), here)
    yield from line[: line.index(top) + 1]


def is_place(name: str) -> bool:
    """Whether `--python` was given a path, and not a version."""
    return os.sep in name or os.path.isdir(name)


def at(path: str, run: Run = run_command) -> Own | None:
    """The environment of a folder, or of the interpreter at a path; None where it is ours.

    Raises NoInterpreter where no worker can run in it.
    """
    place = Path(os.path.abspath(os.path.expanduser(path)))
    python = place / "bin" / "python" if place.is_dir() else place
    if _is_ours(python):
        return None
    shown = _shown(path)
    if not os.path.lexists(python):
        what = f"{shown} is no virtual environment: it has no bin/python" if place.is_dir() else f"there is no {shown}"
        raise NoInterpreter(f"{what}; give the folder of one with --python, an interpreter, or a version such as 3.14")
    interpreter = identify(str(python), run)
    if interpreter is None:
        raise NoInterpreter(f"{shown} is broken: its Python does not run; make it anew, or name another with --python")
    old = tuple(map(int, interpreter.version.split(".")[:2])) < MINIMUM
    if old or interpreter.implementation != "cpython":
        raise NoInterpreter(
            f"{shown} is of {_full_name(interpreter)}, and {NEEDED}; make it anew with one, or name another with "
            "--python"
        )
    return Own(str(python), shown, interpreter)


def in_venv(python: str) -> str:
    """The virtual environment that an interpreter at this path belongs to; empty where it is of none."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(python)))
    return folder if os.path.isfile(os.path.join(folder, "pyvenv.cfg")) else ""


def _is_ours(python: Path) -> bool:
    if sys.prefix == sys.base_prefix:
        return os.path.realpath(python) == os.path.realpath(sys.executable) and not in_venv(str(python))
    return os.path.realpath(in_venv(str(python))) == os.path.realpath(sys.prefix)


def _shown(path: str) -> str:
    """A path as it is told: as it was typed, relative to here, or by the last of its names where it lies elsewhere."""
    if not os.path.isabs(os.path.expanduser(path)):
        return os.path.normpath(path)
    place = Path(os.path.abspath(os.path.expanduser(in_venv(path) or path)))
    top = [*_climb(Path.cwd())][-1]
    if place.is_relative_to(top):
        return os.path.relpath(place)
    return os.path.join(place.parent.name, place.name) if place.name.startswith(".") else place.name


def _full_name(interpreter: Interpreter) -> str:
    """`CPython 3.14.2`, with a `t` where it is free-threaded."""
    name = NAMES.get(interpreter.implementation, interpreter.implementation)
    return f"{name} {interpreter.version}{'t' if interpreter.free_threaded else ''}"


def taken(
    place: Own,
    modules: Sequence[str],
    *,
    label: str | None = None,
    source: str = "",
    path: Sequence[str] = (),
    run: Run = run_command,
) -> Environment:
    """The environment as it is, with the reason for each of `modules` that it has not; raises BuildFailed."""
    found = probe(label or place.interpreter.label, place.python, modules, path, run)
    absent = [module for module in modules if found.modules.get(module) is None]
    return replace(found, reasons={each: _why(each, place) for each in absent}, source=source, path=tuple(path))


def _why(module: str, place: Own) -> str:
    if module.partition(".")[0] in sys.stdlib_module_names:
        return f"{module} is not part of {_full_name(place.interpreter)}"
    return f"{module} is missing in {place.shown}; install {requirement(module) or module} there"
