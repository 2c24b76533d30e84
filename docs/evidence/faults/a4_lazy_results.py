"""A result that is no work yet is refused."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

MINE = """
import asyncio, csv, concurrent.futures, itertools
def parse(n): return map(str, range(n))
def pairs(): return zip(range(9), range(9))
def nested(): return {"rows": [filter(None, range(9))], "n": 9}
def rows(): return csv.reader(["a,b", "c,d"])
def chained(): return (1, itertools.chain([1], [2]))
def futures(): return [concurrent.futures.Future()]
async def one(): return 1
def coroutines(): return [one() for _ in range(3)]
async def agen():
    yield 1
"""
LAZY = r"returns [\w ]+, whose work is done when somebody goes through it"

KIND = Kind(
    name="a lazy result passes as work",
    promise="what has still to be done when the call returns is refused, at any depth",
    inputs=(
        tried("map", MINE, "parse --args '[2000]'", LAZY, 2, handed="06"),
        tried("zip", MINE, "pairs", LAZY, 2, handed="06"),
        tried("filter in a list in a dict", MINE, "nested", LAZY, 2),
        tried("a reader of the module csv", MINE, "rows", LAZY, 2),
        tried("itertools.chain in a tuple", MINE, "chained", LAZY, 2),
        tried("a future that nobody has filled", MINE, "futures", LAZY, 2),
        tried("coroutines in a list", MINE, "coroutines", LAZY, 2),
        tried("an async generator", MINE, "agen", LAZY, 2),
    ),
    tests=("test_what_is_wrong_with_a_call_is_told_in_one_line",),
)
