"""The measured process: one trial comes in on standard input, JSON lines go out.

The parent says `open`, `round`, `overhead` and `close`; every request gets one line. Whatever the workload prints
goes to standard error, so that it can never be taken for an answer. When standard input ends, so does the process.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from bench.model import Job, Runner
from bench.registry import find_runner, find_workload
from bench.worker.attest import attest
from bench.worker.session import Refused, TrialSession


def take_channels() -> tuple[TextIO, TextIO]:
    """Keep the pipes to the parent for ourselves and point the usual streams elsewhere."""
    commands = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return commands, answers


def load(trial: Mapping[str, Any]) -> tuple[Runner, Job]:
    """Find the runner and the workload that the trial names."""
    workload = find_workload(trial["workload_ref"], trial["workload"])
    library = trial["body_key"].partition("/")[2]
    if library:
        # A program imports its client at the top, so a pool that forks has it already and a loop does not pay for it.
        importlib.import_module(library)
    runner = find_runner(trial["runner_ref"], trial["runner"])
    job = Job(
        workload=workload,
        body_key=trial["body_key"],
        params=trial["params"],
        concurrency=1 if runner.serial else trial["concurrency"],
        address=trial.get("address"),
        workload_ref=trial["workload_ref"],
        extra_loops=trial.get("extra_loops"),
    )
    return runner, job


def serve(trial: Mapping[str, Any], session: TrialSession, command: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one command."""
    if command["do"] == "open":
        startup_s = session.open()
        return {"startup_s": startup_s, "facts": session.facts, "attestation": attest()}
    if command["do"] == "round":
        return session.round(prove=bool(command.get("prove")), sweep=bool(command.get("sweep", True)))
    if command["do"] == "overhead":
        from bench.worker.by_hand import compare

        return compare(session, trial["runner"], hand_first=command["hand_first"])
    return {"teardown_s": session.close()}


def last_words(error: BaseException) -> str:
    """One line for an exception: its type, text and the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def main() -> int:
    commands, answers = take_channels()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, all_threads=True)

    def say(kind: str, **fields: Any) -> None:
        answers.write(json.dumps({"say": kind, **fields}) + "\n")
        answers.flush()

    trial = json.loads(commands.readline())
    try:
        runner, job = load(trial)
        session = TrialSession(runner, job, trial["seed"])
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
        except Exception as error:
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
