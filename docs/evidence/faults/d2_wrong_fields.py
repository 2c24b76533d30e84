"""A workload or a runner of one's own whose fields are not what they should be."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

MINE = """import math
from when_async import *
from when_async.bench.model import Runner, Service
def pure(kit, params): return lambda item: item + 1
def check(params, items, results): return "right"
def make_items(params, seed): return list(range(params["n"]))
FIELDS = dict(
    name="mine", summary="sums", bodies={{"pure": pure}}, params=(Param("n", 1, 100, "sums"),), make_items=make_items,
    check=check, grid={{"smoke": (Point(1, {{"n": 3}}),)}},
)
{}
"""
WORKLOAD = "M = Workload(**(FIELDS | dict({})))"
RUNNER = 'M = Runner(**(dict(name="mine", summary="x", family="sync", styles=("pure",), open=print) | dict({})))'


def workload(fields: str, says: str, command: str = "when-async run -w mine.py --profile smoke -r sync") -> Input:
    return Input(f"a workload with {fields}", command, says, 2, files={"mine.py": MINE.format(WORKLOAD.format(fields))})


def runner(fields: str, says: str) -> Input:
    command = "when-async run -w empty -r mine.py --profile smoke"
    return Input(f"a runner with {fields}", command, says, 2, files={"mine.py": MINE.format(RUNNER.format(fields))})


def point(fields: str, says: str) -> Input:
    return workload(f"grid={{'smoke': (Point({fields}),)}}", says)


KIND = Kind(
    name="a field of a workload or runner that cannot be ends in a traceback, or is measured",
    promise="what is made wrongly is refused where it is made: the file, the field and what is right, exit 2",
    inputs=(
        workload("name='a[b]'", "the name of a workload must be"),
        workload("name='a\\x1b[31m'", "the name of a workload must be"),
        workload("summary=3", "summary of mine must be a text", "when-async list -w mine.py"),
        workload("bodies={'pure': 3}", r"bodies\['pure'\] of mine must be a function"),
        workload("make_items=[1, 2]", "make_items of mine must be a function"),
        workload("check=None", "check of mine must be a function"),
        workload("grid={'smoke': [3]}", r"grid\['smoke'\] of mine must be a tuple of Point"),
        workload("shape='program'", "shape of mine must be Shape.MAP or Shape.PROGRAM"),
        workload("environ={'A': 1}", r"environ\['A'\] of mine must be a text"),
        workload("threaded='requests'", "threaded of mine is one text"),
        workload("service='http'", "service of mine must be a Service"),
        workload("params=(Param('n', 1, math.inf, ''),)", "high of Param n must be a finite number"),
        workload("ideal_s=lambda params, c: math.nan", "what ideal_s of mine .* returns must be a finite number"),
        workload("bounds=lambda params, c: 1 / 0", "bounds of mine .* raised ZeroDivisionError"),
        point("0, {'n': 3}", "concurrency of a Point must be a whole number from 1"),
        point("'1', {'n': 3}", "concurrency of a Point must be a whole number from 1"),
        point("1, {'m': 3}", "it gives m, and they are n"),
        point("1, {'n': 2.5}", r"n of a Point in grid\['smoke'\] of mine must be a whole number"),
        point("1, {'n': 101}", r"n of a Point in grid\['smoke'\] of mine must be from 1 to 100"),
        runner("name='a/b'", "the name of a runner must be"),
        runner("styles='pure'", "styles of mine is one text"),
        runner("minimum_python='3.11'", "minimum_python of mine must be two whole numbers"),
        runner("open=3", "open of mine must be a function"),
        runner("timer_resolution_s=math.nan", "timer_resolution_s of mine must be a finite number"),
        runner("limit=lambda: 3", "what limit of mine returns must be a whole number and the reason"),
    ),
    tests=(
        "test_a_field_of_a_workload_of_another_type_is_named_with_what_is_right",
        "test_a_field_of_a_runner_of_another_type_is_named_with_what_is_right",
        "test_a_file_with_such_a_field_is_one_line_with_the_file_and_the_field",
        "test_figures_that_a_plan_cannot_be_made_of_are_told_before_it",
    ),
)
