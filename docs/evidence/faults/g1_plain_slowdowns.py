"""What is plainly slower is never passed, however noisy the machine and however short the budget."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import BUSY, SLOWER, TOTAL, TWICE, project

WORKLOAD = """
from when_async import Param, Point, Workload
def pure(kit, params):
    def op(item):
        {}return item * 2
    return op
def check(params, items, results):
    return "ok"
W = Workload(name="mine", summary="s", bodies={{"pure": pure}}, params=(Param("n", 1, 1_000_000, "n"),),
    make_items=lambda params, seed: list(range(int(params["n"]))), check=check,
    grid={{"quick": (Point(2, {{"n": 300}}),)}})
"""
BASE = {"src/shop/__init__.py": TOTAL}
HALF = TOTAL.replace("    return", "    sum(price + (price * 19 + 50) // 100 for price in prices[:100])\n    return")
GATE = "when-async gate --base main --budget {}"


def slower(what: str, budget: str, total: str = TWICE, *, busy: bool = False, handed: str = "") -> Input:
    command = GATE.format(budget)
    return Input(
        what,
        BUSY.format(command) if busy else command,
        SLOWER,
        1,
        files=project("src", total),
        base=BASE,
        handed=handed,
    )


def mine(budget: str, handed: str) -> Input:
    return Input(
        f"28 times slower, a budget of {budget}",
        f"{GATE.format(budget)} -w mine.py -r sync",
        SLOWER,
        1,
        files={"mine.py": WORKLOAD.format("sum(range(200)); ")},
        base={"mine.py": WORKLOAD.format("")},
        handed=handed,
    )


KIND = Kind(
    name="the gate passes a head that is plainly slower",
    promise="a slow-down far beyond the margin ends with 1 after as few pairs as it needs; a pass prints its limit",
    inputs=(
        mine("20s", "faults/gate28x"),
        mine("10m", "faults/gate28x"),
        slower("twice as slow beside six busy loops", "1m", busy=True, handed="29"),
        slower("twice as slow, a budget of 30 s", "30s"),
        slower("half as slow again, a budget of 20 s", "20s", HALF),
        slower("half as slow again beside six busy loops", "1m", HALF, busy=True),
    ),
    tests=("test_a_head_that_is_plainly_slower_fails_in_twelve_pairs_whatever_the_budget",),
)
