"""What is worked out of a run file is kept for as long as it is what the file and the code give."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from when_async.results import reduced as room
from when_async.results.reduced import FOLDER, commit, committed, reduced

CODE = ("code",)
Ask = Callable[[], int]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "a.jsonl"
    path.parent.mkdir()
    path.write_text("one\n", encoding="utf-8")
    return path


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "package" / "code" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text("1\n", encoding="utf-8")
    monkeypatch.setattr(room, "ROOMS", path.parents[1])
    room._hash_of.cache_clear()
    return path


@pytest.fixture
def ask(run: Path, module: Path) -> Ask:
    """Asks for it; the answer is how often it was made until then."""
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    def asked() -> int:
        room._hash_of.cache_clear()
        return int(reduced(run, "count", CODE, make))

    return asked


def test_it_is_made_once(ask: Ask) -> None:
    assert [ask(), ask()] == [1, 1]


def test_it_is_made_again_where_the_run_file_is_another(ask: Ask, run: Path) -> None:
    ask()
    run.write_text("one\ntwo\n", encoding="utf-8")
    assert [ask(), ask()] == [2, 2]


def test_it_is_made_again_where_the_code_is_another(ask: Ask, module: Path) -> None:
    ask()
    module.write_text("2\n", encoding="utf-8")
    assert [ask(), ask()] == [2, 2]


@pytest.mark.parametrize(
    "content",
    [b"", b"torn", gzip.compress(b"[]"), gzip.compress(b'{"made_of": "x"}')],
    ids=["empty", "torn", "a list", "without content"],
)
def test_it_is_made_again_where_what_was_kept_is_damaged(ask: Ask, run: Path, content: bytes) -> None:
    ask()
    (run.parent / FOLDER / "a.count.json.gz").write_bytes(content)
    assert [ask(), ask()] == [2, 2]


def test_git_ignores_what_is_kept(ask: Ask, run: Path) -> None:
    ask()
    assert (run.parent / FOLDER / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_where_nothing_can_be_kept_it_is_made_each_time(ask: Ask, run: Path) -> None:
    (run.parent / FOLDER).write_text("no folder", encoding="utf-8")
    assert [ask(), ask()] == [1, 2]


def test_what_is_committed_beside_the_file_is_read_and_nothing_else_written(ask: Ask, run: Path) -> None:
    place = commit(run, "count", CODE, lambda: 7)
    assert ask() == 7
    assert place == committed(run, "count") == run.with_name("a.count.json.gz")
    assert sorted(run.parent.iterdir()) == [place, run]


def test_the_same_content_is_the_same_file(ask: Ask, run: Path) -> None:
    written = [commit(run, "count", CODE, lambda: 7).read_bytes() for _ in range(2)]
    assert written[0] == written[1]
    assert json.loads(gzip.decompress(written[0]))["content"] == 7
