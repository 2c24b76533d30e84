"""Where what was measured is kept: `.when-async/` of the working folder, or where `[tool.when-async]` says.

[tool.when-async]
runs = "results/runs"
pages = "reports/out"
accepted = "results/baseline/accepted.json"
"""

from __future__ import annotations

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


def accepted(project: Path = Path()) -> Path:
    """The file of accepted regressions of a project, which is part of its repository."""
    old = project / "results" / "baseline" / "accepted.json"
    found = _place("accepted", project)
    # Where it was kept before .when-async/; whoever has it there keeps it there.
    return old if old.is_file() and not found.exists() else found


def _place(name: str, project: Path = Path()) -> Path:
    """A setting of a project's pyproject.toml, or its default; raises ConfigError."""
    path = project / "pyproject.toml"
    given = section(path)
    for key in given:
        if key not in DEFAULTS and key not in OTHERS:
            raise not_known(f"{key} of [tool.when-async] in {path}", key, [*DEFAULTS, *OTHERS])
    value = given.get(name, str(DEFAULTS[name]))
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} of [tool.when-async] in {path} must be a path in quotes, not {value!r}")
    return project / value


def kept(path: Path) -> Path:
    """The path, with the note for git beside it that data of one machine are not for the repository."""
    if path.parts[: len(DATA.parts)] == DATA.parts and not (ignore := DATA / ".gitignore").exists():
        try:
            DATA.mkdir(exist_ok=True)
            ignore.write_text(IGNORED, encoding="utf-8")
        except OSError:
            # Whoever writes the data finds out, and says it better.
            return path
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
