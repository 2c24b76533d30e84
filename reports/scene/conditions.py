"""Noise, method, environment and the account of time: what a reader needs to judge and to repeat a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from when_async.bench.model import builds
from when_async.results.cells import disturbed
from when_async.results.cells.noise import READ
from when_async.results.cells.noise import noise as measure
from when_async.results.cells.pairing import bare
from when_async.results.cells.rule import DECIDE
from when_async.results.runfile import Header

from .. import words
from .rows import Scene, headline, value
from .tables import Group, Item, Line, Table

if TYPE_CHECKING:
    import pandas as pd

CAUSES = {
    "timed_measure": "measured rounds",
    "timed_warmup": "warm-up rounds",
    "launch": "starting worker processes",
    "open": "opening pools and loops",
    "service": "starting and probing servers",
    "between_rounds": "between rounds: checks, probes, pauses",
    "close": "closing workers",
}


_PLACES = ("workload", "python", "run")
STEADY = 0.05
"""A run is quiet where half of its intervals reach no further than this share of their points."""


@dataclass(frozen=True)
class NoiseSummary:
    """The noise of the runs in one word, a sign and a sentence."""

    quiet: bool
    word: str
    sentence: str

    @property
    def sign(self) -> str:
        return "●" if self.quiet else "▲"


def noise(frame: pd.DataFrame) -> NoiseSummary:
    """What the machine did to the measured rounds, in one word and one sentence."""
    found = measure(frame)
    word = str(found["word"])
    if word == "not recorded":
        return NoiseSummary(False, "Noise not recorded:", "the rounds carry no trace of steal or of waiting for a CPU.")
    steal, alone = found["steal_share"], found["pressure_share_one_core"]
    said = [f"{_percent(steal)} of the measured time went to other guests of the host (steal)"]
    if alone is not None:
        said.append(f"while one-thread contestants ran, some task waited for a CPU in {_percent(alone)} of it")
    others = found["others_cores"]
    if others is not None:
        said.append(f"other programs kept {float(others):.2g} cores busy")
    said.append(disturbed.said(frame) or "no round was so disturbed that it was left out")
    if not disturbed.known(frame):
        said[-1] = "how long workers waited for a CPU was not recorded, so no round could be left out for it"
    # Quiet or noisy is what became of the intervals; counters only tell what might have been the cause.
    plain = "no disturbance counted" if word == "quiet" else word
    return NoiseSummary(word == "quiet", f"{plain[:1].upper()}{plain[1:]}.", _sentence("; ".join(said)))


def spread(scene: Scene) -> NoiseSummary:
    """What the noise did to the figures: how far half of the intervals reach, and nine in ten of them."""
    known = [found for row in scene.rows if (found := value(row, headline([row]))) is not None and found.point > 0]
    reach = sorted((one.high - one.low) / 2 / one.point for one in known)
    if not reach:
        return NoiseSummary(False, "No interval.", "No cell has two processes or more.")
    half, most = reach[len(reach) // 2], reach[int(len(reach) * 0.9)]
    said = f"Half of all intervals reach {_percent(half)} or less to either side, nine in ten {_percent(most)} or less."
    return NoiseSummary(half <= STEADY, "Quiet." if half <= STEADY else "Noisy.", said)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def ledger(frame: pd.DataFrame) -> Table:
    """Noise by run, interpreter and workload; a description of the machine, and no estimates."""
    # Every group takes its rows of every column, so all others are left behind first.
    frame = bare(frame)[[*_PLACES, *READ]]
    rows = frame[(frame["phase"] == "measure") & frame["makespan_s"].notna()]
    lines = []
    for names, group in rows.groupby([*_PLACES], sort=False):
        found = measure(group)
        shares = [_percent(found[name]) for name in ("steal_share", "pressure_share", "pressure_share_one_core")]
        preempted, others = found["involuntary_per_s"], found["others_cores"]
        figures = [str(len(group)), words.digits(float(group["makespan_s"].sum())), *shares]
        figures.append(words.DASH if preempted is None else words.digits(float(preempted)))
        figures.append(words.DASH if others is None else f"{float(others):.2f}")
        head, *notes = map(words.one_line, names)
        lines.append(Line(head, notes, [[Item(one)] for one in figures]))
    note = (
        "Sums over measured rounds: a description of the machine, not estimates. Waiting for a CPU and preemption also "
        "come from the contestant itself where it has more processes than cores; for contestants that use one thread "
        "they do not. Rounds that were left out as disturbed are not in it."
    )
    heads, waits = ["workload", "Python", "run"], ["a task waited for a CPU", "the same, one-thread rows"]
    columns = ["rounds", "seconds", "steal", *waits, "preemptions per s", "cores of others"]
    return Table(note if lines else "No measured round, hence no ledger.", heads, columns, [Group("", lines=lines)])


def _percent(share: float | str | None) -> str:
    return words.DASH if share is None else f"{words.digits(100 * float(share))} %"


def accounts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Where the wall time of each run went, by cause; the causes add up to it."""
    found = []
    for account in frame.attrs.get("accounts", ()):
        wall = float(account.get("wall_s") or 0)
        causes: Mapping[str, float] = account.get("causes") or {}
        if not causes or wall <= 0:
            continue
        widest = max(causes.values()) or 1.0
        lines = [
            {
                "name": CAUSES.get(name, words.one_line(name)),
                "seconds": words.digits(seconds),
                "share": f"{words.digits(100 * seconds / wall)} %",
                "width": f"{max(0.0, 100 * seconds / widest):.1f}",
            }
            for name, seconds in sorted(causes.items(), key=lambda pair: -pair[1])
        ]
        rest = wall - sum(causes.values())
        note = f"Together {words.digits(wall)} s of wall time."
        if abs(rest) > 0.005 * wall:
            note += f" {words.digits(rest)} s have no cause on record."
        found.append({"run": words.one_line(account.get("run", "")), "causes": lines, "note": note})
    return found


def date(header: Mapping[str, Any]) -> str:
    """The day on which a run, or anything else, `started`: `22 November 2026`; the raw text where it is no date."""
    raw = str(header.get("started", ""))
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return words.one_line(raw)
    return f"{moment.day} {moment:%B %Y}"


def machine(header: Mapping[str, Any]) -> str:
    """The `machine` of a run, or of anything else: `AMD EPYC 9B14, 2 cores, 7.75 GiB, Linux 6.18, virtual (kvm)`."""
    box = header.get("machine") or {}
    parts = [box.get("cpu") or "unknown processor"]
    if box.get("cores"):
        parts.append(words.count(int(box["cores"]), "core"))
    if memory := box.get("memory_bytes"):
        parts.append(words.scalar(float(memory), "bytes"))
    if box.get("system"):
        parts.append(box["system"])
    if box.get("virtual"):
        parts.append(f"virtual ({box['virtual']})")
    return words.one_line(", ".join(map(str, parts)))


def interpreters(headers: Sequence[Header], used: Sequence[str]) -> str:
    """`CPython 3.11.7 and CPython 3.13.7 without GIL`, of those that were used."""
    names = []
    for header in headers:
        for one in header.get("environments") or ():
            if one.get("label") in used:
                gil = "" if one.get("gil", True) else " without GIL"
                names.append(f"{one.get('implementation', '')} {one.get('version', '')}{gil}")
    return words.one_line(words.listing(list(dict.fromkeys(names))) or "no interpreter on record")


def profile(header: Header) -> str:
    """`profile quick: 3 processes x 5 rounds a cell`, or by which budget a run decided."""
    if header.get("profile") == DECIDE:
        minutes = f"{float(header.get('budget_s') or 0) / 60:g}"
        return words.one_line(f"decided within {minutes} {'minute' if minutes == '1' else 'minutes'}")
    forks, rounds = int(header.get("forks") or 0), int(header.get("rounds") or 0)
    processes = "1 process" if forks == 1 else f"{forks} processes"
    return words.one_line(f"profile {header.get('profile', '?')}: {processes} × {words.count(rounds, 'round')} a cell")


def method(headers: Sequence[Header]) -> list[str]:
    """How the numbers came about, in a few sentences."""
    said = [
        "Every cell runs in fresh worker processes. The stopwatch is inside: from the opening of the gate to the last "
        "op done; start-up and tear-down are separate columns.",
        "Every round is checked by an oracle: a wrong answer, a missing op or a failed one makes the cell FAILED and "
        "never a fast number.",
        "The contestants of a comparison are interleaved in shuffled blocks; ratios are formed inside a block, so "
        "that both sides saw the same minute of the same machine.",
        "Each process is reduced to the median of its rounds; the 95 % interval is over processes. Warm-up rounds are "
        "recorded and not analysed. No outlier is dropped; a block in which the machine disturbed a round is, and the "
        "noise section counts them.",
        "Where ops wait, the time beyond the ideal is shown. The speed-up of overlapping waits is arithmetic, the "
        "same on any machine, and says nothing about the model.",
    ]
    if any(header.get("pin") for header in headers):
        said.append(
            "Contestants that use one thread by nature shared a pinned core; threads and processes kept all cores. "
            "The column “cores allowed” says which."
        )
    if any(header.get("profile") == "quick" for header in headers):
        said.append("Profile quick has 3 processes a cell: enough for estimates, too few for a verdict.")
    return said


def environment(headers: Sequence[Header]) -> list[tuple[str, str]]:
    """Everything on record about box, interpreters and libraries, as (name, text)."""
    lines = []
    for header in headers:
        box = header.get("machine") or {}
        settings = [f"seed {header.get('seed')}", f"time limit {words.digits(float(header.get('timeout_s') or 0))} s"]
        settings.append("pinned" if header.get("pin") else "not pinned")
        lines += [
            ("run", f"{header.get('run', '')}, started {header.get('started', '')}"),
            (
                "tool",
                f"{header.get('tool', '')} {header.get('tool_version', '')}, {profile(header)}, {', '.join(settings)}",
            ),
            ("machine", machine(header)),
            ("frequency governor", str(box.get("governor") or "not visible")),
        ]
        for one in header.get("environments") or ():
            modules = [f"{name} {version}" for name, version in sorted((one.get("modules") or {}).items()) if version]
            missing = [name for name, version in sorted((one.get("modules") or {}).items()) if not version]
            text = (
                f"{one.get('implementation')} {one.get('version')}, {'with' if one.get('gil', True) else 'without'} GIL"
            )
            text += f"; {builds.said(one.get('build') or {})}"
            text += f"; {', '.join(modules)}" if modules else ""
            text += f"; missing: {', '.join(missing)}" if missing else ""
            lines.append((f"Python {one.get('label')}", text))
    return [(words.one_line(name), words.one_line(text, 600)) for name, text in lines]
