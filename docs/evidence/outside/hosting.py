"""Be one of curio's echo servers on 127.0.0.1: `python -m docs.evidence.outside.hosting SCRIPT PORT`.

Most of these scripts would listen on all addresses, or pass an argument that asyncio has no more. What they serve with
is taken from them as it is; where and by what it is started follows what the script itself does.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def _forever(serve: Callable[[], Awaitable[Any]]) -> None:
    async def main() -> None:
        server = await serve()
        await server.serve_forever()

    asyncio.run(main())


def _asyncstream(script: Mapping[str, Any], port: int) -> None:
    _forever(lambda: asyncio.start_server(script["echo_client"], HOST, port))


def _asyncproto(script: Mapping[str, Any], port: int) -> None:
    _forever(lambda: asyncio.get_running_loop().create_server(script["EchoProtocol"], HOST, port))


def _curioecho(script: Mapping[str, Any], port: int) -> None:
    import curio

    curio.run(curio.tcp_server, HOST, port, script["echo_handler"])


def _gevecho(script: Mapping[str, Any], port: int) -> None:
    from gevent.server import StreamServer

    StreamServer((HOST, port), script["echo"]).serve_forever()


def _threadecho(script: Mapping[str, Any], port: int) -> None:
    script["echo_server"]((HOST, port))


STARTS: Mapping[str, Callable[[Mapping[str, Any], int], None]] = {
    "asyncstream": _asyncstream,
    "asyncproto": _asyncproto,
    "curioecho": _curioecho,
    "gevecho": _gevecho,
    "threadecho": _threadecho,
}


def main() -> None:
    path, port = sys.argv[1], int(sys.argv[2])
    # trioecho.py listens on 127.0.0.1 by itself, and does not come back from here.
    script = runpy.run_path(path)
    STARTS[Path(path).stem](script, port)


if __name__ == "__main__":
    main()
