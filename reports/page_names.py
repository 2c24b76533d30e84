"""Names that are safe in anchors and file names."""

from __future__ import annotations

import re


def slug(text: str) -> str:
    """A name that is safe in a file name and an anchor."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "workload"
