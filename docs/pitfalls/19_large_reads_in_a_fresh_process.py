"""What goes wrong: a small fresh asyncio server pays for page faults, and the event loop gets the blame.

asyncio's transports ask `recv` for 256 KiB each time. Python makes a bytes object of that size and cuts it down to what
came. glibc serves 128 KiB and more by mmap, unless the heap happens to have room for it: then each message maps pages,
touches the first and the last, and unmaps them. It would learn better if a mapped block were freed at its full size,
but this one is cut down before. A larger program has mostly freed such a block by chance while it started; a small
benchmark has not. So a comparison of two event loops shows a setting of the allocator, which lasts for the process.
Cure: count minor faults (`ru_minflt`) a message beside the time, and set glibc's limits for both sides.

One variable, GLIBC_TUNABLES, sets both limits. The often named MALLOC_TOP_PAD_=1048576 helps only where room is left at
the end of the heap just then. Another allocator than glibc's shows no fault either way.

What you will see: about two faults a message in a small fresh process, then none. The times are smaller by them.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys

MESSAGES, SIZE = 2000, 1000
TUNABLES = "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=16777216"
OURS = ("MALLOC_", "GLIBC_TUNABLES")


def serve() -> None:
    """Echo on standard input, a socket, until it ends; print the faults and the CPU of a message."""

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(data)  # type: ignore[attr-defined]

        def connection_lost(self, error: Exception | None) -> None:
            ended.set_result(None)

    async def main() -> None:
        nonlocal ended
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        await loop.connect_accepted_socket(Echo, socket.socket(fileno=os.dup(0)))
        before = resource.getrusage(resource.RUSAGE_SELF)
        await ended
        after = resource.getrusage(resource.RUSAGE_SELF)
        used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print((after.ru_minflt - before.ru_minflt) / MESSAGES, used_s / MESSAGES)

    ended: asyncio.Future[None]
    asyncio.run(main())


def measured(**more: str) -> tuple[float, float]:
    """Page faults and CPU seconds a message of a fresh server with these variables."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | more
    command = [sys.executable, "-I", __file__, "serve"]
    ours, its = socket.socketpair()
    with ours, subprocess.Popen(command, env=environ, stdin=its, stdout=subprocess.PIPE, text=True) as server:
        its.close()
        for number in range(MESSAGES):
            message = number.to_bytes(SIZE, "big")
            ours.sendall(message)
            assert ours.recv(SIZE, socket.MSG_WAITALL) == message
        ours.shutdown(socket.SHUT_WR)
        said, _ = server.communicate()
    faults, used_s = map(float, said.split())
    return faults, used_s


def wrong() -> tuple[float, float]:
    """Faults and seconds of a message as a small fresh process has them."""
    return measured()


def right() -> tuple[float, float]:
    """The same with glibc told to keep what it has."""
    return measured(GLIBC_TUNABLES=TUNABLES)


def main() -> None:
    for name, (faults, used_s) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: {faults:.2f} page faults and {used_s * 1e6:.1f} us of CPU a message")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
