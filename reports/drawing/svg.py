"""Turns a matplotlib figure into SVG that fits a page: text stays text, colours follow the reader's theme.

Both forms are deterministic: no date, no random id. The inline form has no namespace, since HTML needs none.
"""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from functools import lru_cache
from html import escape
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from when_async.results.files import os_words, write_whole

from ..words import ReportError, one_line
from . import style

FONT_STACK = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_BODY = re.compile(r"<svg[^>]*?width=\"([\d.]+)pt\" height=\"([\d.]+)pt\"[^>]*>(.*)</svg>", re.DOTALL)
_NOISE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<defs>\s*</defs>|<!--.*?-->", re.DOTALL)
_FONT = re.compile(r" ?font-family: [^;\"]*;?")
_SHORT_FONT = re.compile(r"font: ([\d.]+px) [^;\"]*")
_STILL = re.compile(r" transform=\"rotate\(-?0 [^)]*\)\"")
_UNSEEN = re.compile(r"<path [^>]*style=\"fill: none\"/>|<path d=\"M [-\d.]+ [-\d.]+ ?\"[^>]*/>")
_EMPTY = re.compile(r"<g>\s*</g>|<g ?/>|<defs>\s*</defs>")
_PREFIX = "\0"
_GROUP = re.compile(r"<g(?: [^>]*[^/>])?>|</g>")
_TAG = re.compile(r"<[^>]*>")
_PLACE = re.compile(r"\.0(?:0\d*)?(?!\d)|(\.\d[1-9])\d*|(\.\d)(?:0\d*)?")
"""The end of a number: nothing, two digits or one are left of it."""
_COMMAND = re.compile(r" *([A-Za-z]) *")
_AFTER = re.compile(r"([;:]) ")
_OUTLINE = re.compile(r" d=\"([^\"]*)\"")
_STYLE = re.compile(r" style=\"([^\"]*)\"")
_FALLBACK = re.compile(r"var\((--[\w-]+),#\w+\)")
_PICTURE = re.compile(r"<svg .*?</svg>", re.DOTALL)
_ID = re.compile(r"\bid=\"([^\"]+)\"")
_HREF = re.compile(r"xlink:href=\"#([^\"]+)\"")
_URL = re.compile(r"url\(#([^)]+)\)")


def render(figure: Figure, name: str) -> str:
    """The raw SVG text of a figure; `name` salts its ids. Missing glyphs are the browser's business."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    with style.house(**{"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def _themed(text: str) -> str:
    """Replace each light colour by its variable, with the colour as fallback."""
    colours = {pair[0]: name for name, pair in style.variables().items()}
    pattern = re.compile("(?<=: )(?:" + "|".join(re.escape(colour) for colour in colours) + ")")
    return pattern.sub(lambda match: f"var(--{colours[match[0]]},{match[0]})", text)


def _slim(body: str) -> str:
    """The same picture in fewer characters: coarser places, and no groups or shapes that show nothing."""
    body = _ungrouped(_TAG.sub(lambda tag: _terse(tag[0]), _UNSEEN.sub("", body)))
    before = ""
    while before != body:
        before, body = body, _EMPTY.sub("", body)
    return re.sub(r"> +<", "><", body).strip()


def _terse(tag: str) -> str:
    """A tag with places to a hundredth of a point, which is less than anybody sees, and without idle blanks."""
    tag = _PLACE.sub(r"\1\2", tag)
    tag = _OUTLINE.sub(lambda d: ' d="' + _COMMAND.sub(r"\1", d[1]).strip() + '"', tag)
    return _STYLE.sub(lambda own: ' style="' + _AFTER.sub(r"\1", _idle(own[1])) + '"', tag)


def _idle(declarations: str) -> str:
    """Declarations without those that say what is so anyway."""
    return declarations.replace("stroke-dashoffset: 0; ", "")


def _ungrouped(body: str) -> str:
    """The same without groups that have no attribute, for they only hold what is in them."""
    kept: list[bool] = []

    def one(tag: re.Match[str]) -> str:
        if tag[0] != "</g>":
            kept.append(tag[0].strip("<> ") != "g")
            return tag[0] if kept[-1] else ""
        return tag[0] if kept.pop() else ""

    return _GROUP.sub(one, body)


def _parts(raw: str, prefix: str) -> tuple[float, float, str]:
    """Width and height in points and the tidied inside of a raw SVG, its ids prefixed."""
    width, height, body = _tidied(raw)
    return width, height, body.replace(_PREFIX, prefix)


@lru_cache(maxsize=1)
def _tidied(raw: str) -> tuple[float, float, str]:
    """The same with `_PREFIX` before each id; a page and a file beside it want one picture each."""
    match = _BODY.search(raw)
    if match is None:
        raise ValueError("matplotlib wrote an SVG of an unknown shape")
    body = _NOISE.sub("", match[3])
    body = _STILL.sub("", _SHORT_FONT.sub(r"font-size: \1", _FONT.sub("", body)))
    used = dict.fromkeys([*_HREF.findall(body), *_URL.findall(body)])
    short = {name: f"{_PREFIX}-{number}" for number, name in enumerate(used)}
    body = _ID.sub(lambda m: f'id="{short[m[1]]}"' if m[1] in used else "", body)
    body = _URL.sub(lambda m: f"url(#{short[m[1]]})", _HREF.sub(lambda m: f'href="#{short[m[1]]}"', body))
    body = re.sub(r"<g\s+>", "<g>", re.sub(r"\s*\n\s*", " ", body))
    return float(match[1]), float(match[2]), _slim(_themed(body))


def _root(width: float, height: float, attributes: str, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" {attributes} stroke-linejoin="round" '
        f'font-family="{FONT_STACK}">{inside}</svg>'
    )


def inline(raw: str, name: str, label: str) -> str:
    """An `<svg>` element for a page, from `render`; `label` is read aloud, `name` makes its ids unique there."""
    width, height, body = _parts(raw, name)
    attributes = f'role="group" aria-label="{escape(one_line(label, 400))}"'
    # The page has all the variables; a file of its own may be shown where styles are taken away.
    return _root(width, height, attributes, _FALLBACK.sub(r"var(\1)", body))


def shared(page: str) -> str:
    """A page whose pictures name their styles by class, each style written once in its head.

    Charts repeat a few dozen styles some ten thousand times; what occurs once in all stays where it is. Read are tags
    only: a text is what somebody has called a contestant, and carries no style.
    """
    tags = (tag for picture in _PICTURE.findall(page) for tag in _TAG.findall(picture))
    found = Counter(style for tag in tags for style in _STYLE.findall(tag))
    names = {style: f"k{number}" for number, (style, count) in enumerate(found.most_common()) if count > 1}
    text = "".join(f".{name}{{{style}}}" for style, name in names.items())

    def named(tag: re.Match[str]) -> str:
        return _STYLE.sub(lambda own: f' class="{names[own[1]]}"' if own[1] in names else own[0], tag[0])

    pictures = _PICTURE.sub(lambda picture: _TAG.sub(named, picture[0]), page)
    return pictures.replace("</style>", f"{text}\n</style>", 1)


def standalone(raw: str, name: str, label: str) -> str:
    """A whole SVG file that carries its own light and dark colours."""
    width, height, body = _parts(raw, name)
    attributes = f'xmlns="http://www.w3.org/2000/svg" width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}"'
    head = f"<title>{escape(one_line(label, 400))}</title><style>{style.css('svg')}</style>"
    return _root(width, height, attributes, head + body) + "\n"


def save(figure: Figure, name: str, label: str, path: Path) -> None:
    """Write a figure as an SVG file with its own light and dark; raises ReportError."""
    try:
        write_whole({path: standalone(render(figure, name), name, label)})
    except OSError as error:
        what = f"cannot write the picture {path}: {os_words(error)}; name a file in a writable folder"
        raise ReportError(what) from None
