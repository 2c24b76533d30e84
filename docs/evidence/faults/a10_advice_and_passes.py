"""A gate passes only what concerns the repository, and advice can be run."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import PROJECT, TOTAL

MINE = """
def load(n=60_000):
    return list(range(n))
def big():
    return bytes(8_000_000)
def rows():
    return [{"id": i, "name": str(i)} for i in range(20_000)]
"""
LIKE = "when-async advise --code best -n 100 --like mine:{}"

KIND = Kind(
    name="a pass or an advice that nobody can act on",
    promise="a repository without targets is never given a pass; what is advised fits the machine, start-up included",
    inputs=(
        Input(
            "processes for results that are large",
            LIKE.format("load"),
            r"\bsync +1 [^a-z]+ms|Sync [a-z ,]+|its result",
            files={"mine.py": MINE},
            never="Use processes",
            handed="10",
        ),
        Input(
            "8 MB of a result",
            LIKE.format("big"),
            r"\bsync +1 [^a-z]+ms|Sync [a-z ,]+|its result",
            files={"mine.py": MINE},
            never="Use processes",
        ),
        Input(
            "20 000 small dicts",
            LIKE.format("rows"),
            r"\bsync +1 [^a-z]+ms|Sync [a-z ,]+|its result",
            files={"mine.py": MINE},
            never="Use processes",
        ),
        Input(
            "2 000 in flight where processes would win",
            "when-async advise --cpu 50ms --wait 50ms -n 5000 -c 2000",
            r"Multiprocessing adds [^.]*",
            never=r"max_workers=2000",
        ),
        Input(
            "a repository without targets",
            "when-async gate --base main",
            r"\[\[tool\.when-async\.gate\.target\]\]",
            2,
            files={"pyproject.toml": PROJECT, "shop.py": TOTAL},
            base={},
            never="sleep-|grid_search-",
        ),
        Input(
            "a target that is in neither tree",
            "printf '[[tool.when-async.gate.target]]\\ncall = \"shop:totl\"\\n' >> pyproject.toml; "
            "when-async gate --base main",
            "did you mean 'total'",
            (2, 3),
            files={"pyproject.toml": PROJECT, "shop.py": TOTAL},
            base={},
        ),
    ),
    tests=("test_a_project_that_names_nothing_gets_lines_to_paste_and_never_our_workloads",),
)
