"""What a user's file replaces while it is imported is put back here, and told; and it cannot choose our exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import typing
from pathlib import Path

import pytest

from when_async.bench import registry
from when_async.bench.asking import parent, patches
from when_async.bench.asking.parent import imported_with_care, told

OWN = """
from when_async.bench.asking.parent import imported_with_care
from when_async.bench.registry import load_module
with imported_with_care("mine.py"):
    load_module("mine.py")
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "NOTES", [])


def write(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_a_file_replaces_is_put_back_and_told(tmp_path: Path) -> None:
    had = time.sleep, json.dumps, json.JSONEncoder.encode, subprocess.Popen, open
    text = "import builtins, json, subprocess, time\ntime.sleep = json.dumps = None\njson.JSONEncoder.encode = None\n"
    path = write(tmp_path, text + "del subprocess.Popen\nbuiltins.open = lambda *names: 1 / 0\n")
    with imported_with_care(path):
        module = registry.load_module(path)
        assert module.time.sleep is None
    assert (time.sleep, json.dumps, json.JSONEncoder.encode, subprocess.Popen, open) == had
    (note,) = told()
    assert note.startswith("mine.py replaces builtins.open, time.sleep, ")
    assert note.endswith(" more while it is imported; here that is put back, in workers it stays")


def test_whoever_asks_is_not_misled_by_what_is_replaced(tmp_path: Path) -> None:
    text = "import json, os, threading, time\njson.dumps = lambda *all: 'x'\nos.write = threading.enumerate = None\n"
    (note,) = parent.ask(write(tmp_path, text))
    assert "json.dumps" in note


def test_what_belongs_to_a_whole_or_completes_the_standard_library_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        pass

    there = patches.kept()
    monkeypatch.setattr(typing, "cast", Other)
    assert patches.put_back(there) == []
    Other.__module__ = "gevent.thread"
    monkeypatch.setattr(time, "sleep", Other)
    monkeypatch.setattr(json, "dumps", None)
    assert patches.put_back(there) == []
    assert time.sleep is Other
    Other.__module__ = "mine"
    assert sorted(patches.put_back(there)) == ["json.dumps", "time.sleep"]


@pytest.mark.parametrize("end", ["os._exit, 0", "lambda: os._exit(0)"])
def test_a_file_that_ends_python_at_its_end_does_not_choose_our_exit_status(tmp_path: Path, end: str) -> None:
    write(tmp_path, f"import atexit, os\natexit.register({end})\n")
    done = subprocess.run([sys.executable, "-c", f"{OWN}raise SystemExit(3)"], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (3, b"")


USES = """
import sys, wave
def deep(count): return count and deep(count - 1)
deep(500)
print("out")
print("err", file=sys.stderr)
"""
TAKES = {
    "closes standard output": "import sys; sys.stdout.close()",
    "closes standard error": "import sys; sys.stderr.close()",
    "closes its descriptor": "import os; os.close(2)",
    "has no standard error": "import sys; sys.stderr = None",
    "empties the path": "import sys; sys.path.clear(); sys.meta_path.clear()",
    "replaces the path": "import sys; sys.path = []",
    "forbids deep calls": "import sys; sys.setrecursionlimit(60)",
}  # fmt: skip


@pytest.mark.parametrize("text", TAKES.values(), ids=TAKES)
def test_what_a_file_takes_from_its_process_is_there_again_for_us(tmp_path: Path, text: str) -> None:
    write(tmp_path, text + "\n")
    done = subprocess.run([sys.executable, "-c", OWN + USES], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")


def test_what_a_file_adds_to_the_path_stays_for_what_it_imports_later(tmp_path: Path) -> None:
    write(tmp_path, "import sys; sys.path.insert(0, 'more')\n")
    done = subprocess.run(
        [sys.executable, "-c", OWN + "import sys; print('more' in sys.path)"], cwd=tmp_path, capture_output=True
    )
    assert done.stdout == b"True\n"
