"""What a result is made of, as a text that is equal for equal results of any two processes."""

from __future__ import annotations

from typing import Any

from ..model import ADDRESS
from ..model.contents import Untold, contents, digest_of


def kind(value: Any) -> str:
    """The type of a result, all that is held against it where results differ by nature."""
    return type(value).__qualname__


def likeness(value: Any) -> str:
    """A digest of what a value is made of: equal for equal values, in any process and by any way of sending them.

    Of what cannot be told it takes type and text, without addresses; `untold` says so.
    """
    try:
        held = contents(value)
    except Untold:
        held = ADDRESS.sub("", f"{kind(value)} {value!r}").encode(errors="surrogatepass")
    return digest_of(held)


def untold(value: Any) -> str:
    """Why it cannot be said what a value holds, in a line with the way out; empty where it can."""
    try:
        contents(value)
    except Untold as error:
        return str(error)
    return ""
