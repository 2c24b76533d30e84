"""Nothing that watches a worker is measured with the work unsaid."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import TRY, tried

PLAIN = "def total():\n    return sum(range(1000))\n"
TRACED = "import sys\nsys.settrace(lambda *a: None)\n" + PLAIN
PROFILED = "import sys\nsys.setprofile(lambda *a: None)\n" + PLAIN
MALLOC = "import tracemalloc\ntracemalloc.start()\n" + PLAIN
OUTSIDE = TRY.format("mine:total")

KIND = Kind(
    name="a tracer or a debug mode is measured with the work",
    promise="what is set outside is dropped for workers and named; what the code sets itself is told beside its row",
    inputs=(
        Input(
            "PYTHONASYNCIODEBUG and PYTHONDEVMODE",
            OUTSIDE,
            "started without PYTHONASYNCIODEBUG, PYTHONDEVMODE",
            files={"mine.py": PLAIN},
            environ={"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"},
        ),
        Input(
            "coverage of processes",
            OUTSIDE,
            "started without COVERAGE_PROCESS_START",
            files={"mine.py": PLAIN},
            environ={"COVERAGE_PROCESS_START": "x.ini"},
        ),
        Input(
            "PYTHONTRACEMALLOC and PYTHONPROFILEIMPORTTIME",
            OUTSIDE,
            "started without .*PYTHONTRACEMALLOC",
            files={"mine.py": PLAIN},
            environ={"PYTHONTRACEMALLOC": "5", "PYTHONPROFILEIMPORTTIME": "1"},
        ),
        tried("the module sets a tracer", TRACED, "total", "watched by"),
        tried("the module sets a profiler", PROFILED, "total", "watched by"),
        tried("the module starts tracemalloc", MALLOC, "total", "watched by"),
    ),
    tests=(
        "test_assertions_of_an_oracle_hold_whatever_is_set_outside",
        "test_a_debug_mode_that_a_workload_sets_itself_is_told_beside_its_row",
    ),
)
