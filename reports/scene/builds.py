"""Says where interpreters that stand side by side were built unlike, so that nobody takes a build for a version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from when_async.bench.model.builds import said, unlike
from when_async.results.runfile import Header

from .. import words


def told(headers: Sequence[Header], used: Sequence[str]) -> str:
    """One sentence where several interpreters are shown whose builds are unlike or unknown; else empty."""
    entries = _entries(headers, used)
    if len(entries) < 2:
        return ""
    unknown = [label for label, build in entries if not build]
    known = [(label, build) for label, build in entries if build]
    parts = [f"{label} ({said(build)})" for label, build in known if any(unlike(build, other) for _, other in known)]
    if not parts and not unknown:
        return ""
    sentences = [f"these interpreters are unlike builds: {words.listing(parts)}"] if parts else []
    if unknown:
        labels = words.listing(list(dict.fromkeys(unknown)))
        sentences.append(f"how {labels} {'was' if len(set(unknown)) == 1 else 'were'} built was not recorded")
    return f"{'; '.join(sentences)}: a difference between interpreters may be one of builds and not of versions"


def _entries(headers: Iterable[Header], used: Sequence[str]) -> list[tuple[str, Any]]:
    """Each interpreter that is shown with its build; two builds of one label count as two."""
    found: list[tuple[str, Any]] = []
    for header in headers:
        for one in header.get("environments") or ():
            entry = (str(one.get("label")), one.get("build") or {})
            if entry[0] in used and entry not in found:
                found.append(entry)
    return found
