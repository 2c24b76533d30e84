"""Files that are whole or not there at all, and what the operating system says of those that cannot be written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to: it takes its place in the end, or is removed where that fails."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_whole(texts: Mapping[Path, str]) -> None:
    """Write files that belong together, and their folders: all of them, or none where one cannot be written."""
    with ExitStack() as drafts:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            drafts.enter_context(draft_of(path)).write_text(text, encoding="utf-8")


def os_words(error: OSError) -> str:
    """What the operating system says, without its number and path."""
    return (error.strerror or str(error)).lower()
