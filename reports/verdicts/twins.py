"""Which interpreters of a run are twins: one version, built alike, with the global lock and without it.

A figure of one over the other tells what the lock is worth only where nothing else differs, so builds that are unlike
give a reason and no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from when_async.bench.model.builds import unlike

from .lookup import Hole, Lookup

LABEL = re.compile(r"(?P<version>\d+\.(?P<minor>\d+)(?:\.\d+)?)(?P<free>t?)(?P<pins>\+.*)?")
FIRST_FREE = 13
"""The first minor version of CPython 3 that can be built without the lock."""


def link(lookups: Iterable[Lookup], headers: Iterable[Mapping[str, Any]]) -> None:
    """Let each lookup know its twin of the same run, or why it has none; `headers` are those of the runs."""
    entries = {
        (str(header.get("run")), str(one.get("label"))): one
        for header in headers
        for one in header.get("environments") or ()
    }
    known = {(one.run, one.python): one for one in lookups}
    for (run, label), one in known.items():
        one.twin = _twin(known, entries, run, label)


def _twin(
    known: Mapping[tuple[str, str], Lookup], entries: Mapping[tuple[str, str], Mapping[str, Any]], run: str, label: str
) -> Lookup | Hole:
    other = twin_of(label)
    if isinstance(other, Hole):
        return other
    twin = known.get((run, other))
    if twin is None:
        return Hole(f"it takes both builds in one run: --python {' --python '.join(sorted((label, other)))}")
    return refused(entries.get((run, label), {}), entries.get((run, other), {})) or twin


def twin_of(label: str) -> str | Hole:
    """The label of the same version with or without the lock; a hole where there is no such build."""
    found = LABEL.fullmatch(label)
    if found is None:
        return Hole(f"nothing is known of a build of {label} with or without its lock")
    if int(found["minor"]) < FIRST_FREE:
        return Hole(f"CPython {found['version']} has no build without its lock; 3.{FIRST_FREE} is the first that has")
    return f"{found['version']}{'' if found['free'] else 't'}{found['pins'] or ''}"


def refused(one: Mapping[str, Any], other: Mapping[str, Any]) -> Hole | None:
    """Why the two may not be compared, if so; entries are those of `environments` in a run file."""
    differ = unlike(one.get("build") or {}, other.get("build") or {})
    if one.get("version") != other.get("version"):
        differ = [f"Python {one.get('version')} vs {other.get('version')}", *differ]
    if not (one.get("build") and other.get("build")):
        differ = differ or ["how they were built was not recorded"]
    return Hole(f"{one.get('label')} and {other.get('label')} are no twins: {', '.join(differ)}") if differ else None
