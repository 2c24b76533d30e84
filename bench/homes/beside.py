"""Finds modules beside a workload's file, as `python FILE` would, and those of a project that is not installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

LAST = "WHEN_ASYNC_LAST"
"""The variable that holds the folders of a project's packages, for where it is not installed."""

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


class Last:
    """Finds the packages of a project in its own folder where nobody else has them, because it is not installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the import system asks when all others have passed."""
        folders = os.environ.get(LAST, "")
        return PathFinder.find_spec(name, folders.split(os.pathsep)) if folders and path is None else None


BESIDE = Beside()
AT_LAST = Last()
