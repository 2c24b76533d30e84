"""What the members of the chat room can take: `... chat_load_capacity ADDRESS PARAMS_JSON`, run as a module.

This process is a room with nothing around it: one epoll, raw sockets, each line sent to each member by one system call.
The generator at ADDRESS, the one that plays the members in the run, is told to say all lines at once. To send a line
costs Python more than to receive it, so even this room leaves the generator idle for most of the time; what it can take
is therefore reckoned as lines by second of its own CPU. That is no flattery: it is one thread, and the further behind
it is, the more lines it reads at once and the less each of them costs it.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from contextlib import ExitStack
from typing import Any

from ..bodies.chat.threads import JOINED
from ..bodies.steering import HOST, listen

DELIVERIES = 40_000
"""Lines to receive, over all members: some 0.3 s (2-core VM)."""
LEAST_LINES = 5
AT_ONCE_PER_S = 1e6
TIMEOUT_S = 10.0
"""For connecting and for a generator that falls silent."""
CHUNK_BYTES = 1 << 16


class RawRoom:
    """The least that can be called a chat server; counts nothing and spares nobody."""

    def __init__(self, listener: socket.socket, control: socket.socket) -> None:
        self.listener = listener
        self.control = control
        self.members: dict[int, socket.socket] = {}
        self.rest: dict[int, bytes] = {}
        self.poll = select.epoll()
        self.poll.register(listener, select.EPOLLIN)
        self.poll.register(control, select.EPOLLIN)

    def serve(self) -> bytes:
        """Serve until the report is there; raises RuntimeError when the generator says nothing any more."""
        report = b""
        try:
            while not report.endswith(b"\n"):
                ready = self.poll.poll(TIMEOUT_S)
                if not ready:
                    raise RuntimeError(f"the generator was silent for {TIMEOUT_S:g} s")
                for descriptor, _ in ready:
                    if descriptor == self.listener.fileno():
                        self._accept()
                    elif descriptor == self.control.fileno():
                        data = self.control.recv(CHUNK_BYTES)
                        if not data:
                            raise RuntimeError("the generator hung up")
                        report += data
                    else:
                        self._hear(descriptor)
        finally:
            self.poll.close()
            for member in self.members.values():
                member.close()
        return report

    def _accept(self) -> None:
        member, _ = self.listener.accept()
        self.members[member.fileno()] = member
        self.rest[member.fileno()] = b""
        self.poll.register(member, select.EPOLLIN)
        member.sendall(JOINED)

    def _hear(self, descriptor: int) -> None:
        data = self.members[descriptor].recv(CHUNK_BYTES)
        if not data:
            self.poll.unregister(descriptor)
            self.members.pop(descriptor).close()
            return
        *lines, self.rest[descriptor] = (self.rest[descriptor] + data).split(b"\n")
        sends = [member.sendall for member in self.members.values()]
        for line in lines:
            text = line + b"\n"
            for send in sends:
                send(text)


def measure(address: str, size_bytes: int, members: int) -> dict[str, Any]:
    """What the generator can take of lines of `size_bytes` as `members` members, and at which rate it just took them.

    Raises RuntimeError.
    """
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
        report = json.loads(RawRoom(listener, control).serve())
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


def main(argv: list[str]) -> int:
    """Measure the generator at ADDRESS with the size of lines and the members in PARAMS_JSON; print one JSON line."""
    address, text = argv
    params = json.loads(text)
    print(json.dumps(measure(address, int(params["size_bytes"]), int(params["concurrency"]))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
