"""The interpreters and virtual environments that a worker can run in, and the surroundings it is started with.

What an environment holds is asked of the interpreter itself, started as a worker is started, so that the answer is
about the process that will be measured and not about this one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..homes import LAST, SIDE
from ..model import Environment
from ..worker import attest
from . import interpreters, uv_words, venvs
from .interpreters import BuildFailed, Interpreter, NoEnvironment, Run, Unresolvable, run_command
from .layout import own_roots
from .pins import Pin, parse, without
from .pins import label as with_pins
from .trees import bytecode_folder, cache_folder, source_tree
from .venvs import Progress, Wanted

CONFUSING = ("PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "CONDA_PREFIX")
"""Would make another interpreter look for its libraries in the wrong place."""

VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Missing:
    """An environment that was asked for and cannot be had, and why, in a sentence.

    `unresolvable` says that it was asked for wrongly: there are no such packages, or they do not fit together.
    """

    label: str
    reason: str
    unresolvable: bool = False


def default_label() -> str:
    """The label of the interpreter that runs this: `3.11` or `3.13t`."""
    return interpreters.label_of(sys.implementation.name, attest.python_version(), not attest.gil_build())


def default(
    modules: Sequence[str],
    *,
    label: str | None = None,
    source: str = "",
    path: Sequence[str] = (),
    run: Run = run_command,
) -> Environment:
    """The environment of the running interpreter; raises BuildFailed where it cannot start a worker.

    `path` is what its workers import from, instead of our own packages only, and `source` the short name of that.
    """
    found = probe(label or default_label(), sys.executable, modules, path, run)
    return replace(found, source=source, path=tuple(path))


def named(
    names: Sequence[str],
    modules: Sequence[str],
    *,
    requirements: Mapping[str, str],
    progress: Progress,
    pins: Sequence[str] = (),
    run: Run = run_command,
) -> list[Environment | Missing]:
    """One environment for each name (`3.14`, `3.13t`, a path), in order, or the reason why there is none.

    `requirements` maps a module to what uv is asked for (`{"aiohttp": "aiohttp>=3.13"}`). A library that cannot
    be had is missing from its environment with a reason; the environment itself is still good. `pins` hold in every
    environment, in place of the requirement of the same package; one that cannot be had leaves no environment, and
    whether that is wrong use is for the caller to tell. Raises PinError.
    """
    chosen = parse(pins)
    found: list[Environment | Missing] = []
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            if name == default_label() and not chosen:
                taken[name] = sys.executable
                found.append(default(modules, run=run))
                continue
            interpreter = interpreter_of(name, run)
            label = _free_label(name, interpreter, taken, names)
            if label is None:
                progress(f"{name}: the same interpreter was asked for before")
                continue
            taken[label] = interpreter.executable
            wanted = Wanted(interpreter, without(requirements, chosen), chosen)
            found.append(make(wanted, modules, label=with_pins(label, chosen), progress=progress, run=run))
        except NoEnvironment as error:
            missing = Missing(with_pins(os.path.basename(name), chosen), str(error), isinstance(error, Unresolvable))
            found.append(missing)
            if not missing.unresolvable:
                progress(f"{missing.label}: {error}")
    return found


def interpreter_of(name: str | None, run: Run = run_command) -> Interpreter:
    """The interpreter of a name, or the one below the running virtual environment; raises NoInterpreter."""
    if name is None or name == default_label():
        return interpreters.find(getattr(sys, "_base_executable", None) or sys.executable, run)
    return interpreters.find(name, run)


def _free_label(name: str, interpreter: Interpreter, taken: Mapping[str, str], names: Sequence[str]) -> str | None:
    """A label that no other environment has or will have; None where this very interpreter was taken before."""
    if interpreter.executable in taken.values():
        return None
    asked = interpreters.NAME.fullmatch(name)
    full = interpreter.version + ("t" if interpreter.free_threaded else "")
    choices = [asked["name"] if asked else interpreter.label, full, *(f"{full}-{n}" for n in range(2, 100))]
    return next(choice for choice in choices if choice not in taken and (choice == name or choice not in names))


def make(
    wanted: Wanted,
    modules: Sequence[str],
    *,
    label: str,
    progress: Progress,
    source: str = "",
    path: Sequence[str] = (),
    run: Run = run_command,
) -> Environment:
    """Have uv make what is wanted, or take the kept one, and ask it what it is; raises NoEnvironment."""
    python, reasons = venvs.prepare(wanted, cache=cache_folder(), run=run, progress=progress)
    found = probe(label, python, modules, path, run)
    pinned = _pinned(found, wanted.pins, path, run)
    why = {module: reason for module, reason in reasons.items() if found.modules.get(module) is None}
    texts = {**wanted.requirements, **{pin.name: pin.text for pin in wanted.pins}}
    absent = [module for module in modules if found.modules.get(module) is None and module not in why]
    why.update({module: _why_absent(module, label, texts) for module in absent})
    return replace(
        found,
        modules={**pinned, **found.modules},
        reasons=why,
        default=False,
        pins=tuple(pin.text for pin in wanted.pins),
        source=source,
        path=tuple(path),
    )


def probe(label: str, executable: str, modules: Sequence[str], path: Sequence[str], run: Run) -> Environment:
    """Ask the interpreter, started as a worker would be, what it is and what it can import."""
    command = [executable, *interpreter_options(), "-P", "-m", "when_async.bench.worker.attest", *modules]
    done = run(command, child_environ(path))
    try:
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else {}
        attestation, versions = answer["attestation"], answer["modules"]
    except (ValueError, IndexError, KeyError):
        said = uv_words.public(done.last_words)
        raise BuildFailed(f"Python {label} does not start a worker: {said}") from None
    return Environment(
        label=label,
        executable=executable,
        implementation=attestation["implementation"],
        version=attestation["version"],
        gil=attestation["gil"],
        modules=versions,
        build=answer.get("build", {}),
    )


def _pinned(found: Environment, pins: Sequence[Pin], path: Sequence[str], run: Run) -> dict[str, str]:
    """The versions of the pinned packages as a worker sees them, for a source tree may bring its own."""
    if not pins:
        return {}
    command = [found.executable, "-P", "-c", VERSIONS, *(pin.name for pin in pins)]
    done = run(command, child_environ(path))
    versions = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else {}
    for pin in pins:
        complaint = pin.complaint(versions.get(pin.name))
        if complaint:
            raise BuildFailed(f"Python {found.label} is not what was asked for: {complaint}")
    return dict(versions)


def _why_absent(module: str, label: str, requirements: Mapping[str, str]) -> str:
    if module.partition(".")[0] in sys.stdlib_module_names:
        return f"{module} is not part of Python {label}"
    if module in requirements:
        return f"{requirements[module]} is installed for Python {label}, but there is no module {module} in it"
    return (
        f"{module} is not in the environment made for Python {label}, because no requirement asks for it; "
        "add its package with --with"
    )


def interpreter_options() -> list[str]:
    """The `-X` options of this process, which a worker gets too (method.md, T10)."""
    options = getattr(sys, "_xoptions", {})
    return [part for name, value in options.items() for part in ("-X", name if value is True else f"{name}={value}")]


def child_environ(path: Sequence[str] = ()) -> dict[str, str]:
    """The environment variables of a worker: ours, with `path`, or our sealed packages ahead of PYTHONPATH.

    PYTHON_GIL, PYTHONHASHSEED and their like go through, so that what is set outside holds inside (method.md, T10).
    """
    # Without bytecode every launch would compile the libraries again, and launch_s would tell of that.
    dropped = (*CONFUSING, "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    if path:
        return {**kept, **_tree_variables(path)}
    return {**kept, "PYTHONPATH": joined([str(source_tree()), *outer_path()]), LAST: joined(own_roots(os.getcwd()))}


def outer_path() -> list[str]:
    """What this process was told to import from; absolute, because a worker starts in another folder."""
    given = os.environ.get("PYTHONPATH")
    return list(dict.fromkeys(os.path.abspath(each) for each in given.split(os.pathsep))) if given else []


def joined(path: Sequence[str]) -> str:
    """A PYTHONPATH."""
    return os.pathsep.join(path)


def worker_environ(base: Mapping[str, str], environment: Environment) -> Mapping[str, str]:
    """The variables of a worker in this environment: `base`, changed where it imports from a source tree."""
    side = {SIDE: environment.side} if environment.side else {}
    # What is found at last is the working copy, and that is nobody's but head's.
    rest = {name: value for name, value in base.items() if name != LAST}
    return {**rest, **_tree_variables(environment.path), **side} if environment.path else base


def _tree_variables(path: Sequence[str]) -> dict[str, str]:
    # Bytecode goes to the cache, so that nothing is written into a user's folder, a folder that cannot be written is
    # not compiled at each launch, and base and head, one of them fresh and one long in use, start alike.
    return {"PYTHONPATH": joined(path), "PYTHONPYCACHEPREFIX": str(bytecode_folder())}
