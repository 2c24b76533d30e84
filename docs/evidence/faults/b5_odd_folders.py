"""A folder may be called anything."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import ANSWER, GATE, SLOWER, TOTAL, TRY, TWICE, project

MOVED = "cd ..; mv project '{0}'; cd '{0}'; "


def named(name: str, **more: str) -> Input:
    return Input(
        f"the gate in the folder {name}",
        MOVED.format(name) + GATE,
        SLOWER,
        1,
        files=project("src", TWICE),
        base={"src/shop/__init__.py": TOTAL},
        **more,
    )


def called(name: str) -> Input:
    return Input(
        f"`try` in the folder {name}",
        MOVED.format(name) + TRY.format("mine.py:total"),
        ANSWER,
        files={"mine.py": "def total(): return sum(range(1000))\n"},
    )


KIND = Kind(
    name="a folder's name is taken for something else",
    promise="paths are never parsed: brackets, spaces, commas, signs and letters of all scripts work",
    inputs=(
        named("shop[old]", handed="23"),
        named("a shop, n=3"),
        named("магазин#1"),
        called("shop[n=3,c=2]"),
        called("50% off @home"),
    ),
    tests=("test_a_folder_may_have_brackets_in_its_name",),
)
