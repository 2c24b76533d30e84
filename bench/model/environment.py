"""Where it runs: an interpreter with what is installed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .builds import Build, unlike


@dataclass(frozen=True)
class Environment:
    """An interpreter, the libraries beside it and the source tree it imports from, in which a worker can run.

    `label` is short and shows in ids (`3.13t`, `3.14+uvloop==0.22.1`); `executable` starts it; `modules` maps an
    importable module or pinned package to its version, or to None where it is missing; `reasons` says in words why
    one is missing. `pins` are the packages that were asked for by version. `source` is the short hash of a commit or
    the name of a folder, empty for the when-async that runs this; `path` is what its workers import from, empty for
    our own packages, and `folder` where relative paths of a workload's file lead, empty where no side has its own.
    `side` is a file that tells its workers which tree is theirs and which is not (`homes.Side`). None of the three is
    ever written down, for they are of this machine. `build` is how the interpreter was made (`builds.Build`).
    """

    label: str
    executable: str
    implementation: str
    version: str
    gil: bool
    modules: Mapping[str, str | None] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    default: bool = True
    pins: tuple[str, ...] = ()
    source: str = ""
    path: tuple[str, ...] = ()
    folder: str = ""
    side: str = ""
    build: Build = field(default_factory=dict)

    @property
    def python(self) -> tuple[int, int]:
        """(major, minor) of the interpreter."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def key(self) -> str:
        """Says what may be compared: implementation, version, GIL."""
        return f"{self.implementation}-{self.version}-{'gil' if self.gil else 'nogil'}"

    def difference(self, other: Environment) -> list[str]:
        """In what the two differ, own value first: `Python 3.13.5 vs 3.14.0`, `aiohttp 3.13.2 vs 3.14.1`."""
        found: list[tuple[str, str, str]] = [
            ("implementation", self.implementation, other.implementation),
            ("Python", self.version, other.version),
            ("GIL", "on" if self.gil else "off", "on" if other.gil else "off"),
            ("source", self.source or "own", other.source or "own"),
        ]
        found += [
            (module, self.modules.get(module) or "missing", other.modules.get(module) or "missing")
            for module in sorted({*self.modules, *other.modules})
        ]
        words = [f"{what} {mine} vs {theirs}" for what, mine, theirs in found if mine != theirs]
        words += unlike(self.build, other.build)
        if self.source == other.source and self.path != other.path:
            words.append(f"source {self.source} of two folders")
        return words
