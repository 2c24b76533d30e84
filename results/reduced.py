"""What was worked out of a run file, kept beside it for as long as neither the file nor the code has changed.

It is an answer of the code that works it out, never another way to it: where file or code are others than those that
it was made of, it is made again without a word. Those of committed recordings are committed beside them, those of
other runs lie in a folder beside them that git ignores.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from .files import draft_of

FOLDER = ".reduced"
ROOMS = Path(__file__).parents[1]


def reduced(path: Path, what: str, code: Iterable[str], make: Callable[[], Any]) -> Any:
    """What `make()` gives for the run file `path`, as JSON has it, kept under the name `what`.

    `code` are the files and folders, from the top of the package, whose code it follows from. Raises what `make` does;
    where nothing can be kept it is made each time.
    """
    made_of = _made_of(path, code)
    if made_of is None:
        return make()
    for place in (committed(path, what), _own(path, what)):
        with suppress(OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            found = json.loads(gzip.decompress(place.read_bytes()))
            if found["made_of"] == made_of:
                return found["content"]
    content = json.loads(json.dumps(make()))
    with suppress(OSError):
        _keep(_own(path, what), made_of, content)
    return content


def commit(path: Path, what: str, code: Iterable[str], make: Callable[[], Any]) -> Path:
    """Work it out anew for a recording that is part of a repository, and keep it beside that; the file it is in."""
    place = committed(path, what)
    _write(place, _made_of(path, code), make())
    return place


def committed(path: Path, what: str) -> Path:
    """Where what was worked out of a committed recording lies."""
    return path.with_name(_name(path, what))


def _own(path: Path, what: str) -> Path:
    return path.parent / FOLDER / _name(path, what)


def _name(path: Path, what: str) -> str:
    return f"{path.name.removesuffix('.gz').removesuffix('.jsonl')}.{what}.json.gz"


def _keep(place: Path, made_of: str, content: Any) -> None:
    """Write it into the folder that git ignores."""
    place.parent.mkdir(exist_ok=True)
    (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    _write(place, made_of, content)


def _write(place: Path, made_of: str | None, content: Any) -> None:
    text = json.dumps({"made_of": made_of, "content": content}, separators=(",", ":"))
    with draft_of(place) as draft:
        # Without a date the same content is the same file.
        draft.write_bytes(gzip.compress(text.encode(), mtime=0))


def _made_of(path: Path, code: Iterable[str]) -> str | None:
    """A hash of the run file and of the code; None where the file cannot be read."""
    try:
        with path.open("rb") as file:
            run = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    return f"{run}-{_hash_of(tuple(code))}"


@cache
def _hash_of(code: tuple[str, ...]) -> str:
    total = hashlib.sha256()
    for path in sources(code):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def sources(code: Iterable[str]) -> Iterator[Path]:
    """The modules that these files and folders are, in order."""
    for name in code:
        place = ROOMS / name
        yield from sorted(place.glob("*.py")) if place.is_dir() else (place,)
