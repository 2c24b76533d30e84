"""Asks the interpreter what it would import from a repository: editable installs, .pth files, PYTHONPATH.

An editable install serves the working copy to whoever runs, and so would give base the code of head. Which folders
those are, no file of the project says; the interpreter that has it installed does.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .interpreters import Run

DEPTH = 3
"""Packages are looked for so many folders below the top of a repository."""
MOST = 4000
"""Names of folders and files that are asked about at most."""

PASSED_OVER = ("node_modules", "site-packages", "dist-packages", "__pycache__", "tests", "docs")

ASK = r"""
import json, os, sys
from importlib.metadata import distributions
asked = json.loads(sys.argv[1])
top, names, project = os.path.realpath(asked["top"]), set(asked["names"]), asked["project"]

def inside(path):
    real = os.path.realpath(path)
    parts = real.split(os.sep)
    kept = "site-packages" not in parts and "dist-packages" not in parts
    venv = sys.prefix != sys.base_prefix and (real + os.sep).startswith(os.path.realpath(sys.prefix) + os.sep)
    return kept and (real == top or real.startswith(top + os.sep)) and not venv

installed = []
for each in distributions():
    name = (each.metadata["Name"] or "").lower().replace("_", "-").replace(".", "-")
    direct = each.read_text("direct_url.json") or ""
    if '"editable"' in direct or "__editable__" in str(each.files or ""):
        names.update((each.read_text("top_level.txt") or "").split())
        names.add(name.replace("-", "_"))
    elif (project and name == project) or '"file://%s' % top in direct:
        installed += [str(each.locate_file(file)) for file in each.files or () if str(file).endswith((".py", ".so"))]
for finder in sys.meta_path:
    module = sys.modules.get(getattr(finder, "__module__", ""))
    for held in (module, finder):
        for attribute in ("MAPPING", "NAMESPACES", "_redirections", "_top_level_modules", "known_source_files"):
            names.update(str(name).partition(".")[0] for name in getattr(held, attribute, None) or ())
found = {}
for name in sorted(names - set(sys.stdlib_module_names)):
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, None)
        except Exception:
            spec = None
        if spec is not None:
            break
    else:
        continue
    places = list(spec.submodule_search_locations or ()) or ([spec.origin] if spec.origin else [])
    found[name] = [os.path.realpath(place) for place in places if inside(place)]
path = [os.path.realpath(each) for each in sys.path if each and os.path.isdir(each) and inside(each)]
print(json.dumps({"path": path, "found": {k: v for k, v in found.items() if v}, "installed": installed}))
"""


@dataclass(frozen=True)
class Serving:
    """What an interpreter takes from a repository: folders on its path, packages by name, and its installed copy.

    All of them are real paths of the working copy; `installed` are the files of a copy that is not editable.
    """

    path: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()


def ask(top: Path, project: str | None, run: Run, executable: str = sys.executable) -> Serving:
    """What the interpreter would import from the repository at `top`; nothing where it cannot be asked."""
    names = list(dict.fromkeys(_names(top)))[:MOST]
    told = json.dumps({"top": str(top), "names": names, "project": _normal(project)})
    done = run([executable, "-P", "-c", ASK, told], dict(os.environ))
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else {}
        found, path, installed = answer["found"], answer["path"], answer["installed"]
    except (ValueError, IndexError, KeyError, TypeError):
        return Serving()
    aliases: dict[str, str] = {}
    for name, places in found.items():
        for place in places:
            if os.path.basename(place) in (name, f"{name}.py"):
                path.append(os.path.dirname(place))
            else:
                aliases[name] = place
    return Serving(tuple(dict.fromkeys(path)), aliases, tuple(installed))


def _normal(name: str | None) -> str:
    return (name or "").lower().replace("_", "-").replace(".", "-")


def _names(top: Path) -> Iterator[str]:
    """What packages and modules of the repository may be called, those near the top first."""
    level: Sequence[str] = [str(top)]
    for _ in range(DEPTH):
        below: list[str] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                stem = entry.name.removesuffix(".py")
                if entry.is_dir(follow_symlinks=False):
                    if entry.name in PASSED_OVER or entry.name.startswith(".") or _is_venv(entry.path):
                        continue
                    below.append(entry.path)
                elif not entry.name.endswith(".py"):
                    continue
                if stem.isidentifier():
                    yield stem
        level = below


def _is_venv(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))
