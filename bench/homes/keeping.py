"""Keeps a process to the tree of its side, whatever is installed as editable or stands in a .pth file."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Any

from .beside import AT_LAST, BESIDE
from .side import INIT, Side


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
    plain = (BuiltinImporter, FrozenImporter, PathFinder, BESIDE, AT_LAST)
    sys.meta_path[:] = [
        finder if finder in plain or isinstance(finder, Kept | Called) else Kept(finder, side)
        for finder in sys.meta_path
    ]
    if side.aliases and not any(isinstance(finder, Called) for finder in sys.meta_path):
        sys.meta_path.insert(0, Called(side))
