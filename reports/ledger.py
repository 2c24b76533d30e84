"""Noise, method, environment and the account of time: what a reader needs to judge and to repeat a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from reports import words

DISTURBED = 0.05
"""Share of the measured time from which on steal is called a disturbance; waiting tasks are judged at twice that."""

CAUSES = {
    "timed_measure": "measured rounds",
    "timed_warmup": "warm-up rounds",
    "launch": "starting worker processes",
    "open": "opening pools and loops",
    "service": "starting and probing servers",
    "between_rounds": "between rounds: checks, probes, pauses",
    "close": "closing workers",
}


@dataclass(frozen=True)
class Noise:
    """The noise of the runs in one word, a sign and a sentence."""

    quiet: bool
    word: str
    sentence: str

    @property
    def sign(self) -> str:
        return "●" if self.quiet else "▲"


@dataclass(frozen=True)
class Ledger:
    """The noise ledger as a table of finished text."""

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)
    note: str = ""


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["phase"] == "measure") & frame["makespan_s"].notna()]


def _share(rows: pd.DataFrame, column: str) -> float | None:
    known = rows[rows[column].notna()]
    total = float(known["makespan_s"].sum())
    return float(known[column].sum()) / total if total else None


def noise(frame: pd.DataFrame) -> Noise:
    """What the machine did to the measured rounds: CPU time stolen by neighbours, time tasks waited for a CPU."""
    rows = _measured(frame)
    steal, pressure = _share(rows, "steal_s"), _share(rows, "pressure_s")
    if steal is None and pressure is None:
        return Noise(False, "Noise unknown:", "the rounds carry no record of steal or pressure.")
    said = []
    if steal is not None:
        said.append(f"{words.digits(100 * steal)} % of the measured time was stolen by other guests of the host")
    if pressure is not None:
        said.append(f"in {words.digits(100 * pressure)} % some task waited for a CPU")
    disturbed = (steal or 0) >= DISTURBED or (pressure or 0) >= 2 * DISTURBED
    return Noise(not disturbed, "Disturbed:" if disturbed else "Quiet:", "; ".join(said) + ".")


def ledger(frame: pd.DataFrame) -> Ledger:
    """Noise by run, interpreter and workload."""
    rows = _measured(frame)
    lines = []
    for (run, python, workload), group in rows.groupby(["run", "python", "workload"], sort=False):
        seconds = float(group["makespan_s"].sum())
        steal, pressure = _share(group, "steal_s"), _share(group, "pressure_s")
        switches = float(group["switches_involuntary"].fillna(0).sum()) / seconds if seconds else 0.0
        lines.append(
            [str(workload), str(python), str(run), str(len(group)), words.scalar(seconds, "s"), _percent(steal),
             _percent(pressure), words.digits(switches)]
        )  # fmt: skip
    note = (
        "Sums over measured rounds, a description of the machine and not estimates. Tasks wait and are preempted also "
        "because of the contestant itself: more processes than cores do that. No round was dropped."
    )
    columns = ["workload", "Python", "run", "rounds", "time", "steal", "some task waited", "preemptions per s"]
    return Ledger(columns, lines, note if lines else "No measured round, hence no ledger.")


def _percent(share: float | None) -> str:
    return words.DASH if share is None else f"{words.digits(100 * share)} %"


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
    """The day of a run in words: `22 November 2026`; the raw text where it is no date."""
    raw = str(header.get("started", ""))
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return words.one_line(raw)
    months = "January February March April May June July August September October November December".split()
    return f"{moment.day} {months[moment.month - 1]} {moment.year}"


def machine(header: Mapping[str, Any]) -> str:
    """The box in a few words: `AMD EPYC 9B14, 2 cores, 7.75 GiB, Linux 6.18, virtual (kvm)`."""
    box = header.get("machine") or {}
    parts = [box.get("cpu") or "unknown processor"]
    if box.get("cores"):
        parts.append(words.count(int(box["cores"]), "core"))
    if box.get("memory_bytes"):
        parts.append(words.scalar(float(box["memory_bytes"]), "bytes"))
    if box.get("system"):
        parts.append(box["system"])
    if box.get("virtual"):
        parts.append(f"virtual ({box['virtual']})")
    return words.one_line(", ".join(map(str, parts)))


def interpreters(headers: Sequence[Mapping[str, Any]], used: Sequence[str]) -> str:
    """`CPython 3.11.7 and CPython 3.13.7 without GIL`, of those that were used."""
    names = []
    for header in headers:
        for one in header.get("environments") or ():
            if one.get("label") in used:
                gil = "" if one.get("gil", True) else " without GIL"
                names.append(f"{one.get('implementation', '')} {one.get('version', '')}{gil}")
    return words.one_line(words.listing(list(dict.fromkeys(names))) or "no interpreter on record")


def profile(header: Mapping[str, Any]) -> str:
    """`profile quick: 3 processes x 5 rounds a cell, after 1 warm-up round`."""
    return words.one_line(
        f"profile {header.get('profile', '?')}: {words.count(int(header.get('forks', 0)), 'process').replace('processs', 'processes')}"
        f" × {words.count(int(header.get('rounds', 0)), 'round')} a cell"
    )


def method(headers: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the numbers came about, in a few sentences."""
    said = [
        "Every cell runs in fresh worker processes. The stopwatch is inside: from the opening of the gate to the last "
        "op done; start-up and tear-down are separate columns.",
        "Every round is checked by an oracle: a wrong answer, a missing op or a failed one makes the cell FAILED and "
        "never a fast number.",
        "The contestants of a comparison are interleaved in shuffled blocks; ratios are formed inside a block, so "
        "that both sides saw the same minute of the same machine.",
        "Each process is reduced to the median of its rounds; the 95 % interval is over processes. Warm-up rounds are "
        "recorded and not analysed. No outlier is dropped.",
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


def environment(headers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Everything on record about box, interpreters and libraries, as (name, text)."""
    lines = []
    for header in headers:
        box = header.get("machine") or {}
        settings = [f"seed {header.get('seed')}", f"time limit {words.digits(float(header.get('timeout_s') or 0))} s"]
        settings.append("pinned" if header.get("pin") else "not pinned")
        lines += [
            ("run", f"{header.get('run', '')}, started {header.get('started', '')}"),
            ("tool", f"{header.get('tool', '')} {header.get('tool_version', '')}, {profile(header)}, {', '.join(settings)}"),
            ("machine", machine(header)),
            ("frequency governor", str(box.get("governor") or "not visible")),
        ]
        for one in header.get("environments") or ():
            modules = [f"{name} {version}" for name, version in sorted((one.get("modules") or {}).items()) if version]
            missing = [name for name, version in sorted((one.get("modules") or {}).items()) if not version]
            text = f"{one.get('implementation')} {one.get('version')}, {'with' if one.get('gil', True) else 'without'} GIL"
            text += f"; {', '.join(modules)}" if modules else ""
            text += f"; missing: {', '.join(missing)}" if missing else ""
            lines.append((f"Python {one.get('label')}", text))
    return [(words.one_line(name), words.one_line(text, 600)) for name, text in lines]
