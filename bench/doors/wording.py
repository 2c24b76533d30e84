"""What the command line says of its options, as an argument of a function is called."""

from __future__ import annotations

import re

ANSWERS: tuple[tuple[str, str], ...] = (
    (r"add --any-result", "pass any_result=True"),
    (r"with --any-result", "with any_result=True"),
    (r"then --async the other", "and the other as twin="),
    (r"--async takes", "twin= takes"),
    (r"fewer calls \(-n\)", "fewer calls (ops=)"),
    (r"try when-async try .* -n 2 -c 2", "pass ops=2 and in_flight=2"),
    (r"; add its package with --with", "; install its package there"),
    (r"--items is empty", "items= is empty"),
    (r"--items gives each call its own argument; leave --args and --kwargs out",
     "items= gives each call its own argument; leave args= and kwargs= out"),
)  # fmt: skip


def as_arguments(text: str) -> str:
    """A line of the command line for somebody who has called a function."""
    for option, argument in ANSWERS:
        text = re.sub(option, argument, text)
    return text
