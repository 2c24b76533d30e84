"""Numbers and sentences for readers: three significant digits, SI units, intervals, cautious words.

A measured number gets in here only as an Estimate; a bare number is refused, because it hides how sure it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from when_async.bench.model import Estimate, WhenAsyncError

DASH = "–"
MINUS = "−"
KEPT, GIVEN_BACK = "with memory kept", "with memory given back"
REGIMES = {1: KEPT, 2: GIVEN_BACK}
"""What claims call the regimes of a server's heap, by the value of the parameter `heap` of its workload."""
NAMED = 4
"""How many names a sentence gives before it counts the others."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class ReportError(WhenAsyncError):
    """A report that cannot be written; the text is one line that says why and what to do."""


def slug(text: str) -> str:
    """A name that is safe in a file name and an anchor."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "workload"


@dataclass(frozen=True)
class Scale:
    """A unit for a whole column: values are divided by `factor` and the header shows `label`."""

    factor: float
    label: str


_LADDERS: dict[str, tuple[Scale, ...]] = {
    "s": (Scale(1e-9, "ns"), Scale(1e-6, "µs"), Scale(1e-3, "ms"), Scale(1.0, "s")),
    "bytes": (Scale(1.0, "B"), Scale(1024.0, "KiB"), Scale(1024.0**2, "MiB"), Scale(1024.0**3, "GiB")),
    "/s": (Scale(1.0, "/s"), Scale(1e3, "k/s"), Scale(1e6, "M/s")),
    "%": (Scale(0.01, "%"),),
    "": (Scale(1.0, ""),),
}
KINDS = frozenset(_LADDERS)
"""What the `kind` of a unit can be."""


def estimate(value: Estimate) -> Estimate:
    """Pass an Estimate through; raise TypeError for a number that has no interval."""
    if not isinstance(value, Estimate):
        raise TypeError(f"a report accepts only an Estimate, got {type(value).__name__}")
    return value


def scale_for(estimates: Iterable[Estimate | None], kind: str) -> Scale:
    """The unit in which most of a column reads between 1 and 1000; `kind` is `s`, `bytes`, `/s` or empty."""
    sizes = sorted(abs(e.point) for e in estimates if e is not None and e.point)
    return _fitting(sizes[len(sizes) // 2] if sizes else 0.0, kind)


def _fitting(size: float, kind: str) -> Scale:
    """The largest unit that such a number has one of, else the smallest there is."""
    ladder = _LADDERS[kind]
    return next((scale for scale in reversed(ladder) if scale.factor <= size * 1.0001), ladder[0])


def unit(scale: Scale) -> str:
    """The unit for an axis or a header: rates are rates of ops."""
    return {"/s": "ops/s", "k/s": "k ops/s", "M/s": "M ops/s"}.get(scale.label, scale.label)


def digits(value: float) -> str:
    """Three significant digits without an exponent: 0.0123, 1.42, 12.3, 1230."""
    if not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, 2 - magnitude)
    magnitude = math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{min(max(2 - magnitude, 0), 12)}f}".replace("-", MINUS)


def point(value: Estimate, scale: Scale | None = None) -> str:
    """The middle of an Estimate, three significant digits."""
    return digits(estimate(value).point / (scale.factor if scale else 1.0))


def bounds(value: Estimate, scale: Scale | None = None) -> str:
    """The interval alone: `[1.38, 1.47]`."""
    factor = scale.factor if scale else 1.0
    return f"[{digits(estimate(value).low / factor)}, {digits(value.high / factor)}]"


def interval(value: Estimate, scale: Scale | None = None) -> str:
    """A point with its interval: `1.42 [1.38, 1.47]`."""
    return f"{point(value, scale)} {bounds(value, scale)}"


def with_unit(value: Estimate, kind: str) -> str:
    """A number that stands alone in a sentence: `12.3 µs [11.9, 12.8]`."""
    return " ".join(figure(value, kind))


def figure(value: Estimate, kind: str) -> tuple[str, str]:
    """A point with its unit, and its interval in the same unit: `65.2 µs` and `[61.0, 70.4]`; `x` is a ratio."""
    scale = scale_for([estimate(value)], kind if kind in KINDS else "")
    named = "×" if kind == "x" else f" {unit(scale)}".rstrip()
    return f"{point(value, scale)}{named}", bounds(value, scale)


def tenths(share: float) -> str:
    """A change in per cent: `8.2`, `−3.1`; from the double on in whole ones."""
    if not math.isfinite(share):
        return DASH
    shown = f"{100 * share:.0f}" if abs(share) >= 1 else f"{100 * share:.1f}"
    return shown.replace("-", MINUS).replace(f"{MINUS}0.0", "0.0")


def times(value: Estimate) -> str:
    """A ratio with its interval: `3.61× [3.4, 3.83]`."""
    return f"{point(value)}× {bounds(value)}"


def scalar(value: float, kind: str) -> str:
    """A number that was set and not measured, such as a body size or a time limit."""
    scale = _fitting(abs(value), kind)
    return f"{digits(value / scale.factor)} {scale.label}".rstrip()


def plain(value: float, kind: str) -> str:
    """A number that was set, as people write it: `1 ms`, `0.9×`, `20 %`; `x` is a ratio."""
    if kind == "x":
        return f"{value:.3g}×"
    scale = _fitting(abs(value), kind if kind in KINDS else "")
    return f"{value / scale.factor:.6g} {scale.label}".rstrip()


def differs(ratio: Estimate) -> bool:
    """Whether the interval of a ratio excludes 1: the only ground for saying that one is ahead."""
    return estimate(ratio).low > 1 or ratio.high < 1


def no_difference(ratio: Estimate) -> str:
    """The cautious sentence for a ratio whose interval holds 1: how large a difference could still hide."""
    largest = max(abs(estimate(ratio).high - 1), abs(1 / ratio.low - 1) if ratio.low > 0 else math.inf)
    if not math.isfinite(largest) or largest > 0.5:
        return "the intervals are too wide to tell them apart"
    return f"no difference larger than {math.ceil(round(largest * 1000, 6)) / 10:g} % was seen"


def clean(text: object) -> str:
    """Text fit to show: terminal colours and control characters are taken out, tabs become spaces."""
    return _CONTROL.sub("", _ANSI.sub("", str(text)).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def one_line(text: object, limit: int = 160) -> str:
    """Cleaned text on one line, cut at `limit` characters with an ellipsis."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def short_name(text: object, limit: int) -> str:
    """A contestant's name on one line: `multi…+forkserver/requests`, as variant and client library tell names apart."""
    flat = " ".join(clean(text).split())
    if len(flat) <= limit:
        return flat
    base = re.match(r"[^+/]*", flat)
    rest = flat[base.end() :] if base else ""
    if rest and limit - len(rest) >= 3:
        return f"{flat[: limit - len(rest) - 1]}…{rest}"
    tail = (limit - 1) // 2
    return f"{flat[: limit - 1 - tail]}…{flat[len(flat) - tail :]}"


def sentence(text: object) -> str:
    """Cleaned text that ends with a full stop."""
    flat = clean(text).strip()
    return flat if not flat or flat.endswith((".", "?")) else f"{flat}."


def capital(text: str) -> str:
    """The same with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


def listing(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def several(names: Sequence[str]) -> str:
    """`a, b and c`; of many names the first few, and how many others there are."""
    if len(names) <= NAMED + 1:
        return listing(names)
    return listing([*names[:NAMED], f"{len(names) - NAMED} others"])


def count(number: int, noun: str) -> str:
    """`1 cell`, `3 cells`, `3 processes`."""
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"
