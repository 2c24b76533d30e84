"""What several kinds of input are made of: a small project with one function, and the lines that measure it."""

from __future__ import annotations

from docs.evidence.faults import Input

TRY = "when-async try {} --forks 2 -n 8 -c 2"
ANSWER = r"(Use [\w+]+|Keep the plain loop|No loop helps|The async rewrite \w+|Whether the async rewrite)[^.]*"
"""The sentence that a person acts on."""
GATE = "when-async gate --base main --no-controls --budget 30s"
TARGET = '[[tool.when-async.gate.target]]\ncall = "shop:total"\nargs = [[{}]]\nrunners = ["sync"]\n'
BASKET = ", ".join(map(str, range(200)))
PROJECT = '[project]\nname = "shop"\nversion = "1"\n'
TOTAL = "def total(prices):\n    return sum(price + (price * 19 + 50) // 100 for price in prices)\n"
TWICE = TOTAL.replace("    return", "    sum(price + (price * 19 + 50) // 100 for price in prices)\n    return")
IGNORED = "results/\n.when-async/\n__pycache__/\n"
BUSY = (
    "P=; for i in 1 2 3 4 5 6; do python3 -c 'while True: sum(range(9999))' & P=\"$P $!\"; done; "
    "{}; S=$?; kill $P; exit $S"
)
"""A line beside six busy loops."""
SLOWER = r"REGRESSED|more wall time"


def tried(what: str, text: str, call: str, says: str, code: int | tuple[int, ...] = 0, **more: object) -> Input:
    """`try` of a function of the file mine.py; `call` is what follows `mine:`."""
    return Input(what, TRY.format("mine:" + call), says, code, files={"mine.py": text}, **more)  # type: ignore[arg-type]


def advised(what: str, text: str, call: str, says: str, **more: object) -> Input:
    """`advise --like` of a function of the file mine.py."""
    command = "when-async advise --code best --like mine:" + call
    return Input(what, command, says, files={"mine.py": text}, **more)  # type: ignore[arg-type]


def project(folder: str, total: str = TOTAL, pyproject: str = "", **more: str) -> dict[str, str]:
    """A repository whose package shop lies in a folder, with one target for the gate."""
    text = f"{PROJECT}{pyproject}{TARGET.format(BASKET)}"
    return {f"{folder}/shop/__init__.py": total, "pyproject.toml": text, ".gitignore": IGNORED, **more}
