"""Where a process finds the modules of whoever wrote a workload: beside its file, and in the tree of its side alone.

Standard library only: this runs in the measured process, and in every child of it that opens a body.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Any

SIDE = "WHEN_ASYNC_SIDE"
"""The variable that holds the path of a side's file."""

WRONG = "wrong code: "
"""Begins what is said of a module that is not of its side; a pool hands it on inside other words."""

MAKES_ONE = b"Workload("
"""Stands in every file that defines a workload; it is no helper of another one."""


class Beside:
    """Finds what lies beside a loaded file, ahead of what is installed, but never in place of the standard library.

    A file that defines a workload is often called like the package that it measures, and yields to whatever has its
    name elsewhere. So does a plain folder. Newer folders come first.
    """

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.files: set[str] = set()
        self.served: dict[str, str] = {}

    def add(self, file: str) -> None:
        """Serve the folder of `file` too; what an earlier folder gave under a name that this one has is forgotten."""
        folder = os.path.dirname(file)
        self.files.add(file)
        for name, place in list(self.served.items()):
            if place != folder and PathFinder.find_spec(name, [folder]) is not None:
                self._forget(name)
        self.folders = [folder, *(each for each in self.folders if each != folder)]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the import system asks of every finder; None for what is not ours to find."""
        if path is not None or name.partition(".")[0] in sys.stdlib_module_names:
            return None
        for folder in self.folders:
            found = PathFinder.find_spec(name, [folder])
            if found is None or (found.origin and os.path.realpath(found.origin) in self.files):
                continue
            if (found.loader is None or _makes_one(found.origin)) and self._elsewhere(name):
                continue
            self.served[name] = folder
            return found
        return None

    def _elsewhere(self, name: str) -> bool:
        return any(finder.find_spec(name, None) for finder in sys.meta_path if finder is not self)

    def _forget(self, name: str) -> None:
        del self.served[name]
        for each in [each for each in sys.modules if each == name or each.startswith(name + ".")]:
            del sys.modules[each]


def _makes_one(origin: str | None) -> bool:
    try:
        with open(origin or "", "rb") as file:
            return origin is not None and origin.endswith(".py") and MAKES_ONE in file.read()
    except OSError:
        return False


@dataclass(frozen=True)
class Side:
    """One side of a comparison of two trees, as its processes are told of it; all paths are of this machine.

    `own` is the real top of its tree, `foreign` are those that it must import nothing from, `roots` the folders that
    its packages lie in, `aliases` packages that are called otherwise than their folders, `installed` the files of a
    copy of the project that is installed for both sides, and `neutral` folders of either tree that hold the libraries
    of others, such as a virtual environment.
    """

    own: str
    foreign: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()

    def owner(self, file: str) -> str:
        """Whose tree a file lies in, the innermost one; empty for what lies in none, or is installed in one."""
        real = os.path.realpath(file)
        if not {"site-packages", "dist-packages"}.isdisjoint(real.split(os.sep)):
            return ""
        if any(_within(real, folder) for folder in self.neutral):
            return ""
        return max((tree for tree in (self.own, *self.foreign) if _within(real, tree)), key=len, default="")

    def is_foreign(self, file: str) -> bool:
        return self.owner(file) not in ("", self.own)

    def holds(self, module: str) -> bool:
        """Whether its own tree has a module of that name, so that any other is a copy."""
        place = module.replace(".", os.sep)
        return any(
            os.path.isfile(os.path.join(root, place + ending)) for root in self.roots for ending in (".py", INIT)
        )

    def complaint(self, modules: Mapping[str, str]) -> str:
        """What is wrong with the files that modules came from: one line with the cure; empty where they are its own."""
        copies = frozenset(self.installed)
        for name, file in modules.items():
            if self.is_foreign(file):
                return (
                    f"{WRONG}{name} came from {file}, which is not in its own tree; let nothing put that folder on "
                    "sys.path, or give each side an environment of its own: --install"
                )
            if file in copies or (self.owner(file) != self.own and self.holds(name)):
                return (
                    f"{WRONG}{name} came from an installed copy, {file}; uninstall that, or give each side an "
                    "environment of its own: --install"
                )
        return ""


INIT = os.sep + "__init__.py"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@cache
def side_of(file: str) -> Side:
    """What the file of a side says."""
    with open(file, encoding="utf-8") as text:
        told: dict[str, Any] = json.load(text)
    given: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
    return Side(**given)


def my_side() -> Side | None:
    """The side that this process belongs to, if it belongs to one."""
    file = os.environ.get(SIDE)
    return side_of(file) if file else None


def imported() -> dict[str, str]:
    """The file of every module of the project that this process has imported by now; empty where it is of no side."""
    side = my_side()
    if side is None:
        return {}
    tops = {name.partition(".")[0] for root in side.roots for name in os.listdir(root)} | {*side.aliases}
    copies = frozenset(side.installed)
    found = {}
    for name, module in list(sys.modules.items()):
        file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
        top = name.partition(".")[0]
        if not isinstance(file, str) or top in sys.stdlib_module_names or top in OURS:
            continue
        if side.owner(file) or file in copies or top in tops:
            found[name] = file
    return found


OURS = ("when_async", "__main__", "__mp_main__")


def check_code() -> None:
    """Raise RuntimeError where this process has imported what is not of its side; looks once, however many ask."""
    side = my_side()
    if side is None or os.getpid() in LOOKED:
        return
    LOOKED.add(os.getpid())
    if complaint := side.complaint(imported()):
        raise RuntimeError(complaint)


LOOKED: set[int] = set()


class Kept:
    """A finder of somebody else's, less what it finds in a tree that is not of this side."""

    def __init__(self, finder: Any, side: Side) -> None:
        self.finder = finder
        self.side = side

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found: ModuleSpec | None = self.finder.find_spec(name, path, target)
        if found is None:
            return None
        places = [*(found.submodule_search_locations or ()), *([found.origin] if found.has_location else [])]
        return None if any(self.side.is_foreign(str(place)) for place in places) else found


class Called:
    """Finds the packages of a side that are called otherwise than their folders."""

    def __init__(self, side: Side) -> None:
        self.side = side

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        place = self.side.aliases.get(name)
        if place is None or not os.path.isdir(place):
            return spec_from_file_location(name, place) if place else None
        return spec_from_file_location(name, place + INIT, submodule_search_locations=[place])


def keep_to(side: Side) -> None:
    """Let nothing that is installed as editable, or stands in a .pth file, serve another tree than this side's."""
    for module in list(sys.modules.values()):
        # The finder of an editable namespace package stands on the path by a name that is no folder.
        placeholder, served = (vars(module).get(name) for name in ("PATH_PLACEHOLDER", "NAMESPACES"))
        places = [str(each) for value in dict(served or {}).values() for each in value]
        if placeholder in sys.path and any(map(side.is_foreign, places)):
            sys.path.remove(placeholder)
    sys.path[:] = [entry for entry in sys.path if not side.is_foreign(entry)]
    plain = (BuiltinImporter, FrozenImporter, PathFinder, BESIDE)
    sys.meta_path[:] = [
        finder if finder in plain or isinstance(finder, Kept | Called) else Kept(finder, side)
        for finder in sys.meta_path
    ]
    if side.aliases and not any(isinstance(finder, Called) for finder in sys.meta_path):
        sys.meta_path.insert(0, Called(side))


BESIDE = Beside()


def at_home(file: str) -> None:
    """Let a file that is about to be loaded import what lies beside it, and nothing of another side."""
    side = my_side()
    if side is not None:
        keep_to(side)
    if BESIDE not in sys.meta_path:
        sys.meta_path.insert(0, BESIDE)
    BESIDE.add(os.path.realpath(file))
