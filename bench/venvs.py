"""Makes the virtual environment of an interpreter with uv, keeps it for the next run, and says what it could not get.

Only wheels are installed: a compiler's mood must not decide what is measured. What an environment lacks is kept with
its reason in `when-async.json`, which is written last, so that a folder without it is half-built and made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.interpreters import Completed, Interpreter, NoEnvironment, Run, tool_environ, uv_program

RECORD = "when-async.json"
SCHEMA = 1
LASTING_S = 7 * 86400.0
"""For so long "there is no wheel" is believed; then it is asked again, because projects do publish wheels."""

LOCK_S = 1800.0
"""How long to wait for another run that builds the same environment."""

Progress = Callable[[str], None]


@dataclass
class Record:
    """What became of each requirement: absent with a reason that lasts, or with one that may pass (no network)."""

    requirements: dict[str, str]
    lasting: dict[str, str] = field(default_factory=dict)
    passing: dict[str, str] = field(default_factory=dict)
    asked_at: float = 0.0
    schema: int = SCHEMA

    def due(self, now: float) -> dict[str, str]:
        """The requirements worth another try."""
        again = set(self.passing)
        if not 0 <= now - self.asked_at < LASTING_S:
            again |= set(self.lasting)
        return {module: text for module, text in self.requirements.items() if module in again}


def key(interpreter: Interpreter, requirements: Mapping[str, str]) -> str:
    """Names the folder: the same interpreter with the same requirements is the same environment."""
    free = "t" if interpreter.free_threaded else ""
    parts = [interpreter.executable, interpreter.implementation, interpreter.version, free]
    parts += [f"{module}={text}" for module, text in sorted(requirements.items())]
    return f"{interpreter.label}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def prepare(
    interpreter: Interpreter, requirements: Mapping[str, str], *, cache: Path, run: Run, progress: Progress
) -> tuple[str, dict[str, str]]:
    """Make or reuse the environment; returns its python and why which modules are missing. Raises NoEnvironment."""
    import filelock

    folder = cache / "envs" / key(interpreter, requirements)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"{interpreter.label}: waiting for another run that makes this environment")
            lock.acquire(timeout=LOCK_S)
        try:
            return _prepare_locked(interpreter, requirements, folder, run, progress)
        finally:
            lock.release()
    except filelock.Timeout:
        what = f"another run has held the environment for {interpreter.label} for {LOCK_S:.0f} s"
        raise NoEnvironment(what) from None
    except OSError as error:
        raise no_cache(error) from error


def no_cache(error: OSError) -> NoEnvironment:
    """The refusal for a cache folder that is read-only, full or no folder at all."""
    what = error.strerror or type(error).__name__
    return NoEnvironment(f"the cache folder cannot be used ({what}); set WHEN_ASYNC_CACHE to a folder that can")


def _prepare_locked(
    interpreter: Interpreter, requirements: Mapping[str, str], folder: Path, run: Run, progress: Progress
) -> tuple[str, dict[str, str]]:
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    record = read(folder)
    if record is None or not _runs(python, run):
        if folder.exists():
            progress(f"{interpreter.label}: the kept environment is broken or half-built and is made anew")
            shutil.rmtree(folder)
        _create(interpreter, folder, run, progress)
        record = Record(dict(requirements))
        due = dict(requirements)
    else:
        due = record.due(time.time())
    if due or not (folder / RECORD).exists():
        _install(python, interpreter, due, record, run, progress)
        write(folder, record)
    return python, {**record.lasting, **record.passing}


def read(folder: Path) -> Record | None:
    """The record of a finished environment; None where there is none that can be trusted."""
    try:
        data = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        record = Record(**data)
        sound = record.schema == SCHEMA and all(
            isinstance(part, dict) for part in (record.requirements, record.lasting, record.passing)
        )
        return record if sound and isinstance(record.asked_at, int | float) else None
    except (OSError, ValueError, TypeError):
        return None


def write(folder: Path, record: Record) -> None:
    """Put the record down in one step, so that a reader sees the old or the new one."""
    temporary = folder / f"{RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / RECORD)


def _runs(python: str, run: Run) -> bool:
    return run([python, "-I", "-c", "pass"], tool_environ()).returncode == 0


def _create(interpreter: Interpreter, folder: Path, run: Run, progress: Progress) -> None:
    progress(f"{interpreter.label}: making an environment for {interpreter.name} ({interpreter.version})")
    options = ["--no-project", "--no-python-downloads", "--python", interpreter.executable]
    done = run([uv_program(), "venv", *options, str(folder)], tool_environ())
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoEnvironment(f"uv could not make an environment for Python {interpreter.label}: {cause(done)}")


def _install(
    python: str, interpreter: Interpreter, due: Mapping[str, str], record: Record, run: Run, progress: Progress
) -> None:
    """Install all at once for speed; where that fails one by one, so that one library does not cost the others."""
    for module in due:
        record.lasting.pop(module, None)
        record.passing.pop(module, None)
    record.asked_at = time.time()
    command = [uv_program(), "pip", "install", "--only-binary", ":all:", "--compile-bytecode", "--python", python]
    if not due:
        return
    progress(f"{interpreter.label}: installing {', '.join(due.values())}")
    together = run([*command, *due.values()], tool_environ())
    if together.returncode == 0:
        return
    unreachable = together if is_unreachable(together) else None
    for module, requirement in due.items():
        # Without a network each further try would take its time to fail; what uv has in its own cache still goes.
        done = run([*command, *(["--offline"] if unreachable else []), requirement], tool_environ())
        if done.returncode == 0:
            continue
        if is_unreachable(done):
            unreachable = unreachable or done
            record.passing[module] = f"{module} could not be fetched: {cause(unreachable)}"
        elif "No solution found" in done.stderr:
            record.lasting[module] = _no_wheel(module, interpreter, done) or _unresolved(requirement, interpreter, done)
        else:
            record.passing[module] = f"{module} could not be installed: {cause(done)}"
        progress(f"{interpreter.label}: {record.lasting.get(module) or record.passing[module]}")


def is_unreachable(done: Completed) -> bool:
    """Whether uv failed to ask the index, rather than weigh what it offers and find nothing that fits."""
    signs = "network was disabled|network connectivity is disabled|Failed to fetch|Request failed|error sending request"
    return done.returncode != 0 and re.search(signs, done.stderr) is not None


def _no_wheel(module: str, interpreter: Interpreter, done: Completed) -> str | None:
    if not re.search(r"no (usable )?wheels|no matching .{0,20}wheel|Wheels are required", done.stderr):
        return None
    named = re.search(r"Wheels are required for `([^`]+)`|\b([\w.-]+?)(?:[<>=!~]\S*)? has no", done.stderr)
    culprit = (named[1] or named[2]) if named else module
    subject = module if _same(culprit, module) else f"{module} needs {culprit}, which"
    return f"{subject} has no wheel for {interpreter.name} on this platform; nothing is compiled"


def _same(left: str, right: str) -> bool:
    return re.sub("[-_.]+", "-", left.lower()) == re.sub("[-_.]+", "-", right.lower())


def _unresolved(requirement: str, interpreter: Interpreter, done: Completed) -> str:
    return f"{requirement} cannot be had for Python {interpreter.label}: {cause(done)}"


def cause(done: Completed) -> str:
    """What uv says went wrong, as one line fit to be published."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if "No solution found" in done.stderr:
        text = " ".join(" ".join(lines).partition("Because ")[2].partition(" hint:")[0].split())
    else:
        causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
        text = ": ".join(causes[-2:]) or done.last_words.removeprefix("error: ")
    return public(text or done.last_words)


def public(text: str) -> str:
    """Leave out addresses and paths, which may hold names and passwords, and keep it short."""
    text = re.sub(r"`?\b[a-z+]+://[^\s`)]+`?", "(address)", text)
    text = re.sub(r"(?<![\w.])/(?:[^\s/`:]+/)+", "", text)
    return text if len(text) <= 240 else text[:237] + "..."
