"""How a helper process of ours talks with its parent, and ends with it (the protocol of bench.model.Service)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
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
