"""Colours, fonts and markers: one set of tokens from which page, charts and pictures take theirs.

Charts are drawn in the light colours; `reports.svg` then turns each of them into a CSS variable with that
colour as fallback, so that one picture serves light and dark. Family colours are the Okabe-Ito set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib

INK = "#1d2126"
SOFT = "#5a6169"
FAINT = "#d9dcdf"
PAPER = "#fdfdfb"

TOKENS: dict[str, tuple[str, str]] = {
    "ink": (INK, "#e7e9eb"),
    "soft": (SOFT, "#a4abb3"),
    "faint": (FAINT, "#363b42"),
    "paper": (PAPER, "#15181c"),
    "card": ("#f4f4f1", "#1d2126"),
    "accent": ("#00618f", "#6cc0ee"),
    "good": ("#00694d", "#4fcfa6"),
    "bad": ("#a33f00", "#ff9a5c"),
    "mixed": ("#7a5c00", "#e3c15a"),
}
"""Name of a CSS variable -> its light and its dark colour; text tokens keep 4.5:1 on paper and card."""


@dataclass(frozen=True)
class Family:
    """How contestants of one kind look: colours for light and dark, and the outline that a pale one needs."""

    light: str
    dark: str
    outline: str = ""


FAMILIES: dict[str, Family] = {
    "sync": Family("#4a4a4a", "#c9c9c9"),
    "threads": Family("#e69f00", "#e69f00"),
    "processes": Family("#d55e00", "#e8702a"),
    "asyncio": Family("#0072b2", "#2f8fce"),
    "uvloop": Family("#56b4e9", "#7cc8f5"),
    "trio": Family("#009e73", "#1fb58a"),
    "greenlets": Family("#f0e442", "#f0e442", outline=INK),
    "interpreters": Family("#cc79a7", "#d98ab6"),
    "distributed": Family("#8a7a66", "#a89882"),
}
ALIASES = {"blocking": "sync", "curio": "trio", "anyio": "trio", "gevent": "greenlets"}
OTHER = Family("#7d7f86", "#9a9ca3")

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "d", "p", "h")
LineStyle = str | tuple[float, tuple[float, ...]]
"""As matplotlib has it: a name, or an offset with the lengths of dashes and gaps."""

Look = tuple[str, LineStyle]
"""The marker and the line of a contestant."""

DASHES: tuple[LineStyle, ...] = ("-", (0, (5, 1.6)), (0, (1.6, 1.4)), (0, (5, 1.4, 1.4, 1.4)))

FONT_PT = 9.0
RC: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_PT,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "axes.labelsize": 9.0,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def house(**more: Any) -> AbstractContextManager[None]:
    """The matplotlib settings of the house while a figure is drawn or saved; global settings are left alone."""
    return matplotlib.rc_context(RC | more)


def family(name: str) -> Family:
    """The look of a family; an unknown one is grey."""
    return FAMILIES.get(ALIASES.get(name, name), OTHER)


def _slug(name: str) -> str:
    return f"f-{name}"


def variable(name: str) -> str:
    """The CSS variable with the colour of a family."""
    known = ALIASES.get(name, name)
    return f"--{_slug(known if known in FAMILIES else 'other')}"


def variables() -> Mapping[str, tuple[str, str]]:
    """Every CSS variable with its light and dark colour."""
    looks = {_slug(name): (look.light, look.dark) for name, look in (*FAMILIES.items(), ("other", OTHER))}
    return TOKENS | looks


def css(selector: str = ":root") -> str:
    """The variables as CSS, light by default and dark where the reader prefers it."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in variables().items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in variables().items())
    return f"{selector}{{{light}}}\n@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}"


def looks(contestants: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """Marker and line style for each (contestant, family): no two of a family have both in common.

    A bare model comes before its variants, so that it looks the same whichever of them are there.
    """
    seen: dict[str, int] = {}
    chosen: dict[str, Look] = {}
    for name, kind in sorted(set(contestants), key=lambda pair: ("+" in pair[0], pair)):
        index = seen.setdefault(kind, 0)
        seen[kind] += 1
        # One step further each time all markers are used up: 12 is a multiple of 4, so pairs would come again.
        dash = (index + index // len(MARKERS)) % len(DASHES)
        chosen[name] = (MARKERS[index % len(MARKERS)], DASHES[dash])
    return chosen
