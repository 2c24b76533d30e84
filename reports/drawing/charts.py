"""A finished chart of the page: drawn wide and narrow, with its words and its file for the Markdown report."""

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
    """One finished chart: its words, its two inline forms and its file for the Markdown report."""

    title: str
    subtitle: str
    caption: str
    wide: Markup
    narrow: Markup
    file: str
    picture: str


def drawn(draw: Callable[[float], Figure], name: str, stem: str, said: tuple[str, str, str]) -> Chart:
    """Draw a chart wide and narrow; `said` is its title, its subtitle and its caption."""
    title, subtitle, caption = words.clean(said[0]), words.clean(said[1]), said[2]
    wide, narrow = svg.render(draw(WIDE), name), svg.render(draw(NARROW), name)
    return Chart(
        title=title,
        subtitle=subtitle,
        caption=caption,
        wide=Markup(svg.inline(wide, f"{name}-w", title)),
        narrow=Markup(svg.inline(narrow, f"{name}-n", title)),
        file=f"img/{stem}.svg",
        picture=svg.standalone(wide, name, title),
    )
