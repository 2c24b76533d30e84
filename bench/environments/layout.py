"""Where a project keeps its packages: what pyproject.toml, setup.cfg and setup.py say of it.

Every build backend has its own words for "they lie in python/". Nothing is run to find out; what is computed in a
setup.py is left to the interpreter that has the project installed (`serving`).
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .sources import PROJECT_FILES, project


@dataclass
class Layout:
    """Folders to import from, and packages or modules that are called otherwise than what holds them, by name."""

    roots: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def root(self, *folders: object) -> None:
        """Add folders that hold packages."""
        self.roots += [each for each in folders if isinstance(each, str)]

    def package(self, name: str, folder: object) -> None:
        """Add the folder of one package, `name` with dots."""
        if not isinstance(folder, str):
            return
        parts, place = name.split("."), os.path.normpath(folder)
        if place.split(os.sep)[-len(parts) :] == parts:
            self.root(os.path.join(place, *[os.pardir] * len(parts)))
        elif len(parts) == 1:
            self.aliases[name] = place


def layout(project: Path) -> Layout:
    """What the files of a project say, as far as the tree has it: declared folders, then `src`, then its top."""
    said = Layout()
    with contextlib.suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        _pyproject(tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {}), said)
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        _setup_cfg(project / "setup.cfg", said)
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        _setup_py(ast.parse((project / "setup.py").read_text(encoding="utf-8")), said)
    inside = [os.path.normpath(root) for root in [*said.roots, "src", "."]]
    roots = [root for root in dict.fromkeys(inside) if not os.path.isabs(root) and (project / root).is_dir()]
    aliases = {name: place for name, place in said.aliases.items() if (project / place).exists()}
    return Layout(roots, aliases)


@cache
def own_roots(folder: str) -> tuple[str, ...]:
    """Where the project of a folder keeps its packages, as real folders; nothing where it is no project."""
    here = project(Path(folder))
    known = any((here / name).is_file() for name in PROJECT_FILES)
    return tuple(os.path.normpath(here / root) for root in layout(here).roots) if known else ()


def _at(table: Any, *names: str) -> Any:
    for name in names:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items() if isinstance(value, Mapping) else ())


def _pyproject(tool: Any, said: Layout) -> None:
    said.root(*_list(_at(tool, "setuptools", "packages", "find", "where")))
    _package_dir(dict(_items(_at(tool, "setuptools", "package-dir"))), said)
    said.root(*(each.get("from") for each in _list(_at(tool, "poetry", "packages")) if isinstance(each, Mapping)))
    for build in (_at(tool, "hatch", "build", "targets", "wheel"), _at(tool, "hatch", "build")):
        _hatch(build, said)
    for names in (
        ("pdm", "build", "package-dir"), ("pdm", "package-dir"), ("maturin", "python-source"),
        ("uv", "build-backend", "module-root"),
    ):  # fmt: skip
        said.root(_at(tool, *names))
    packages = _at(tool, "scikit-build", "wheel", "packages")
    for name, folder in [*_items(packages), *((os.path.basename(each), each) for each in _list(packages))]:
        said.package(name.replace("/", "."), folder)
    said.root(*_list(_at(tool, "pytest", "ini_options", "pythonpath")))


def _hatch(build: Any, said: Layout) -> None:
    said.root(*(os.path.dirname(each) or "." for each in _list(_at(build, "packages"))))
    sources = _at(build, "sources")
    said.root(*_list(sources), *_list(_at(build, "dev-mode-dirs")))
    for folder, name in [*_items(sources), *_items(_at(build, "force-include"))]:
        if not isinstance(name, str):
            continue
        if name.strip("/"):
            said.package(name.strip("/").removesuffix(".py").replace("/", "."), folder)
        else:
            said.root(folder)


def _package_dir(folders: Mapping[str, Any], said: Layout) -> None:
    for name, folder in folders.items():
        if name:
            said.package(name, folder)
        else:
            said.root(folder)


def _setup_cfg(path: Path, said: Layout) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(path, encoding="utf-8")
    lines = config.get("options", "package_dir", fallback="").replace(",", "\n").splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line]
    _package_dir({name.strip(): folder.strip() for name, _, folder in pairs}, said)
    said.root(*config.get("options.packages.find", "where", fallback="").replace(",", "\n").split())


def _setup_py(tree: ast.Module, said: Layout) -> None:
    """What stands there as a literal."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        words = {word.arg: word.value for word in call.keywords}
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called in ("find_packages", "find_namespace_packages", "find"):
            where = words.get("where", call.args[0] if call.args else None)
            said.root(getattr(where, "value", None))
        if called == "setup" and isinstance(words.get("package_dir"), ast.Dict):
            with contextlib.suppress(ValueError):
                _package_dir(ast.literal_eval(words["package_dir"]), said)
