"""Code that exits, hangs, prints, moves or patches while it is imported costs one line and no measurement."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import TRY

PLAIN = "\ndef total(): return sum(range(1000))\n"


def imported(what: str, first: str, says: str, code: int | tuple[int, ...], **more: str) -> Input:
    return Input(what, TRY.format("mine:total") + " --json", says, code, files={"mine.py": first + PLAIN}, **more)


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
        imported("a line that is no Python", "def (:", "SyntaxError|invalid syntax", 2),
    ),
    tests=(
        "test_a_file_that_ends_python_is_one_line_and_wrong_use",
        "test_json_is_json_whatever_a_file_prints_while_it_is_imported_and_measured",
    ),
)
