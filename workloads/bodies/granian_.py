"""granian inside a program of ours, on a socket that we have bound: helper of `http_fetch`, and a contestant."""

from __future__ import annotations

import socket
import sys
from typing import Any

from .steering import BACKLOG

BACKPRESSURE = 16384
"""Connections granian serves at once; it stops accepting at this number, so it stays above the 10 000 we may need."""


def bound_server(app: Any, listener: socket.socket, interface: str, idle_s: float) -> Any:
    """granian's embedded server, one worker on the running loop; `interface` is what the application speaks."""
    import granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server.embed import Server

    class BoundServer(Server):
        """Port 0 is settled without a race."""

        def _init_shared_socket(self) -> None:
            # granian would bind with SO_REUSEPORT, and then two servers could share one port without noticing.
            # Its stubs know neither the arguments of SocketHolder nor that Linux wants the backlog among them.
            holder: Any = granian.net.SocketHolder  # type: ignore[attr-defined]
            backlog = (BACKLOG,) if sys.platform == "linux" else ()
            self._ssp, self._shd = None, holder(listener.detach(), False, *backlog)

    address, port = listener.getsockname()
    return BoundServer(
        app,
        address=address,
        port=port,
        interface=Interfaces(interface),
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKPRESSURE,
        # The header timeout is also what ends an idle kept-alive connection.
        http1_settings=HTTP1Settings(header_read_timeout=int(idle_s * 1000), keep_alive=True),
        log_level=LogLevels.error,
    )
