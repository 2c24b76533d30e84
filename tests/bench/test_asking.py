"""A file that would end, hang or double whoever imports it is refused in a line; what can be put back is, and told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from when_async.bench import registry
from when_async.bench.asking import parent
from when_async.bench.asking.parent import ask, imported_with_care, told
from when_async.bench.registry import RegistryError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parent.VARIABLE, "20")
    monkeypatch.setattr(parent, "NOTES", [])


def write(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


MAIN = 'put that below `if __name__ == "__main__":`'
FAULTS = {
    "os._exit": ("import os\nos._exit(0)", f"ends Python while it is imported (os._exit(0) at mine.py:2); {MAIN}"),
    "os._exit in a library": (
        "import os, threading\ndef leave(): os._exit(5)\nleave()", f"(os._exit(5) at mine.py:2); {MAIN}",
    ),
    "becomes another program": ("import os\nos.execv('/bin/true', ['true'])", f"(exit status 0); {MAIN}"),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "(signal 9 (SIGKILL))"),
    "crashes": ("import os\n\nos.abort()", "(signal 6 (SIGABRT): it was in <module> (mine.py:3))"),
    "Ctrl-C": ("raise KeyboardInterrupt", "does not import: KeyboardInterrupt"),
    "forks": (
        "import os\nif os.fork() == 0:\n    pass",
        f"forks while it is imported (at mine.py:2), and the copy goes on as a second when-async; {MAIN}",
    ),
    "a thread without an end": (
        "import threading\nthreading.Thread(target=threading.Event().wait, name='poller').start()",
        "starts a thread while it is imported that Python would wait for at its end (poller, started at mine.py:2); "
        "give it daemon=True",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), FAULTS.values(), ids=FAULTS)
def test_a_file_that_would_take_us_with_it_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RegistryError) as caught, imported_with_care(path):
        registry.load_module(path)
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith(f"{path} ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["import threading\n\nthreading.Event().wait()", "\n\nwhile True: pass"])
def test_a_file_that_hangs_is_refused_with_the_line_where_it_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(parent.VARIABLE, "0.5")
    path = write(tmp_path, text)
    with pytest.raises(RegistryError) as caught:
        ask(path)
    assert str(caught.value) == (
        f"{path} is not imported within 0.5 s: it was in <module> (mine.py:3); what takes long belongs into the body "
        "or into `prepare`, and WHEN_ASYNC_IMPORT_S=2 waits longer"
    )


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan"])
def test_a_limit_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(parent.VARIABLE, text)
    with pytest.raises(RegistryError, match=f"^WHEN_ASYNC_IMPORT_S is how many seconds .* and not '{text}'$"):
        ask(write(tmp_path, ""))


HARMLESS = {
    "nothing": "x = 1",
    "a copy that ends": "import os\nif not (pid := os.fork()): os._exit(0)\nos.waitpid(pid, 0)",
    "a pool": "from concurrent.futures import ThreadPoolExecutor as T\nP = T(2)\nP.submit(int).result()",
    "a daemon": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "a loop that was run": "import asyncio\nasync def main(): pass\nasyncio.run(main())",
    "handlers that are given back": "import signal as s\ns.signal(s.SIGTERM, s.signal(s.SIGTERM, print))",
    "an error of its own": "1 / 0",
    "sys.exit": "raise SystemExit(3)",
    "reads its input": "import sys\nsys.stdin.read()",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_what_does_no_harm_is_passed(tmp_path: Path, text: str) -> None:
    assert ask(write(tmp_path, text)) == []


CHANGES = {
    "folder": ("import os\nos.chdir('/')", "mine.py changes the current folder while it is imported (at mine.py:2)"),
    "handler": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "mine.py changes the handler of a signal while it is imported (at mine.py:2)",
    ),
    "timer": ("import signal\n\nsignal.alarm(100)", "mine.py sets a timer while it is imported (at mine.py:3)"),
}


@pytest.mark.parametrize(("text", "words"), CHANGES.values(), ids=CHANGES)
def test_what_a_file_changes_is_put_back_and_told_once(tmp_path: Path, text: str, words: str) -> None:
    before = os.getcwd(), signal.getsignal(signal.SIGTERM), signal.getitimer(signal.ITIMER_REAL)
    path = write(tmp_path, text)
    for _ in range(2):
        with imported_with_care(path):
            registry.load_module(path)
    assert (os.getcwd(), signal.getsignal(signal.SIGTERM), signal.getitimer(signal.ITIMER_REAL)) == before
    assert list(told()) == [f"{words}; here that is put back, in workers it stays"]
    assert list(told()) == []


def test_a_tracer_that_a_file_sets_is_not_left_to_us(tmp_path: Path) -> None:
    before = sys.getprofile()
    path = write(tmp_path, "import sys\nsys.setprofile(lambda *_: None)")
    with imported_with_care(path):
        registry.load_module(path)
    assert sys.getprofile() is before


def test_a_file_is_asked_once_for_each_of_its_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(parent, "ask", lambda path: asked.append(path) or [])
    path = write(tmp_path, "x = 1")
    for _ in range(2):
        with imported_with_care(path):
            pass
    os.utime(path, ns=(1, 1))
    with imported_with_care(path):
        pass
    assert asked == [path, path]


NOISY = """
import atexit, os, subprocess
from dataclasses import replace
from when_async.workloads.sleep import SLEEP
print("printed")
os.write(1, b"written\\n")
subprocess.run(["echo", "echoed"])
atexit.register(print, "at the end")

def noisy(kit, params):
    print("opened")
    def op(item):
        print("op")
        return SLEEP.bodies["blocking"](kit, params)(item)
    return op

NOISY = replace(SLEEP, name="noisy", bodies={"blocking": noisy})
"""


def test_standard_output_is_ours_whatever_a_file_prints_and_how(tmp_path: Path) -> None:
    path = write(tmp_path, NOISY)
    code = "import json, sys; from when_async.bench.selection import catalogue; "
    code += f"print(json.dumps([name for name in catalogue([{path!r}]).workloads if name == 'noisy']))"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True)
    assert json.loads(done.stdout) == ["noisy"]
    assert sorted(done.stderr.split()) == sorted(["printed", "written", "echoed", "at", "the", "end"])


def test_where_there_is_no_standard_output_there_is_nothing_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(descriptor: int) -> int:
        raise OSError("bad descriptor")

    path = write(tmp_path, "x = 1")
    ask(path)
    monkeypatch.setattr(os, "dup", closed)
    monkeypatch.setattr(parent, "ask", lambda path: [])
    with imported_with_care(path):
        assert registry.load_module(path).x == 1
