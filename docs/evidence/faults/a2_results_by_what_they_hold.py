"""Results are compared by what they hold and not by their text."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import ANSWER, tried

ARRAY = """
import numpy as np
def curve():
    return np.arange(5000.0)
async def acurve():
    made = np.arange(5000.0); made[2500] += 1; return made
"""
FRAME = """
import pandas as pd
def table():
    return pd.DataFrame({"price": range(5000)})
async def atable():
    made = table(); made.loc[2500, "price"] = -1; return made
"""
SAME_TEXT = """
class Price:
    def __init__(self, cents): self.cents = cents
    def __repr__(self): return "<Price>"
def price(): return Price(1)
async def aprice(): return Price(2)
"""
NO_ORDER = """
def tags(): return {"tags": {f"t{i}" for i in range(50)}, "n": 50}
async def atags(): return {"n": 50, "tags": {f"t{i}" for i in reversed(range(50))}}
"""
SETS = """
def words(): return {"tea", "milk", "bread"}
"""
UNEQUAL = r"mine:\w+ does not return what mine:\w+ returns"

KIND = Kind(
    name="a wrong result passes, because its text is the same",
    promise="arrays, frames, dataclasses and objects are compared by what they hold; sets and dicts have no order",
    inputs=(
        tried("one number of an array of 5 000 differs", ARRAY, "curve --async mine:acurve", UNEQUAL, 2, handed="02"),
        tried("results that are sets", SETS, "words", ANSWER, never="unequal", handed="20"),
        tried("one cell of a pandas frame of 5 000 rows differs", FRAME, "table --async mine:atable", UNEQUAL, 2),
        tried("objects whose text is the same differ", SAME_TEXT, "price --async mine:aprice", UNEQUAL, 2),
        tried("sets in dicts of another order are equal", NO_ORDER, "tags --async mine:atags", ANSWER, never="unequal"),
    ),
    tests=(
        "test_what_holds_the_same_is_the_same",
        "test_what_holds_anything_else_is_another",
        "test_one_number_of_an_array_makes_other_work",
        "test_sets_have_no_order",
    ),
)
