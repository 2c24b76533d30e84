"""Takes an input of the action apart as a shell would, and runs nothing of it: `python words.py NAME < TEXT`.

Each word ends in a zero byte on standard output. An input may go over several lines; `#` at the start of a word begins
a comment, and quotes keep a word together. It runs before when-async is installed, so it is of the standard library.
"""

from __future__ import annotations

import re
import shlex
import sys

WORD = re.compile(r"""#[^\n]*|(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\S)+""", re.DOTALL)
CONTINUED = re.compile(r"\\\r?\n")


def words(text: str) -> list[str]:
    """The words of a text; raises ValueError for a quote that is not closed."""
    # shlex has comments too, but would end `git+https://host/name#egg=name` at its sign.
    found = WORD.findall(CONTINUED.sub(" ", text))
    return [word for raw in found if not raw.startswith("#") for word in shlex.split(raw)]


def main(name: str) -> int:
    try:
        found = words(sys.stdin.read())
    except ValueError:
        print(f"::error::the input {name} has a quote or a backslash too many; quote it as in a shell", file=sys.stderr)
        return 2
    sys.stdout.write("".join(f"{word}\0" for word in found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
