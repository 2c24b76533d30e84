"""The measured process: one trial comes in on standard input, JSON lines go out.

The parent says `open`, `round`, `overhead`, `trace` and `close`; every request gets one line. Whatever the workload
prints goes to standard error, so that it can never be taken for an answer. When standard input ends, so does the
process.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TextIO

from ..homes import imported
from ..model import Unsuited, last_words
from .attest import attest
from .equality import EARLY_S
from .keeping import starts_heard
from .session import TrialSession, load
from .trap import Refused, gil_heard


def take_channels() -> tuple[TextIO, TextIO]:
    """Keep the pipes to the parent for ourselves and point the usual streams elsewhere."""
    commands = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return commands, answers


def serve(trial: Mapping[str, Any], session: TrialSession, command: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one command."""
    if command["do"] == "open":
        startup_s = session.open()
        told = {"startup_s": startup_s, "facts": session.facts, "attestation": attest(session.trap.gil_by)}
        return {**told, "modules": imported()}
    if command["do"] == "round":
        prove = bool(command.get("prove"))
        began_ns = time.perf_counter_ns()
        answer = session.round(prove=prove, sweep=bool(command.get("sweep", True)))
        check_window(answer, began_ns, time.perf_counter_ns())
        return {**answer, "learned": session.learned} if prove else answer
    if command["do"] == "overhead":
        from .by_hand import compare

        return compare(session, trial["runner"], hand_first=command["hand_first"])
    if command["do"] == "trace":
        return trace(session, command["path"])
    modules = imported()
    return {"teardown_s": session.close(), "facts": session.facts, "modules": modules}


def trace(session: TrialSession, path: str) -> dict[str, Any]:
    """One round that is written down in a file, for a timeline; in a session of its own, so that none is timed so."""
    written = TrialSession(session.runner, replace(session.job, trace=path), session.seed)
    written.open()
    written.round(prove=False)
    # Only now are connections open and libraries loaded; what was written so far is not what is to be seen.
    os.truncate(path, 0)
    answer = written.round(prove=False)
    written.close()
    return {name: answer[name] for name in ("start_ns", "makespan_s", "ops_ok", "answer")}


def check_window(answer: Mapping[str, Any], began_ns: int, ended_ns: int) -> None:
    """Refuse stamps that lie outside of the time in which the round was run (method.md, N8)."""
    start_ns = answer["start_ns"]
    end_ns = start_ns + answer["makespan_s"] * 1e9
    if start_ns < began_ns or end_ns > ended_ns + EARLY_S * 1e9:
        ran_s = (ended_ns - began_ns) / 1e9
        raise Refused(
            f"it says that the round took {answer['makespan_s']:.6f} s, at a time when it was not run "
            f"or in more than the {ran_s:.6f} s that passed around it"
        )


def unsuited(error: BaseException) -> str | None:
    """What this machine cannot give, where that is the error; a process of a pool sends it back as words."""
    if isinstance(error, Unsuited):
        return str(error)
    kind, _, words = str(error).partition(": ")
    return words if isinstance(error, RuntimeError) and kind == Unsuited.__name__ else None


def main() -> int:
    commands, answers = take_channels()
    faulthandler.register(signal.SIGUSR1, all_threads=True)

    def say(kind: str, **fields: Any) -> None:
        answers.write(json.dumps({"say": kind, **fields}) + "\n")
        answers.flush()

    trial = json.loads(commands.readline())
    try:
        switched_by: list[str] = []
        started: list[threading.Thread] = []
        with gil_heard(switched_by), starts_heard(started):
            runner, job = load(trial)
        session = TrialSession(runner, job, trial["seed"])
        session.keeping.adopt(started)
        session.trap.gil_by += switched_by
    except Exception as error:
        say("error", reason=last_words(error))
        return 1
    say("ready", launched_ns=time.monotonic_ns())
    for line in commands:
        command = json.loads(line)
        try:
            say("done", **serve(trial, session, command))
        except Refused as error:
            say("error", reason=str(error))
        except BaseException as error:  # even sys.exit in an op: whoever leaves without a word is waited for
            words = unsuited(error)
            if words is not None:
                say("error", reason=words, unsuited=True)
            else:
                import traceback

                traceback.print_exc()
                say("error", reason=last_words(error))
        if command["do"] == "close":
            return 0
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads or children that a broken contestant left behind must not keep the process alive.
    os._exit(status)
