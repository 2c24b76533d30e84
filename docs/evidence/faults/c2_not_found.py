"""A target that is not there is told with where was looked and what is near."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

MINE = """
RATE = 3
def fetch(name, retries=1): return name
class Shop:
    def total(self): return 1
"""

KIND = Kind(
    name="a target that is not there ends in words that do not help",
    promise="one line: what was not found, where was looked, the nearest name (exit 2)",
    inputs=(
        tried("a function of another name", MINE, "fetsh --args '[\"a\"]'", "fetch", 2),
        tried("no function but a number", MINE, "RATE", "RATE", 2),
        tried("an argument too few", MINE, "fetch", r"fetch\(name, retries=1\)", 2),
        tried("a keyword that it has not", MINE, "fetch --args '[\"a\"]' --kwargs '{\"retry\": 2}'", "retr", 2),
        tried("arguments that are no JSON", MINE, "fetch --args '[a]'", "JSON", 2),
        tried("a method without its object", MINE, "Shop.total", "self|object|total", 2),
        tried(
            "a module that is not there",
            MINE.replace("RATE", "import nothere\nRATE", 1),
            "fetch --args '[\"a\"]'",
            "nothere",
            2,
        ),
    ),
    tests=("test_what_is_wrong_with_a_call_is_told_in_one_line",),
)
