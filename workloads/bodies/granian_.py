"""granian inside a program of ours, on a socket that we have bound: helper of `http_fetch`, and a contestant."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

from .steering import BACKLOG

BACKPRESSURE = 16384
"""Connections granian serves at once; it stops accepting at this number, so it stays above the 10 000 we may need."""


def bound_server(
    app: Any, listener: socket.socket, interface: str, idle_s: float, secure: tuple[Path, Path, int] | None = None
) -> Any:
    """granian's embedded server, one worker on the running loop; `interface` is what the application speaks.

    It speaks HTTP/1.1. With `secure`, the files of a certificate's chain and key and how many streams a connection may
    have, it does so over TLS, and HTTP/2 as well, whichever a client asks for by ALPN.
    """
    import granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings, HTTP2Settings
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
    chain, key, streams = secure or (None, None, None)
    return BoundServer(
        app,
        address=address,
        port=port,
        interface=Interfaces(interface),
        http=HTTPModes.auto if secure else HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKPRESSURE,
        # The header timeout is also what ends an idle kept-alive connection.
        http1_settings=HTTP1Settings(header_read_timeout=int(idle_s * 1000), keep_alive=True),
        http2_settings=HTTP2Settings(max_concurrent_streams=streams) if streams else None,
        log_level=LogLevels.error,
        ssl_cert=chain,
        ssl_key=key,
    )
