"""Whether a sentence can be read aloud: how many words it has, and how many figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_WORDS, MOST_FIGURES = 30, 3
_ENDS = re.compile(r"(?<=[.!?])\s+")
_INTERVAL = re.compile(r"(?:×|[^\s\d]{1,5})? ?\[[−\d.]+, [−\d.]+\]")
_CODE = re.compile(r"`[^`]*`|\S*\[\S*=\S*\]\S*")
_NAMES = re.compile(r"\b\d\d:\d\d\b|\b3\.1\d(?:\.\d+)?t?\b(?! ?\[|×)|\b\w*[A-Za-z_]\w*\d\w*|(?<=\d) (?=\d{3}\b)")


def sentences(text: str) -> list[str]:
    """Those of a text; a full stop inside a name such as `http.client` ends none."""
    return [one for one in _ENDS.split(" ".join(text.split())) if one]


def figures(sentence: str) -> int:
    """How many figures a sentence has: an estimate with its interval is one, code and names have none."""
    bare = _NAMES.sub("", _CODE.sub("", _INTERVAL.sub("", sentence)))
    return len(re.findall(r"\d[\d.,]*", bare))


def too_much(texts: Iterable[str], quoted: Iterable[str] = ()) -> Iterator[str]:
    """The sentences that have too many words or figures; `quoted` is what others said, which is left out of them."""
    known = sorted({one for one in quoted if one}, key=len, reverse=True)
    for text in dict.fromkeys(texts):
        for one in known:
            text = text.replace(one, "it")
        for each in sentences(text):
            words, numbers = len(_INTERVAL.sub("", each).split()), figures(each)
            if words > MOST_WORDS or numbers > MOST_FIGURES:
                yield f"{words} words, {numbers} figures: {each}"
