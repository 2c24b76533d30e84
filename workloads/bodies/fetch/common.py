"""What all clients of the workload `http_fetch` share: what goes in, what comes out, and where the server is.

It is used inside the measured process and imports the standard library only; what only TLS needs is imported there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from when_async.bench.model import Kit, Params, Unsuited

if TYPE_CHECKING:
    from ssl import SSLContext

Item = tuple[int, str]
"""(index, path): the path is ready, so that no op formats anything."""

Reply = tuple[int, int, int]
"""(status, length of the body, CRC-32 of the body).

CRC-32 is computed by every contestant inside the op. It costs 0.4 us for 1 KiB and 17 us for 64 KiB, where
blake2b costs 1.3 and 78 us (2-core VM). Nobody attacks it: what must not slip through is a body that was cut,
mixed up or taken from another op, and that passes once in 4 billion.
"""

IDLE_S = 3600.0
"""How long client and server keep an idle connection: longer than any contestant waits for its turn.

Interleaved contestants rest for minutes between rounds; a pool that drops its connections meanwhile (aiohttp
after 15 s, granian after 30 s) would pay for new ones inside a timed round.
"""

STREAMS = 100
"""Requests that httpx has open on one HTTP/2 connection at most, whatever the server allows."""

DOOR = "/tls"
"""What the server is asked over plain HTTP for where it speaks TLS.

It answers with `address` and `cafile`, the certificate that vouches for its own, or `absent`, why there is no TLS.
"""
DOOR_TIMEOUT_S = 20.0


class Place(NamedTuple):
    """Where the server is: the URL that paths are put behind, and the file to verify it by, empty without TLS."""

    base: str
    cafile: str

    @property
    def address(self) -> str:
        """`127.0.0.1:1234`, without a scheme."""
        return self.base.partition("//")[2]

    def context(self) -> SSLContext:
        """What verifies the server as any client would: its chain up to `cafile`, and that it was made for its name."""
        from ssl import create_default_context

        return create_default_context(cafile=self.cafile)


def place(kit: Kit, params: Params) -> Place:
    """Where to fetch from; raises Unsuited where TLS is asked for and the server lacks what it takes."""
    address = str(kit.address)
    # Parameters from before TLS have none.
    if not params.get("tls"):
        return Place(f"http://{address}", "")
    told = ask(address)
    if "absent" in told:
        raise Unsuited(str(told["absent"]))
    return Place(f"https://{told['address']}", str(told["cafile"]))


def ask(address: str) -> dict[str, Any]:
    """What the server at `address` says at its DOOR; it begins to speak TLS when it is asked for the first time."""
    from socket import create_connection

    host, _, port = address.rpartition(":")
    with create_connection((host, int(port)), DOOR_TIMEOUT_S) as asking:
        asking.sendall(f"GET {DOOR} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        with asking.makefile("rb") as answer:
            told: dict[str, Any] = json.loads(answer.read().partition(b"\r\n\r\n")[2])
    return told
