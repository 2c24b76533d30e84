"""An oracle answers in words, and work without items is none."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

WORKLOAD = """
from when_async import Param, Point, Workload
def blocking(kit, params):
    return lambda item: item * 3
{check}
WORK = Workload(
    name="work", summary="threes", bodies={{"blocking": blocking}}, params=(Param("n", 1, 1000, "ops"),),
    make_items=lambda params, seed: {items}, check=check,
    grid={{"smoke": (Point(1, {{"n": 20}}),)}},
)
"""
ITEMS = '[1] * int(params["n"])'
RIGHT = "def check(params, items, results):\n    return 'threes'\n"


def oracle(what: str, body: str, says: str, items: str = ITEMS, **more: object) -> Input:
    check = body if body.startswith(("def", "async")) else f"def check(params, items, results):\n    {body}\n"
    return Input(
        what,
        "when-async run -w work.py -r sync --profile smoke -o run.jsonl",
        says,
        (2, 3),
        files={"work.py": WORKLOAD.format(check=check, items=items)},
        **more,
    )  # type: ignore[arg-type]


KIND = Kind(
    name="an oracle that says nothing passes everything",
    promise="an oracle raises or says in words what is right; False, None and empty words are refused, and no work is",
    inputs=(
        oracle("it answers False", "return False", "oracle answered False", handed="faults/own/checkfalse"),
        oracle(
            "its assertion is switched off outside",
            "assert results == [4]; return 'fours'",
            "wrong answer",
            handed="faults/own/wrongassert",
            environ={"PYTHONOPTIMIZE": "1"},
        ),
        oracle("there are no items", RIGHT, "makes no items", items="[]", handed="faults/own/items0"),
        oracle("it answers nothing", "pass", "oracle answered None"),
        oracle("it answers empty words", "return ''", "oracle answered"),
        oracle("it answers a number", "return 20", "oracle answered 20"),
        oracle("it is a coroutine", "async def check(params, items, results):\n    return 'threes'\n", "oracle|check"),
        oracle("items are a generator", RIGHT, "make_items", items="(1 for _ in range(20))"),
        oracle("items are None", RIGHT, "make_items", items="None"),
    ),
    tests=(
        "test_an_oracle_that_says_false_passes_nothing",
        "test_no_items_are_no_work",
        "test_assertions_of_an_oracle_hold_whatever_is_set_outside",
    ),
)
