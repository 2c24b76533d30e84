"""Twins that do not do the same work are told apart, or said to be in doubt."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

MINE = """
import asyncio, random, time
def save(): time.sleep(0.005)
async def asave(): pass
def order(): time.sleep(0.005); return random.random()
async def aorder(): return 0.5
def fetch(): time.sleep(0.005); return "tea"
async def kept(): return "tea"
async def forgets(): asyncio.sleep(0.005); return "tea"
async def afetch(): await asyncio.sleep(0.005); return "tea"
async def other(): await asyncio.sleep(0.005); return "milk"
"""
DOUBT = "Find out first whether both do the same work"

KIND = Kind(
    name="a twin that does less is recommended",
    promise="results must be equal; where one takes a tenth of the other's time it is refused, or said first",
    inputs=(
        tried("it returns at once, and both return None", MINE, "save --async mine:asave", "which shows no work", 2),
        tried("it returns at once, and results differ", MINE, "order --any-result --async mine:aorder", DOUBT),
        tried("it returns what it remembers", MINE, "fetch --async mine:kept", DOUBT),
        tried("it does not await its wait", MINE, "fetch --async mine:forgets", f"{DOUBT}|never awaited", (0, 3)),
        tried("it returns something else", MINE, "fetch --async mine:other", "does not return what", 2),
        tried("it does the same", MINE, "fetch --async mine:afetch", "[Tt]he async rewrite", never=DOUBT),
    ),
    tests=("test_twins_of_which_one_does_nothing_are_refused",),
)
