"""How a helper process of ours talks with its parent, and ends with it (the protocol of bench.model.Service)."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, BinaryIO


def own_stdout() -> BinaryIO:
    """Keep standard output for the protocol and send what anything else prints to standard error."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return channel


def say(channel: BinaryIO, fields: Mapping[str, Any]) -> None:
    """Write one line."""
    channel.write(json.dumps(fields).encode() + b"\n")


def follow_parent(loop: asyncio.AbstractEventLoop, answer: Callable[[], None]) -> None:
    """Call `answer` on the loop for each `stats` line; at the end of standard input leave without ceremony."""

    def listen() -> None:
        for line in sys.stdin.buffer:
            if line.strip() == b"stats":
                loop.call_soon_threadsafe(answer)
        # Through the loop, so that answers asked for before are out; the sleep is for a loop that no longer turns.
        loop.call_soon_threadsafe(os._exit, 0)
        time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()


def introduce(
    channel: BinaryIO,
    address: str,
    facts: Mapping[str, Any],
    stats: Callable[[], Mapping[str, Any]],
    reset: Callable[[], None],
) -> None:
    """Say where we listen and what we are, then answer each `stats` line with the counts since the one before."""

    def answer() -> None:
        say(channel, stats())
        reset()

    gc.collect()
    gc.freeze()
    reset()
    about = {"python": platform.python_version(), "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0]}
    say(channel, {"address": address, "facts": {**facts, **about}})
    follow_parent(asyncio.get_running_loop(), answer)


def print_capacity(measure: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Print as one JSON line what ADDRESS can take of a load of PARAMS_JSON, both from the command line."""
    address, text = sys.argv[1:]
    print(json.dumps(measure(address, json.loads(text))), flush=True)


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run a helper on uvloop, with as many open files as it may have."""
    import uvloop

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    leave_ctrl_c()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


def leave_ctrl_c() -> None:
    """Ctrl-C reaches the whole process group, and the parent decides when this process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
