"""The first pull request that brings the first benchmark is new, and neither red nor a pass."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import GATE, PROJECT, TOTAL, project

NEW = r"new|NEW"

KIND = Kind(
    name="the first pull request is red for ever",
    promise="new: measured and checked, nothing to compare with yet; exit 0 only where the setting new allows it",
    inputs=(
        Input(
            "a target that base does not have",
            GATE,
            NEW,
            4,
            files=project("src"),
            base={"src/shop/__init__.py": "", "pyproject.toml": PROJECT},
        ),
        Input(
            "the whole package is new",
            GATE,
            NEW,
            4,
            files=project("src"),
            base={"pyproject.toml": PROJECT, "src/shop/__init__.py": None},
        ),
        Input(
            "a target that base does not have, allowed",
            GATE + " --allow-new",
            NEW,
            files=project("src"),
            base={"src/shop/__init__.py": "", "pyproject.toml": PROJECT},
        ),
        Input(
            "a new target that fails is no pass though it is allowed",
            GATE + " --allow-new",
            "boom",
            (2, 3),
            files=project("src", "def total(prices):\n    raise ValueError('boom')\n"),
            base={"src/shop/__init__.py": "", "pyproject.toml": PROJECT},
        ),
        Input(
            "one new beside one that both have, which is the same",
            "printf '\\n[[tool.when-async.gate.target]]\\ncall "
            '= "shop:two"\\n\' >> pyproject.toml; ' + GATE + " --allow-new",
            NEW,
            (0, 4),
            files=project("src", TOTAL + "def two():\n    return 2\n"),
            base={"src/shop/__init__.py": TOTAL},
        ),
    ),
    tests=("test_a_function_that_base_has_not_is_new_and_passes_only_where_that_is_allowed",),
)
