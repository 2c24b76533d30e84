"""Finds workloads, runners and the like by their type, and says which contestant can do which workload.

Registration is by type: every module of a package is imported and its values of the wanted type are kept. No
decorator, no global list, no import-order effect. The same works for one file of a user's own.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Generic, Protocol, TypedDict, TypeVar
from zlib import crc32

from .homes import at_home
from .model import Runner, Shape, WhenAsyncError, Workload
from .model.checks import FieldError

if TYPE_CHECKING:
    from .model import Environment


class RegistryError(WhenAsyncError):
    """A name or file that cannot be used; the text is one line that says what to do next."""


class Named(Protocol):
    """What can be registered: it goes by its own name."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)
N_co = TypeVar("N_co", bound=Named, covariant=True)


@dataclass(frozen=True)
class Found(Generic[N_co]):
    """A registered value and where a worker finds it again: a module's name or a file's path."""

    value: N_co
    ref: str


class MatrixRow(TypedDict):
    """Whether one runner can do one workload on one interpreter; `reason` is empty where it can."""

    workload: str
    runner: str
    python: str
    supported: bool
    reason: str


ROOMS = ("bench", "workloads", "results", "reports")
"""Names under which our parts could be imported once."""

LOADING = RLock()
"""Two threads of a pool may ask for the same file at once, and must not see it half loaded."""


def load_module(ref: str) -> ModuleType:
    """Import a module by name, or a Python file by its path; raises RegistryError with the reason."""
    try:
        if not ref.endswith(".py"):
            return importlib.import_module(ref)
        # Two files of the same name in different folders are two modules; the name is the same in every process.
        stem = os.path.basename(ref).removesuffix(".py")
        name = f"when_async_user_{stem}_{crc32(os.fsencode(os.path.realpath(ref))):08x}"
        with LOADING:
            return sys.modules.get(name) or _load_file(name, ref)
    except RegistryError:
        raise
    except FieldError as error:
        raise RegistryError(f"{ref}: {error}") from error
    except (Exception, SystemExit) as error:
        hint = f"{type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] in ROOMS:
            hint += f"; since when-async has one import name, it is when_async.{error.name}"
        raise RegistryError(f"{ref} does not import: {hint}") from error


def _load_file(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not os.path.isfile(path):
        raise RegistryError(f"{path}: there is no such Python file")
    at_home(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def collect(source: str, kind: type[N]) -> dict[str, Found[N]]:
    """All values of `kind` in a package (by name) or a file (by path), by their own `name`.

    Raises RegistryError on a module that does not import, on a name that occurs twice, and on a file with none.
    """
    if source.endswith(".py"):
        refs = [os.path.realpath(source)]
    else:
        import pkgutil

        package = load_module(source)
        refs = [f"{source}.{info.name}" for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]
    found: dict[str, Found[N]] = {}
    for ref in sorted(refs):
        for value in vars(load_module(ref)).values():
            if not isinstance(value, kind):
                continue
            # A module may import a neighbour's value; that is the same value, not a second one.
            if value.name in found and found[value.name].value is not value:
                raise RegistryError(
                    f"{kind.__name__.lower()} {value.name!r} is defined twice: {found[value.name].ref} and {ref}"
                )
            found.setdefault(value.name, Found(value, ref))
    if source.endswith(".py") and not found:
        raise RegistryError(f"{source} defines no {kind.__name__}; write NAME = {kind.__name__}(...) at its top level")
    return found


def find_workload(ref: str, name: str) -> Workload:
    """The workload of that name in one module or file; used by workers, which import nothing else."""
    return _find(ref, name, Workload)


def find_runner(ref: str, name: str) -> Runner:
    """The runner of that name in one module or file."""
    return _find(ref, name, Runner)


def _find(ref: str, name: str, kind: type[N]) -> N:
    for value in vars(load_module(ref)).values():
        if isinstance(value, kind) and value.name == name:
            return value
    raise RegistryError(f"{ref} has no {kind.__name__.lower()} named {name!r}")


def choose(name: str, known: Iterable[str], noun: str) -> str:
    """`name` if it is known; otherwise a RegistryError that suggests the nearest."""
    names = sorted(known)
    if name in names:
        return name
    # Workers import this module too and never suggest a name.
    import difflib

    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
    raise RegistryError(f"there is no {noun} named {name!r}; {hint}")


def bodies_for(workload: Workload, runner: Runner) -> list[str]:
    """Keys of the bodies that fit the runner: for each client library the first of its styles that has one.

    A body without a library serves only where no style before it had any. A runner that only hands out ops has none
    in a program.
    """
    chosen: dict[str, str] = {}
    if workload.shape is Shape.PROGRAM and runner.program is None:
        return []
    styles = runner.program_styles if workload.shape is Shape.PROGRAM and runner.program_styles else runner.styles
    for style in styles:
        here = {key.partition("/")[2]: key for key in workload.bodies if key.partition("/")[0] == style}
        if chosen:
            here.pop("", None)
        for library, key in here.items():
            chosen.setdefault(library, key)
    return list(chosen.values())


def refusal(workload: Workload, runner: Runner, body_key: str | None, environment: Environment) -> str | None:
    """Why this contestant cannot run in this environment, in a sentence that says what to install; None if it can."""
    if body_key is None and workload.shape is Shape.PROGRAM and runner.program is None:
        return f"this is a program of its own structure, with no ops to hand out for {runner.name}"
    if body_key is None:
        have = ", ".join(sorted({key.partition("/")[0] for key in workload.bodies}))
        runs = ", ".join((workload.shape is Shape.PROGRAM and runner.program_styles) or runner.styles)
        return f"{workload.name} has no body for {runner.name} (it has {have}; {runner.name} runs {runs})"
    if environment.python < runner.minimum_python:
        needed = ".".join(map(str, runner.minimum_python))
        return f"{runner.name} needs Python {needed} or newer, this is {environment.version}"
    if runner.newest_python is not None and environment.python > runner.newest_python:
        newest = ".".join(map(str, runner.newest_python))
        here = f"this is {environment.version}"
        return f"{runner.name} runs on Python {newest} and older, {here}: {runner.newest_why}"
    for module in (*runner.requires, *libraries(workload, [body_key])):
        if environment.modules.get(module) is None:
            return (
                environment.reasons.get(module)
                or f"{module} is not installed for Python {environment.label}; {install_line(module)}"
            )
    return None


PACKAGES = {"pytest_asyncio": "pytest-asyncio", "sklearn": "scikit-learn"}
"""Modules whose package has another name than they have."""


@cache
def declared() -> Mapping[str, tuple[str, str]]:
    """By package what pip is asked for, and the extra of ours that brings it: as pyproject.toml declares it.

    The extra is empty for what comes with us anyway, and the smallest one where several bring it. Nothing is known
    where we are not installed.
    """
    from importlib.metadata import PackageNotFoundError, requires

    extras: dict[str, dict[str, str]] = {}
    with contextlib.suppress(PackageNotFoundError):
        for text in requires("when-async") or ():
            asked, _, marker = text.partition(";")
            named = re.search(r"""extra == ['"]([\w-]+)['"]""", marker)
            # Metadata write the names of extras with hyphens, and pip takes either.
            extra = named[1].replace("-", "_") if named else ""
            extras.setdefault(extra, {})[re.split(r"[^\w.-]", asked.strip(), maxsplit=1)[0]] = asked.strip()
    smallest_last = sorted(extras, key=lambda extra: (bool(extra), len(extras[extra])), reverse=True)
    return {name: (asked, extra) for extra in smallest_last for name, asked in extras[extra].items()}


def requirement(module: str) -> str | None:
    """What pip is asked for to bring a module; None where we do not declare it."""
    return declared().get(PACKAGES.get(module, module), (None, ""))[0]


def install_line(module: str) -> str:
    """The command that brings a missing library."""
    _, extra = declared().get(PACKAGES.get(module, module), ("", ""))
    return f"pip install 'when-async[{extra}]'" if extra else f"pip install {module}"


def libraries(workload: Workload, keys: Iterable[str]) -> list[str]:
    """The modules that these bodies need: what follows the slash, unless it is a face, and what that needs beside."""
    named = [name for key in keys if (name := key.partition("/")[2])]
    modules = [[*([] if name in workload.faces else [name]), *workload.needs.get(name, ())] for name in named]
    return list(dict.fromkeys(module for each in modules for module in each))


def required_modules(workloads: Iterable[Workload], runners: Iterable[Runner]) -> list[str]:
    """Every module that a worker may have to import beyond the standard library and ours, in a stable order."""
    clients = {module for workload in workloads for module in libraries(workload, workload.bodies)}
    return sorted(clients | {module for runner in runners for module in runner.requires})


def matrix(
    workloads: Mapping[str, Found[Workload]],
    runners: Mapping[str, Found[Runner]],
    environments: Iterable[Environment],
) -> list[MatrixRow]:
    """Which runner can do which workload where."""
    rows: list[MatrixRow] = []
    for environment in environments:
        for workload in workloads.values():
            for runner in runners.values():
                keys = bodies_for(workload.value, runner.value) or (None,)
                reasons = [refusal(workload.value, runner.value, key, environment) for key in keys]
                supported = None in reasons
                rows.append(
                    {
                        "workload": workload.value.name,
                        "runner": runner.value.name,
                        "python": environment.label,
                        "supported": supported,
                        "reason": "" if supported else "; ".join(dict.fromkeys(reason for reason in reasons if reason)),
                    }
                )
    return rows
