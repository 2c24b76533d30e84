"""A call that is answered from memory is told from one that does the work."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

MINE = """
import functools, time
@functools.lru_cache
def price(name):
    time.sleep(0.01); return len(name)
@functools.cache
def rate():
    time.sleep(0.01); return 3
MEMO = {}
def memo(name):
    if name not in MEMO:
        time.sleep(0.02); MEMO[name] = len(name)
    return MEMO[name]
class Shop:
    @functools.cached_property
    def total(self):
        time.sleep(0.02); return 5
SHOP = Shop()
def total(): return SHOP.total
DONE = {}
async def amemo(name):
    import asyncio
    if name not in DONE:
        await asyncio.sleep(0.02); DONE[name] = len(name)
    return DONE[name]
"""
REMEMBERS = "it remembers something, and what is measured are calls that find it remembered"

KIND = Kind(
    name="a cache is measured",
    promise="a cache of functools is refused with the way round it; a second call that takes a thousandth is told",
    inputs=(
        tried("functools.lru_cache", MINE, "price --args '[\"tea\"]'", r"name mine:price\.__wrapped__", 2, handed="05"),
        tried("functools.cache without arguments", MINE, "rate", r"name mine:rate\.__wrapped__", 2),
        tried("a dict of the module", MINE, "memo --args '[\"tea\"]'", REMEMBERS),
        tried("a cached property", MINE, "total", REMEMBERS),
        tried("an async function with a dict", MINE, "amemo --args '[\"tea\"]'", REMEMBERS, (0, 3)),
    ),
    tests=("test_what_a_cache_answers_is_seen", "test_a_cache_is_refused_with_the_way_out"),
)
