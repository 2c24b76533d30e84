"""Makes the virtual environment of an interpreter with uv, keeps it for the next run, and says what it could not get.

Only wheels are installed: a compiler's mood must not decide what is measured. The exceptions are a source tree that is
to be installed itself, and pure Python that is published without a wheel. What an environment lacks is kept with its
reason in `when-async.json`, which is written last, so that a folder without it is half-built and made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import uv_words
from .interpreters import (
    BuildFailed,
    Completed,
    Interpreter,
    NoEnvironment,
    Run,
    Unresolvable,
    tool_environ,
    uv_program,
)
from .pins import Pin, named_in
from .trees import no_cache
from .venv_imports import weed
from .venv_records import RECORD, Record, prune, read, write

LOCK_S = 1800.0
"""How long to wait for another run that builds the same environment."""

PURE = ("curio",)
"""Packages that are published as source only and hold nothing but Python: a wheel is made of them, nothing compiled."""

WAY = 2
"""Raised when environments are made in another way, so that the older ones are not taken for the same."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Tree:
    """A source tree to be installed; `identity` says what is in it, and a `live` one may change from run to run.

    `name` is its distribution's name, where its pyproject.toml tells.
    """

    folder: Path
    identity: str
    name: str | None
    live: bool


@dataclass(frozen=True)
class Wanted:
    """What an environment is made of.

    Each of `requirements` (module to what uv is asked for) may turn out missing; `pins` and `tree` must be had, or
    there is no environment.
    """

    interpreter: Interpreter
    requirements: Mapping[str, str]
    pins: tuple[Pin, ...] = ()
    tree: Tree | None = None

    @property
    def demands(self) -> list[str]:
        """What every installation into it must hold to."""
        return [*(pin.text for pin in self.pins), *([str(self.tree.folder)] if self.tree else [])]

    @property
    def from_source(self) -> list[str]:
        """What may come without a wheel."""
        asked = {*self.requirements, *(pin.name for pin in self.pins)}
        return [name for name in PURE if name in asked]

    @property
    def key(self) -> str:
        """Names the folder: the same interpreter with the same contents is the same environment."""
        interpreter = self.interpreter
        free = "t" if interpreter.free_threaded else ""
        parts = [str(WAY), interpreter.executable, interpreter.implementation, interpreter.version, free]
        parts += [f"{module}={text}" for module, text in sorted(self.requirements.items())]
        parts += [f"pin {pin.text}" for pin in self.pins]
        parts += [f"tree {self.tree.identity}"] if self.tree else []
        return f"{interpreter.label}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def prepare(wanted: Wanted, *, cache: Path, run: Run, progress: Progress) -> tuple[str, dict[str, str]]:
    """Make or reuse the environment; returns its python and why which modules are missing.

    Raises Unresolvable where a pin or tree does not exist or fit, BuildFailed where it could not be fetched or built.
    """
    import filelock

    label = wanted.interpreter.label
    folder = cache / "envs" / wanted.key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"{label}: waiting for another run that makes this environment")
            lock.acquire(timeout=LOCK_S)
        try:
            python, reasons = _prepare_locked(wanted, folder, run, progress)
            os.utime(folder / RECORD)
        finally:
            lock.release()
        if wanted.tree:
            prune(folder.parent)
        return python, reasons
    except filelock.Timeout:
        what = f"another run has held the environment for {label} for {LOCK_S:.0f} s"
        raise NoEnvironment(what) from None
    except OSError as error:
        raise no_cache(error) from error


def _prepare_locked(wanted: Wanted, folder: Path, run: Run, progress: Progress) -> tuple[str, dict[str, str]]:
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    record = read(folder)
    if record is None or _complaint(python, wanted.pins, run):
        if folder.exists():
            progress(f"{wanted.interpreter.label}: the kept environment is broken or half-built and is made anew")
            shutil.rmtree(folder)
        record = _build(wanted, folder, python, run, progress)
        return python, {**record.lasting, **record.passing}
    due = record.due(time.time())
    if due or (wanted.tree and wanted.tree.live):
        _install(python, wanted, due, record, run, progress)
        write(folder, record)
    return python, {**record.lasting, **record.passing}


def _build(wanted: Wanted, folder: Path, python: str, run: Run, progress: Progress) -> Record:
    """A new environment, complete or not there at all."""
    _create(wanted.interpreter, folder, run, progress)
    record = Record(dict(wanted.requirements), tree=wanted.tree.identity if wanted.tree else "")
    try:
        _install(python, wanted, wanted.requirements, record, run, progress)
        complaint = _complaint(python, wanted.pins, run)
        if complaint:
            raise BuildFailed(f"the environment for Python {wanted.interpreter.label} is not right: {complaint}")
    except NoEnvironment:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    write(folder, record)
    return record


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


def _complaint(python: str, pins: Sequence[Pin], run: Run) -> str | None:
    """What is wrong with an environment: its python does not run, or it holds other versions than were asked for."""
    done = run([python, "-I", "-c", VERSIONS, *(pin.name for pin in pins)], tool_environ())
    try:
        versions = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None
    except (ValueError, IndexError):
        versions = None
    if versions is None:
        return f"its interpreter does not run: {uv_words.public(done.last_words)}"
    return next(filter(None, (pin.complaint(versions.get(pin.name)) for pin in pins)), None)


def _create(interpreter: Interpreter, folder: Path, run: Run, progress: Progress) -> None:
    progress(f"{interpreter.label}: making an environment for {interpreter.name} ({interpreter.version})")
    options = ["--no-project", "--no-python-downloads", "--python", interpreter.executable]
    done = run([uv_program(), "venv", *options, str(folder)], tool_environ())
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise BuildFailed(f"uv could not make an environment for Python {interpreter.label}: {uv_words.cause(done)}")


def _command(python: str, wanted: Wanted) -> list[str]:
    """How uv is asked to install; only a source tree that is to be installed, and pure Python, is ever built."""
    tree = wanted.tree
    command = [uv_program(), "pip", "install", "--compile-bytecode", "--python", python]
    if tree and tree.live:
        # uv would take a tree for unchanged as long as its pyproject.toml is.
        command += ["--reinstall-package", tree.name, "--refresh-package", tree.name] if tree.name else ["--reinstall"]
    if tree and not tree.name:
        return command
    built = [*([tree.name] if tree and tree.name else []), *wanted.from_source]
    return [*command, "--only-binary", ":all:", *(word for name in built for word in ("--no-binary", name))]


def _install(python: str, wanted: Wanted, due: Mapping[str, str], record: Record, run: Run, progress: Progress) -> None:
    """Install what is due and the demands, and note in the record what cannot be had or does not import."""
    for module in due:
        record.lasting.pop(module, None)
        record.passing.pop(module, None)
    record.asked_at = time.time()
    if not due and not wanted.demands:
        return
    label = wanted.interpreter.label
    names = [*(pin.text for pin in wanted.pins), *(["the source tree"] if wanted.tree else []), *due.values()]
    progress(f"{label}: installing {', '.join(names)}")
    _fetch(python, wanted, due, record, run)
    there = {module: text for module, text in due.items() if module not in {**record.lasting, **record.passing}}
    record.lasting.update(weed(python, wanted.interpreter, there, run))
    for module in due:
        reason = record.lasting.get(module) or record.passing.get(module)
        if reason:
            progress(f"{label}: {reason}")


def _fetch(python: str, wanted: Wanted, due: Mapping[str, str], record: Record, run: Run) -> None:
    """Install all at once for speed; where that fails one by one, so that one library does not cost the others."""
    # The demands go with every command: what is installed later must not change what was asked for.
    command = [*_command(python, wanted), *wanted.demands]
    together = run([*command, *due.values()], tool_environ())
    if together.returncode == 0:
        return
    unreachable = together if uv_words.is_unreachable(together) else None
    # Without a network each further try would take its time to fail; what uv has in its own cache still goes.
    if wanted.demands:
        alone = run([*command, *(["--offline"] if unreachable else [])], tool_environ()) if due else together
        if alone.returncode != 0:
            raise _refused(wanted, unreachable or alone)
    for module, requirement in due.items():
        done = run([*command, *(["--offline"] if unreachable else []), requirement], tool_environ())
        if done.returncode == 0:
            continue
        if uv_words.is_unreachable(done):
            unreachable = unreachable or done
            record.passing[module] = f"{module} could not be fetched: {uv_words.cause(unreachable)}"
        elif uv_words.is_unresolvable(done):
            record.lasting[module] = uv_words.no_wheel(module, wanted.interpreter, done) or uv_words.unresolved(
                requirement, wanted.interpreter, done
            )
        else:
            record.passing[module] = f"{module} could not be installed: {uv_words.cause(done)}"


def _refused(wanted: Wanted, done: Completed) -> NoEnvironment:
    """Why the pins and the tree cannot be had; by its type it says whose fault that is."""
    blamed = named_in(wanted.pins, done.stderr)
    what = ", ".join([*(pin.text for pin in blamed), *(["the source tree"] if wanted.tree else [])])
    if uv_words.is_unreachable(done):
        return BuildFailed(f"{what} could not be fetched: {uv_words.cause(done)}")
    if uv_words.is_unresolvable(done):
        only = blamed[0] if len(blamed) == 1 and not wanted.tree else None
        missing = uv_words.no_wheel(only.name if only else what, wanted.interpreter, done)
        if missing:
            return Unresolvable(f"{what}: {missing}" if only else missing)
        return Unresolvable(
            uv_words.unresolved(what, wanted.interpreter, done)
            + (only.hint if only and "no version" in done.stderr else "")
        )
    return BuildFailed(f"{what} could not be installed for Python {wanted.interpreter.label}: {uv_words.cause(done)}")
