"""The interpreters and virtual environments that a worker can run in, and the surroundings it is started with.

What an environment holds is asked of the interpreter itself, started as a worker is started, so that the answer is
about the process that will be measured and not about this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import interpreters, venvs
from bench.interpreters import NoEnvironment, NoInterpreter, Run, run_command
from bench.model import Environment
from bench.venvs import Progress
from bench.worker import attest

__all__ = [
    "Missing", "NoEnvironment", "NoInterpreter", "cache_folder", "child_environ", "default", "default_label",
    "interpreter_options", "named", "source_tree",
]  # fmt: skip

SEALED = ("bench", "workloads")
"""The packages of ours that a measured process may import."""

CONFUSING = ("PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "CONDA_PREFIX")
"""Would make another interpreter look for its libraries in the wrong place."""


@dataclass(frozen=True)
class Missing:
    """An environment that was asked for and cannot be had, and why, in a sentence."""

    label: str
    reason: str


def default_label() -> str:
    """The label of the interpreter that runs this: `3.11` or `3.13t`."""
    return interpreters.label_of(sys.implementation.name, attest.python_version(), not attest.gil_build())


def default(modules: Sequence[str], *, run: Run = run_command) -> Environment:
    """The environment of the running interpreter; raises NoEnvironment where it cannot start a worker."""
    return _probe(default_label(), sys.executable, modules, {}, {}, is_default=True, run=run)


def named(
    names: Sequence[str],
    modules: Sequence[str],
    *,
    requirements: Mapping[str, str],
    progress: Progress,
    run: Run = run_command,
) -> list[Environment | Missing]:
    """One environment for each name (`3.14`, `3.13t`, a path), in order, or the reason why there is none.

    `requirements` maps a module to what uv is asked for (`{"aiohttp": "aiohttp>=3.13"}`). A library that cannot
    be had is missing from its environment with a reason; the environment itself is still good.
    """
    found: list[Environment | Missing] = []
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            if name == default_label():
                taken[name] = sys.executable
                found.append(default(modules, run=run))
                continue
            interpreter = interpreters.find(name, run)
            label = _free_label(name, interpreter, taken, names)
            if label is None:
                progress(f"{name}: the same interpreter was asked for before")
                continue
            taken[label] = interpreter.executable
            python, reasons = venvs.prepare(interpreter, requirements, cache=cache_folder(), run=run, progress=progress)
            found.append(_probe(label, python, modules, requirements, reasons, is_default=False, run=run))
        except NoEnvironment as error:
            progress(f"{name}: {error}")
            found.append(Missing(os.path.basename(name), str(error)))
    return found


def _free_label(
    name: str, interpreter: interpreters.Interpreter, taken: Mapping[str, str], names: Sequence[str]
) -> str | None:
    """A label that no other environment has or will have; None where this very interpreter was taken before."""
    if interpreter.executable in taken.values():
        return None
    asked = interpreters.NAME.fullmatch(name)
    full = interpreter.version + ("t" if interpreter.free_threaded else "")
    choices = [asked["name"] if asked else interpreter.label, full, *(f"{full}-{n}" for n in range(2, 100))]
    return next(choice for choice in choices if choice not in taken and (choice == name or choice not in names))


def _probe(
    label: str,
    executable: str,
    modules: Sequence[str],
    requirements: Mapping[str, str],
    reasons: Mapping[str, str],
    *,
    is_default: bool,
    run: Run,
) -> Environment:
    """Ask the interpreter, started as a worker would be, what it is and what it can import."""
    command = [executable, *interpreter_options(), "-P", "-m", "bench.worker.attest", *modules]
    done = run(command, child_environ())
    try:
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else {}
        attestation, versions = answer["attestation"], answer["modules"]
    except (ValueError, IndexError, KeyError):
        raise NoEnvironment(f"Python {label} does not start a worker: {venvs.public(done.last_words)}") from None
    why = {module: reason for module, reason in reasons.items() if versions.get(module) is None}
    if not is_default:
        absent = [module for module in modules if versions.get(module) is None and module not in why]
        why.update({module: _why_absent(module, label, requirements) for module in absent})
    return Environment(
        label=label,
        executable=executable,
        implementation=attestation["implementation"],
        version=attestation["version"],
        gil=attestation["gil"],
        modules=versions,
        reasons=why,
        default=is_default,
    )


def _why_absent(module: str, label: str, requirements: Mapping[str, str]) -> str:
    if module.partition(".")[0] in sys.stdlib_module_names:
        return f"{module} is not part of Python {label}"
    if module in requirements:
        return f"{requirements[module]} is installed for Python {label}, but there is no module {module} in it"
    return f"{module} is not in the environment made for Python {label}, because no requirement asks for it"


def interpreter_options() -> list[str]:
    """The `-X` options of this process, which a worker gets too (method.md, T10)."""
    options = getattr(sys, "_xoptions", {})
    return [part for name, value in options.items() for part in ("-X", name if value is True else f"{name}={value}")]


def child_environ() -> dict[str, str]:
    """The environment variables of a worker: ours, with our sealed packages in place of PYTHONPATH.

    PYTHON_GIL, PYTHONHASHSEED and their like go through, so that what is set outside holds inside (method.md, T10).
    """
    # Without bytecode every launch would compile the libraries again, and launch_s would tell of that.
    dropped = (*CONFUSING, "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONPATH": str(source_tree())}


def cache_folder() -> Path:
    """Where environments and source trees are kept: WHEN_ASYNC_CACHE, else `when-async` in the user's cache."""
    chosen = os.environ.get("WHEN_ASYNC_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification says that a relative path there is to be ignored.
    home = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
    return home / "when-async"


def source_tree() -> Path:
    """A folder from which `bench` and `workloads` can be imported and nothing else of ours; raises NoEnvironment."""
    packages = {name: _package_folder(name) for name in SEALED}
    try:
        return _tree_of(packages, cache_folder() / "trees")
    except OSError as error:
        raise venvs.no_cache(error) from error


def _package_folder(name: str) -> Path:
    beside = Path(__file__).absolute().parent.parent / name
    if (beside / "__init__.py").is_file():
        return beside
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise NoEnvironment(f"our own package {name} is not installed beside bench; install when-async again")
    return Path(spec.origin).absolute().parent


def _tree_of(packages: Mapping[str, Path], trees: Path, *, copy: bool = False) -> Path:
    """Links to the packages, or copies of them, under a name that their location (and content, if copied) decides."""
    marks = [str(path) for path in packages.values()]
    if copy:
        marks += [mark for path in packages.values() for mark in _content_marks(path)]
    tree = trees / hashlib.sha256("\0".join(marks).encode()).hexdigest()[:16]
    if _is_whole(tree, packages, copy):
        return tree
    trees.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=trees, prefix=".new-", ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / "tree"
        fresh.mkdir()
        for name, path in packages.items():
            if copy:
                shutil.copytree(path, fresh / name, ignore=shutil.ignore_patterns("__pycache__"))
                continue
            try:
                (fresh / name).symlink_to(path, target_is_directory=True)
            except (OSError, NotImplementedError):
                return _tree_of(packages, trees, copy=True)
        if tree.exists() and not _is_whole(tree, packages, copy):
            with contextlib.suppress(OSError):
                os.replace(tree, Path(scratch) / "old")
        try:
            os.rename(fresh, tree)
        except OSError:
            # Another run was faster; what it made is as good as ours.
            if not _is_whole(tree, packages, copy):
                raise
    return tree


def _is_whole(tree: Path, packages: Mapping[str, Path], copy: bool) -> bool:
    if copy:
        return all((tree / name / "__init__.py").is_file() for name in packages)
    return all(os.path.realpath(tree / name) == os.path.realpath(path) for name, path in packages.items())


def _content_marks(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            state = path.stat()
            yield f"{path.relative_to(folder)} {state.st_size} {state.st_mtime_ns}"
