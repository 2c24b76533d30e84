"""A finished chart of the page: drawn wide and narrow, or wide alone, with its words and its file for Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from .. import words
from . import svg
from .axes import NARROW, WIDE


@dataclass(frozen=True)
class Chart:
    """One finished chart: its words, its inline forms and its file for the Markdown report."""

    title: str
    subtitle: str
    caption: str
    wide: Markup
    narrow: Markup
    file: str
    picture: str
    whose: str = ""
    """Names the machine where it is not the one of this run."""


def drawn(
    draw: Callable[[float], Figure], name: str, stem: str, said: tuple[str, str, str], *, both: bool = True
) -> Chart:
    """Draw a chart wide and, if `both`, narrow; `said` is its title, its subtitle and its caption."""
    title, subtitle, caption = words.clean(said[0]), words.clean(said[1]), said[2]
    wide = svg.render(draw(WIDE), name)
    narrow = svg.inline(svg.render(draw(NARROW), name), f"{name}-n", title) if both else ""
    return Chart(
        title=title,
        subtitle=subtitle,
        caption=caption,
        wide=Markup(svg.inline(wide, f"{name}-w", title)),
        narrow=Markup(narrow),
        file=f"img/{stem}.svg",
        picture=svg.standalone(wide, name, title),
    )
