"""Where what was measured is kept: `.when-async/` of the working folder, or where `[tool.when-async]` says.

The setting is looked for in the nearest pyproject.toml, from the working folder upward, and is relative to that file.

[tool.when-async]
runs = "results/runs"
pages = "reports/out"
accepted = "results/baseline/accepted.json"
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ..gate.config import ConfigError, not_known, section

DATA = Path(".when-async")
DEFAULTS: Mapping[str, Path] = {"runs": DATA / "runs", "pages": DATA / "pages", "accepted": DATA / "accepted.json"}
OTHERS = ("gate",)
"""What else [tool.when-async] may hold."""
IGNORED = "# Recordings and pages are of one machine; what was accepted belongs into the repository.\n/runs/\n/pages/\n"


def runs() -> Path:
    """The folder of run files and gates."""
    return _place("runs")


def pages() -> Path:
    """The folder of pages and timelines."""
    return _place("pages")


def accepted(project: Path | None = None) -> Path:
    """The file of accepted regressions of a project, which is part of its repository; default: the working folder's."""
    old = (project or Path()) / "results" / "baseline" / "accepted.json"
    found = _place("accepted", project)
    # Where it was kept before .when-async/; whoever has it there keeps it there.
    return old if old.is_file() and not found.exists() else found


def _nearest() -> Path:
    """The folder whose pyproject.toml counts here, as a path from here; the working folder where there is none."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file():
            return Path(os.path.relpath(folder))
        if (folder / ".git").exists():
            break
    return Path()


def _place(name: str, project: Path | None = None) -> Path:
    """A setting of a project's pyproject.toml, or its default in the working folder; raises ConfigError."""
    path = (_nearest() if project is None else project) / "pyproject.toml"
    given = section(path)
    for key in given:
        if key not in DEFAULTS and key not in OTHERS:
            raise not_known(f"{key} of [tool.when-async] in {path}", key, [*DEFAULTS, *OTHERS])
    if name not in given:
        return (project or Path()) / DEFAULTS[name]
    value = given[name]
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} of [tool.when-async] in {path} must be a path in quotes, not {value!r}")
    return path.parent / value


def kept(path: Path) -> Path:
    """The path, with the note for git beside it that data of one machine are not for the repository."""
    ignore = DATA / ".gitignore"
    if path.is_relative_to(DATA) and not ignore.exists():
        # Where that cannot be written, whoever writes the data finds out, and says it better.
        with contextlib.suppress(OSError):
            DATA.mkdir(exist_ok=True)
            ignore.write_text(IGNORED, encoding="utf-8")
    return path


def run_id(now: datetime) -> str:
    """A name for a run that sorts by time and that no other run has."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def latest_run() -> Path | None:
    """The newest run file that is kept, or None."""
    return _newest("*.jsonl")


def latest_gate() -> Path | None:
    """The folder of the newest gate that is kept, or None."""
    found = _newest("gate-*/gate.json")
    return found.parent if found else None


def _newest(pattern: str) -> Path | None:
    return max(runs().glob(pattern), key=lambda path: path.stat().st_mtime, default=None)
