"""Write a tidy frame for other tools: CSV, Parquet or JSON, chosen by the file's suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from when_async.bench.model import WhenAsyncError

from .files import draft_of, os_words

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A field that begins like this is taken for a formula (OWASP, CSV injection)."""


class ExportError(WhenAsyncError):
    """A frame cannot be written; the message is one line that also says what to do next."""


def export(frame: pd.DataFrame, path: Path | str) -> None:
    """Write `frame` to `path` whole or not at all; an older file of that name is replaced.

    `.csv` and `.parquet` are tables, `.json` is a list of flat objects in which NA is null. Raises ExportError for
    another suffix, a missing pyarrow and a file that cannot be written.
    """
    path = Path(path)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise ExportError(f"cannot export to {path}: name a file that ends in {', '.join(WRITERS)}")
    try:
        with draft_of(path) as draft:
            write(frame, draft)
    except OSError as error:
        what = f"cannot write {path}: {os_words(error)}; name a file in a writable folder with room"
        raise ExportError(what) from None


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """One line per row with a header line; NA is empty. A text that a spreadsheet would run has a quote before it."""
    quoted = {name: _quoted(frame[name]) for name in frame.columns if any(map(_runs, frame[name].unique()))}
    frame.assign(**quoted).to_csv(path, index=False)


def _quoted(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype("object").map(lambda value: f"'{value}" if _runs(value) else value)


def _runs(value: object) -> bool:
    return isinstance(value, str) and value.startswith(FORMULA)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    """Columns with their types; the frame's attrs travel along."""
    try:
        frame.to_parquet(path, engine="pyarrow", index=False)
    except ImportError:
        raise ExportError(
            "a Parquet file needs pyarrow, which is not installed; run: pip install 'when-async[parquet]'"
        ) from None


def _json(frame: pd.DataFrame, path: Path) -> None:
    """One object per row, one row per line, numbers with all their digits."""
    plain = frame.astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for index, row in enumerate(rows):
            file.write((",\n" if index else "\n") + json.dumps(row, ensure_ascii=False))
        file.write("\n]\n")


WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {".csv": _csv, ".parquet": _parquet, ".json": _json}
