"""Reads what uv and interpreters say when things go wrong, and says it in one line that may be published."""

from __future__ import annotations

import re

from .interpreters import Completed, Interpreter

NAMED = re.compile(r"Wheels are required for `([^`]+)`|\b([A-Za-z][\w.-]*?)(?:\{[^}]*\})?(?:[<>=!~]\S*)? has no")
"""Of what there is no wheel; a marker may stand between the name and the version."""


def is_unreachable(done: Completed) -> bool:
    """Whether uv failed to ask the index, rather than weigh what it offers and find nothing that fits."""
    signs = "network was disabled|network connectivity is disabled|Failed to fetch|Request failed|error sending request"
    return done.returncode != 0 and re.search(signs, done.stderr) is not None


def is_unresolvable(done: Completed) -> bool:
    """Whether uv could ask the index and found nothing that fits."""
    return "No solution found when resolving dependencies" in done.stderr and not is_unreachable(done)


def unresolved(subject: str, requirement: str, interpreter: Interpreter, done: Completed) -> str:
    """The reason where nothing fits a requirement; `subject` is how to call it where a wheel is what is missing."""
    if not re.search(r"no (usable )?wheels|no matching .{0,20}wheel|Wheels are required", done.stderr):
        return f"{requirement} cannot be had for Python {interpreter.label}: {cause(done)}"
    named = re.search(NAMED, done.stderr)
    culprit = named and (named[1] or named[2])
    own = not culprit or re.split(r"[^\w.-]", _plain(subject))[0] == _plain(culprit)
    lacking = subject if own else f"{subject} needs {culprit}, which"
    return f"{lacking} has no wheel for {interpreter.name} on this platform; nothing is compiled"


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name.lower())


def cause(done: Completed) -> str:
    """What uv says went wrong, as one line fit to be published."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if "No solution found" in done.stderr:
        text = " ".join(" ".join(lines).partition("Because ")[2].partition(" hint:")[0].split())
        text = re.sub(r",?( and)? we can conclude that your requirements are unsatisfiable\.?$", "", text)
    else:
        causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
        text = raised(done) or ": ".join(causes[-2:]) or done.last_words.removeprefix("error: ")
    off = ", and the network is disabled" if re.search("network (was|connectivity is) disabled", done.stderr) else ""
    return public((text or done.last_words) + off)


def raised(done: Completed) -> str:
    """The exception that a build backend ended with, or nothing."""
    if "[stderr]" not in done.stderr:
        return ""
    found = re.findall(r"^\s*((?:[\w.]*(?:Error|Exception|Exit)\b|error)(?::[^\n]*)?)$", done.stderr, re.MULTILINE)
    return found[-1].strip() if found else ""


def public(text: str) -> str:
    """Leave out addresses and paths, which may hold names and passwords, and keep it short."""
    text = re.sub(r"`?\b[a-z+]+://[^\s`)]+`?", "(address)", text)
    text = re.sub(r"(?<![\w.])/(?:[^\s/`:]+/)+", "", text)
    return text if len(text) <= 240 else text[:237] + "..."
