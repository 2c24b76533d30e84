"""What the members of the chat room can take: `... chat_load_capacity ADDRESS PARAMS_JSON`, run as a module.

This process is a room with nothing around it: one epoll, raw sockets, each line sent to each member by one system call.
The generator at ADDRESS, the one that plays the members in the run, is told to say all lines at once. To send a line
costs Python more than to receive it, so even this room leaves the generator idle for most of the time; what it can take
is therefore reckoned as lines by second of its own CPU. That is no flattery: it is one thread, and the further behind
it is, the more lines it reads at once and the less each of them costs it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ..bodies.chat.threads import JOINED
from ..bodies.steering import HOST, listen
from .capacity import Server
from .parent import print_capacity

DELIVERIES = 40_000
"""Lines to receive, over all members: some 0.3 s (2-core VM)."""
LEAST_LINES = 5
AT_ONCE_PER_S = 1e6
TIMEOUT_S = 10.0
"""For connecting."""


class RawRoom(Server):
    """The least that can be called a chat server; counts nothing and spares nobody."""

    def __init__(self, listener: socket.socket, control: socket.socket) -> None:
        super().__init__(listener, control)
        self.rest: dict[int, bytes] = {}

    def greet(self, sock: socket.socket) -> None:
        self.rest[sock.fileno()] = b""
        sock.sendall(JOINED)

    def hear(self, descriptor: int, sock: socket.socket, data: bytes) -> None:
        *lines, self.rest[descriptor] = (self.rest[descriptor] + data).split(b"\n")
        sends = [member.sendall for member in self.open.values()]
        for line in lines:
            text = line + b"\n"
            for send in sends:
                send(text)


def measure(address: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the generator can take of lines of `size_bytes` as `concurrency` members, and at which rate it just did.

    Raises RuntimeError.
    """
    size_bytes, members = int(params["size_bytes"]), int(params["concurrency"])
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        listener = stack.enter_context(listen())
        control = stack.enter_context(socket.create_connection((host, int(port)), timeout=TIMEOUT_S))
        order = {
            "host": HOST,
            "port": listener.getsockname()[1],
            "members": members,
            "lines": max(LEAST_LINES, DELIVERIES // members),
            "rate_per_s": AT_ONCE_PER_S,
            "size_bytes": size_bytes,
            "seed": 1,
        }
        control.sendall(json.dumps(order).encode() + b"\n")
        room = RawRoom(listener, control)
        stack.callback(room.close)
        report = json.loads(room.until_report())
    complaint = report["error"] or report["fault"]
    if complaint:
        raise RuntimeError(complaint)
    return {
        "capacity_per_s": report["delivered"] / min(report["cpu_s"], report["seconds"]),
        "taken_per_s": report["delivered"] / report["seconds"],
        "delivered": report["delivered"],
        "seconds": report["seconds"],
        "generator_cpu_s": report["cpu_s"],
    }


if __name__ == "__main__":
    print_capacity(measure)
