"""Code that exits, hangs, prints, moves or patches while it is imported costs one line and no measurement."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import TRY

MINE = """
from when_async import Param, Point, Workload
def pure(kit, params): return lambda item: item + 1
def check(params, items, results):
    assert list(results) == [1, 2, RIGHT]
    return "right"
MINE = Workload(
    name="mine", summary="sums", bodies={"pure": pure}, params=(Param("n", 1, 100, "sums"),), check=check,
    make_items=lambda params, seed: list(range(params["n"])), grid={"quick": (Point(1, {"n": 3}),)},
)
"""
EXIT = "import os; os._exit(0)"
PATCH = "import json, os, time; json.dumps = time.sleep = os.write = None"
PLAIN = "\ndef total(): return sum(range(1000))\n"


def imported(what: str, first: str, says: str, code: int | tuple[int, ...], **more: str) -> Input:
    return Input(what, TRY.format("mine:total") + " --json", says, code, files={"mine.py": first + PLAIN}, **more)


def read(what: str, first: str, command: str, says: str, code: int = 2, **more: str) -> Input:
    """A file with a workload, which a command has to read to plan or to list."""
    return Input(what, command, says, code, files={"mine.py": first + "\n" + MINE}, **more)


KIND = Kind(
    name="code ends, hangs or prints while it is imported",
    promise="a child imports it first, under a limit: one line with what it did and where (exit 2); JSON stays JSON",
    inputs=(
        imported("os._exit(0)", "import os; os._exit(0)", "ends Python|os._exit", 2, handed="faults/own/osexit"),
        imported(
            "an endless loop", "import time\nwhile True: time.sleep(1)", "mine.py", 2, handed="faults/own/tophang"
        ),
        imported("a print", "print('hello')", '"status": "OK"', 0, handed="faults/own/printer"),
        imported("sys.exit('no key')", "import sys; sys.exit('no key')", "no key|SystemExit", 2),
        imported("a signal to itself", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "mine", 2),
        imported("endless recursion", "def f(): f()\nf()", "RecursionError", 2),
        imported("another folder", "import os; os.chdir('/')", '"status": "OK"', 0),
        imported("SIGINT ignored", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)", '"status": "OK"', 0),
        read("os._exit(0), read by `list`", EXIT, "when-async list -w mine.py", r"os._exit\(0\) at mine.py:1"),
        read("os._exit(0), read by `matrix`", EXIT, "when-async matrix -w mine.py", r"os._exit\(0\) at mine.py:1"),
        read(
            "os._exit(0), read by `timeline`", EXIT, "when-async timeline mine.py sync", r"os._exit\(0\) at mine.py:1"
        ),
        read(
            "os._exit(0), read by `compare`",
            EXIT,
            "mkdir old new; when-async compare ./old ./new -w mine.py -r sync",
            r"os._exit\(0\) at mine.py:1",
        ),
        read(
            "an endless loop, read by `matrix`",
            "import time\nwhile True: time.sleep(1)",
            "when-async matrix -w mine.py",
            "mine.py:2",
            environ={"WHEN_ASYNC_IMPORT_S": "5"},
        ),
        read(
            "functions of the standard library replaced, read by `list`",
            PATCH,
            "when-async list -w mine.py --json",
            r"mine.py replaces (time.sleep|json.dumps|os.write), .* put back.*workload",
            0,
        ),
        read(
            "standard output closed, and a runner that is not there",
            "import sys; sys.stdout.close()",
            "when-async list -w mine.py -r nosuch",
            "there is no runner named 'nosuch'",
        ),
        read(
            "os._exit(0) at the end of Python, and the work is wrong",
            "import atexit, os; atexit.register(os._exit, 0); RIGHT = 4",
            "when-async run -w mine.py -r sync --profile smoke",
            "wrong answer",
            3,
        ),
        imported("a line that is no Python", "def (:", "SyntaxError|invalid syntax", 2),
    ),
    tests=(
        "test_what_a_file_takes_from_its_process_is_there_again_for_us",
        "test_what_a_file_replaces_is_put_back_and_told",
        "test_a_file_that_ends_python_at_its_end_does_not_choose_our_exit_status",
        "test_a_file_that_ends_python_is_one_line_and_wrong_use",
        "test_json_is_json_whatever_a_file_prints_while_it_is_imported_and_measured",
    ),
)
