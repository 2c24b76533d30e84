"""What the reference lends a page: its decision map where a run measured none, and the map that is predicted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from when_async.results.frame import load
from when_async.results.overview import header_of
from when_async.results.prediction.mapped import kept
from when_async.results.runfile import Header, RunFileError

from ..answers.answer import source_of
from ..drawing import predicted_map
from ..drawing.charts import Chart
from ..drawing.decision_map import DECISION_MAP
from ..recordings.agreement import one_each
from ..scene.decision import WORKLOAD
from ..scene.evidence import scene
from .claims import whose
from .workloads import chart_of

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
"""The folder of the recorded reference, a run file for each recording."""
MAP = REFERENCE / "map.json"


def whole_map(gil: bool) -> Chart | None:
    """The predicted map of an interpreter with the GIL or without it; None where there is none to be read."""
    try:
        known = kept(MAP)
    except (OSError, ValueError):
        return None
    one = next((each for each in known if each.python.endswith("t") is not gil), None)
    return predicted_map.chart(one, "predicted_map", both=False) if one else None


def decision_map(pythons: Sequence[str], runs: Collection[str]) -> Chart | None:
    """The reference's map on one of these interpreters, else on its first, which names the machine; None without one.

    A run of `runs` is not another machine's. A reference that cannot be read lends nothing: a page must not fail on it.
    """
    try:
        heads = {path: header_of(path) for path in sorted(REFERENCE.glob("claims-*.jsonl*"))}
        heads = {path: heads[path] for path in one_each(heads)}
        known = [(path, head, one) for path, head in heads.items() for one in _labels(head)]
        other = [each for each in known if each[1].get("run") not in runs]
        return _drawn(*min(other, key=lambda each: each[2] not in pythons)) if other else None
    except (OSError, RunFileError):
        return None


def _labels(head: Header) -> list[str]:
    return [str(one.get("label")) for one in head.get("environments") or ()]


def _drawn(path: Path, head: Header, python: str) -> Chart | None:
    frame = load(path)
    chosen = frame[(frame["workload"] == WORKLOAD) & (frame["python"] == python)]
    chosen.attrs = frame.attrs
    own = scene(chosen)
    if not own.rows or not DECISION_MAP.fits(own):
        return None
    chart = chart_of(DECISION_MAP, own, "map")
    told = whose(source_of(str(head.get("run")), python, [head], reference=True))
    title = chart.title[:1].lower() + chart.title[1:]
    caption = chart.caption.replace("this machine's", "that machine's")
    return replace(chart, title=f"Not measured here; elsewhere, {title}", caption=caption, whose=told)
