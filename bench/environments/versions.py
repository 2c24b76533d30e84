"""Files that hold a project's version and that no commit has, since a build backend writes them from git's tags."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import git
from .interpreters import Run

GENERATED = '''# Written by when-async: what the project is built with would write it.
__version__ = version = {version!r}
__version_tuple__ = version_tuple = {parts!r}
__commit_id__ = commit_id = None
'''

PLACES = (
    ("setuptools_scm", "version_file"), ("setuptools_scm", "write_to"), ("setuptools-scm", "version_file"),
    ("hatch", "build", "hooks", "vcs", "version-file"),
    ("hatch", "build", "targets", "wheel", "hooks", "vcs", "version-file"),
    ("hatch", "build", "hooks", "version", "path"), ("versioningit", "write", "file"),
)  # fmt: skip
IN_PACKAGE = ("pdm", "version", "write_to")
PRETEND = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "PBR_VERSION", "UV_DYNAMIC_VERSIONING_BYPASS",
           "POETRY_DYNAMIC_VERSIONING_BYPASS")  # fmt: skip
"""How build backends are told the version of a tree that is no git repository."""


def version_files(project: Path) -> list[str]:
    """The files that the version is written to when the project is built or installed, from its own folder."""
    return list(dict.fromkeys(os.path.normpath(each) for each in _said(project) if not os.path.isabs(each)))


def _said(project: Path) -> Iterator[str]:
    tool: Any = {}
    with contextlib.suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        tool = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    for names in PLACES:
        if isinstance(found := _at(tool, names), str):
            yield found
    if isinstance(found := _at(tool, IN_PACKAGE), str):
        folder = _at(tool, ("pdm", "build", "package-dir")) or ("src" if (project / "src").is_dir() else ".")
        yield os.path.join(str(folder), found)
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        for node in ast.walk(ast.parse((project / "setup.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "use_scm_version":
                told = ast.literal_eval(node.value)
                for key in ("version_file", "write_to"):
                    if isinstance(told, dict) and isinstance(told.get(key), str):
                        yield told[key]


def _at(table: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table


def takes_version(project: Path) -> bool:
    """Whether the version of a project is found out when it is built, and may be asked of git."""
    tool: Any = {}
    with contextlib.suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        tool = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    dynamic = _at(tool, ("project", "dynamic"))
    return (isinstance(dynamic, list) and "version" in dynamic) or bool(version_files(project))


def described(commit: str, top: Path, run: Run) -> str:
    """A version for a commit from the tags before it, as usual tools say it or later: `1.0.post3+g0a1b2c3`."""
    done = git.git(top, run, "describe", "--tags", "--long", "--match", "*[0-9]*", commit)
    found = re.fullmatch(r"(?:.*?[-_/])?v?(\d+(?:\.\d+)*\w*?)-(\d+)-(g[0-9a-f]+)", done.stdout.strip())
    if done.returncode != 0 or not found:
        return f"0.0+g{commit[:7]}"
    return found[1] if found[2] == "0" else f"{found[1]}.post{found[2]}+{found[3]}"


def generated(version: str) -> str:
    """A version file as nobody but its reader would tell from the real one."""
    parts = tuple(int(part) for part in re.match(r"[\d.]*\d", version)[0].split("."))  # type: ignore[index]
    return GENERATED.format(version=version, parts=parts)
