"""Puts the four rooms into wheel and sdist from where they are: no artefact is ever built through a link.

`src/when_async/bench` and its like are links, for editable installs, type checkers and editors. A builder that
follows them forgets files, or takes run files along that the patterns of .gitignore no longer fit. A ZIP of the
repository holds them as text files, and an sdist not at all, so an editable install makes them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("bench", "workloads", "results", "reports")
LEFT_OUT = (
    "results/runs/", "results/reference/gate-", "results/reference/noise-", "results/reference/replaced/",
    "results/reference/judge/", "results/reference/before/",
    "results/baseline/", "reports/out/",
)  # fmt: skip
"""Recordings of one machine, those that were replaced, and the traces that only the gate's evidence needs."""


class Rooms(BuildHookInterface):
    """Adds the files of every room, or links to the rooms for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for room in ROOMS:
            if version == "editable":
                self._link(room)
            else:
                build_data["force_include"].update(self._files(room))

    def _files(self, room: str) -> Iterator[tuple[str, str]]:
        # One by one: a folder that is forced in ignores everything that is to be left out.
        for folder, folders, files in os.walk(os.path.join(self.root, room)):
            folders[:] = sorted(set(folders) - {"__pycache__", ".reduced"})
            for file in sorted(files):
                path = os.path.relpath(os.path.join(folder, file), self.root).replace(os.sep, "/")
                if not path.startswith(LEFT_OUT):
                    yield path, f"when_async/{path}"

    def _link(self, room: str) -> None:
        link = os.path.join(self.root, "src", "when_async", room)
        if os.path.isdir(link):
            return
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(os.path.join("..", "..", room), link)
