"""Has uv make the virtual environment of an interpreter, keeps it for the next run, and says what it could not get.

Only wheels are installed: a compiler's mood must not decide what is measured. The exceptions are a source tree that is
to be installed itself, and pure Python that is published without a wheel. An environment moves to its place in one
step when it is done; why it lacks what it lacks is kept in it, in `when-async.json`.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from . import trees, uv_words
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
from .venv_imports import weed
from .versions import PRETEND

RECORD = "when-async.json"
"""When an environment was last asked for what it lacks, and why it lacks it; written last, and touched at each use."""

LASTING_S = 7 * 86400.0
"""For so long "there is no wheel" is believed; then it is asked again, because projects do publish wheels."""

PURE = ("curio",)
"""Packages that are published as source only and hold nothing but Python: a wheel is made of them, nothing compiled."""

WAY = 3
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
    version: str = ""
    """What its build backend is to take for its version, where it would ask git and this is no repository."""


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
    def environ(self) -> dict[str, str]:
        """The variables of an installation into it."""
        version = self.tree.version if self.tree else ""
        return {**tool_environ(), **(dict.fromkeys(PRETEND, version) if version else {})}

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


@dataclass(frozen=True)
class Holes:
    """Why an environment lacks what it lacks, by module, and when that is to be asked again (`time.time`)."""

    reasons: Mapping[str, str]
    again_at: float


def prepare(wanted: Wanted, *, cache: Path, run: Run, progress: Progress) -> tuple[str, Mapping[str, str]]:
    """Make or reuse the environment; returns its python and why which modules are missing.

    Of two runs at once the first to be done gives its environment to both; what is added later is added under the
    lock of uv itself. Raises Unresolvable where a pin or tree does not exist or fit, BuildFailed where it could not be
    fetched or built.
    """
    label = wanted.interpreter.label
    # Those with a source tree lie apart, for only they are pruned.
    folder = cache / ("inst" if wanted.tree else "envs") / wanted.key
    live = wanted.tree is not None and wanted.tree.live
    try:
        if not _is_whole(folder) or not (live or _holds(folder, wanted, run)):
            if folder.exists():
                progress(f"{label}: the kept environment is broken and is made anew")
                trees.remove(folder)
            with trees.made_whole(folder, _is_whole) as fresh:
                _create(wanted.interpreter, fresh, run, progress)
                _write(fresh, _install(fresh, wanted, wanted.requirements, run, progress))
        else:
            holes = _read(folder)
            # A clock that was set back must not make a reason last for years.
            late = not 0 <= holes.again_at - time.time() <= LASTING_S
            due = {module: text for module, text in wanted.requirements.items() if late and module in holes.reasons}
            if due or live:
                found = _install(folder, wanted, due, run, progress)
                _write(folder, found if due else holes)
        os.utime(folder / RECORD)
        if wanted.tree:
            trees.prune(folder.parent, RECORD, trees.KEPT)
        return _python(folder), _read(folder).reasons
    except OSError as error:
        raise trees.no_cache(error) from error


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _is_whole(folder: Path) -> bool:
    try:
        _read(folder)
    except (OSError, ValueError, TypeError):
        return False
    return os.path.exists(_python(folder))


def _read(folder: Path) -> Holes:
    holes = Holes(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    return Holes(dict(holes.reasons), float(holes.again_at))


def _write(folder: Path, holes: Holes) -> None:
    # In one step, so that a reader sees the old or the new one.
    temporary = folder / f"{RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(holes), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / RECORD)


def _holds(folder: Path, wanted: Wanted, run: Run) -> bool:
    """Whether the pins are still there; uv looks in some milliseconds and, without a network, mends what it can."""
    pins = [pin.text for pin in wanted.pins]
    return not pins or run([*_command(folder, wanted), "--offline", *pins], tool_environ()).returncode == 0


def _create(interpreter: Interpreter, folder: Path, run: Run, progress: Progress) -> None:
    progress(f"{interpreter.label}: making an environment for {interpreter.name} ({interpreter.version})")
    options = ["--no-project", "--no-python-downloads", "--relocatable", "--python", interpreter.executable]
    done = run([uv_program(), "venv", *options, str(folder)], tool_environ())
    if done.returncode != 0:
        raise BuildFailed(f"uv could not make an environment for Python {interpreter.label}: {uv_words.cause(done)}")


def _command(folder: Path, wanted: Wanted) -> list[str]:
    """How uv is asked to install; only a source tree that is to be installed, and pure Python, is ever built."""
    tree = wanted.tree
    command = [uv_program(), "pip", "install", "--compile-bytecode", "--python", _python(folder)]
    if tree and tree.live:
        # uv would take a tree for unchanged as long as its pyproject.toml is.
        command += ["--reinstall-package", tree.name, "--refresh-package", tree.name] if tree.name else ["--reinstall"]
    if tree and not tree.name:
        return command
    built = [*([tree.name] if tree and tree.name else []), *wanted.from_source]
    return [*command, "--only-binary", ":all:", *(word for name in built for word in ("--no-binary", name))]


def _install(folder: Path, wanted: Wanted, due: Mapping[str, str], run: Run, progress: Progress) -> Holes:
    """Install what is due and the demands; returns what of it cannot be had or does not import."""
    label = wanted.interpreter.label
    names = [*(pin.text for pin in wanted.pins), *(["the source tree"] if wanted.tree else []), *due.values()]
    if not names:
        return Holes({}, 0.0)
    progress(f"{label}: installing {', '.join(names)}")
    lasting, passing = _fetch(folder, wanted, due, run)
    there = {module: text for module, text in due.items() if module not in {**lasting, **passing}}
    reasons = {**lasting, **passing, **weed(_python(folder), wanted.interpreter, there, run)}
    for reason in reasons.values():
        progress(f"{label}: {reason}")
    return Holes(reasons, 0.0 if passing else time.time() + LASTING_S)


def _fetch(folder: Path, wanted: Wanted, due: Mapping[str, str], run: Run) -> tuple[dict[str, str], dict[str, str]]:
    """Install all at once for speed; where that fails one by one, so that one library does not cost the others.

    Returns why which modules are missing: for reasons that last, and for those that may pass (no network).
    """
    # The demands go with every command: what is installed later must not change what was asked for.
    command = [*_command(folder, wanted), *wanted.demands]
    together = run([*command, *due.values()], wanted.environ)
    lasting: dict[str, str] = {}
    passing: dict[str, str] = {}
    if together.returncode == 0:
        return lasting, passing
    unreachable = together if uv_words.is_unreachable(together) else None
    # Without a network each further try would take its time to fail; what uv has in its own cache still goes.
    if wanted.demands:
        alone = run([*command, *(["--offline"] if unreachable else [])], wanted.environ) if due else together
        if alone.returncode != 0:
            raise _refused(wanted, unreachable or alone)
    for module, requirement in due.items():
        done = run([*command, *(["--offline"] if unreachable else []), requirement], wanted.environ)
        if done.returncode == 0:
            continue
        if uv_words.is_unreachable(done):
            unreachable = unreachable or done
            passing[module] = f"{module} could not be fetched: {uv_words.cause(unreachable)}"
        elif uv_words.is_unresolvable(done):
            lasting[module] = uv_words.unresolved(module, requirement, wanted.interpreter, done)
        else:
            passing[module] = f"{module} could not be installed: {uv_words.cause(done)}"
    return lasting, passing


def _refused(wanted: Wanted, done: Completed) -> NoEnvironment:
    """Why the pins and the tree cannot be had; by its type it says whose fault that is."""
    blamed = named_in(wanted.pins, done.stderr)
    what = ", ".join([*(pin.text for pin in blamed), *(["the source tree"] if wanted.tree else [])])
    if uv_words.is_unreachable(done):
        return BuildFailed(f"{what} could not be fetched: {uv_words.cause(done)}")
    if uv_words.is_unresolvable(done):
        hint = blamed[0].hint if len(blamed) == 1 and not wanted.tree and "no version" in done.stderr else ""
        return Unresolvable(uv_words.unresolved(what, what, wanted.interpreter, done) + hint)
    return BuildFailed(f"{what} could not be installed for Python {wanted.interpreter.label}: {uv_words.cause(done)}")
