"""Turns a matplotlib figure into SVG that fits a page: text stays text, colours follow the reader's theme.

Both forms are deterministic: no date, no random id. The inline form has no namespace, since HTML needs none.
"""

from __future__ import annotations

import io
import re
import warnings
from html import escape

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from reports import style
from reports.words import one_line

FONT_STACK = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_BODY = re.compile(r"<svg[^>]*?width=\"([\d.]+)pt\" height=\"([\d.]+)pt\"[^>]*>(.*)</svg>", re.DOTALL)
_NOISE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<defs>\s*</defs>|<!--.*?-->", re.DOTALL)
_FONT = re.compile(r" ?font-family: [^;\"]*;?")
_SHORT_FONT = re.compile(r"font: ([\d.]+px) [^;\"]*")
_STILL = re.compile(r" transform=\"rotate\(-?0 [^)]*\)\"")
_UNSEEN = re.compile(r"<path [^>]*style=\"fill: none\"/>")
_EMPTY = re.compile(r"<g>\s*</g>|<g ?/>|<defs>\s*</defs>")
_NESTED = re.compile(r"<g>\s*<g>((?:(?!</?g[ >/]).)*)</g>\s*</g>", re.DOTALL)
_FALLBACK = re.compile(r"var\((--[\w-]+),#\w+\)")
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
    # A hundredth of a point is less than anybody sees.
    body = _UNSEEN.sub("", re.sub(r"(\d+\.\d\d)\d+", r"\1", body))
    for pattern, kept in ((_EMPTY, ""), (_NESTED, r"<g>\1</g>")):
        before = ""
        while before != body:
            before, body = body, pattern.sub(kept, body)
    return re.sub(r"> <", "><", body)


def _parts(raw: str, prefix: str) -> tuple[float, float, str]:
    """Width and height in points and the tidied inside of a raw SVG, its ids prefixed."""
    match = _BODY.search(raw)
    if match is None:
        raise ValueError("matplotlib wrote an SVG of an unknown shape")
    body = _NOISE.sub("", match[3])
    body = _STILL.sub("", _SHORT_FONT.sub(r"font-size: \1", _FONT.sub("", body)))
    used = {*_HREF.findall(body), *_URL.findall(body)}
    body = _ID.sub(lambda m: f'id="{prefix}-{m[1]}"' if m[1] in used else "", body)
    body = _URL.sub(rf"url(#{prefix}-\1)", _HREF.sub(rf'href="#{prefix}-\1"', body))
    body = re.sub(r"<g\s+>", "<g>", re.sub(r"\s*\n\s*", " ", body))
    body = _slim(body)
    return float(match[1]), float(match[2]), _themed(body)


def _root(width: float, height: float, attributes: str, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" {attributes} stroke-linejoin="round" '
        f'font-family="{FONT_STACK}">{inside}</svg>'
    )


def inline(raw: str, name: str, label: str) -> str:
    """An `<svg>` element for a page, from `render`; `label` is read aloud, `name` makes its ids unique there."""
    width, height, body = _parts(raw, name)
    attributes = f'role="group" aria-label="{escape(one_line(label, 400))}" style="max-width:{width * 4 / 3:.0f}px"'
    # The page has all the variables; a file of its own may be shown where styles are taken away.
    return _root(width, height, attributes, _FALLBACK.sub(r"var(\1)", body))


def standalone(raw: str, name: str, label: str) -> str:
    """A whole SVG file that carries its own light and dark colours."""
    width, height, body = _parts(raw, name)
    attributes = f'xmlns="http://www.w3.org/2000/svg" width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}"'
    head = f"<title>{escape(one_line(label, 400))}</title><style>{style.css('svg')}</style>"
    return _root(width, height, attributes, head + body) + "\n"
