"""A small fresh server for docs/evidence/heap_regimes.py: `python heap_servers.py KIND` prints its port and serves.

With `line` behind the kind it makes 4 MiB and drops them before it does anything else.
It imports what its kind needs and nothing else, since what a process did before it serves decides what its allocator
does with large reads. It is no part of a package and runs under any interpreter that has the library.
"""

import signal
import sys

HOST = "127.0.0.1"
LONGEST_S = 120
"""It ends by itself after so long, should nobody end it."""
ANSWER = b"x" * 1000


def told(listener):
    """Say where it listens."""
    print(listener.getsockname()[1], flush=True)


def listening():
    import socket

    listener = socket.create_server((HOST, 0), backlog=16)
    # What it accepts inherits this; asyncio sets it only on sockets that it made itself.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    told(listener)
    return listener


def asyncio_protocol(run):
    import asyncio

    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.write = transport.write

        def data_received(self, data):
            self.write(data)

    async def main():
        server = await asyncio.get_running_loop().create_server(Echo, HOST, 0)
        told(server.sockets[0])
        await asyncio.get_running_loop().create_future()

    run(main())


def asyncio_streams(run):
    import asyncio

    async def echo(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, HOST, 0)
        told(server.sockets[0])
        await asyncio.get_running_loop().create_future()

    run(main())


def asyncio_sockets(run):
    import asyncio

    async def echo(loop, connection):
        with connection:
            while data := await loop.sock_recv(connection, 1_000_000):
                await loop.sock_sendall(connection, data)

    async def main():
        loop, tasks = asyncio.get_running_loop(), set()
        listener = listening()
        listener.setblocking(False)
        while True:
            connection, _ = await loop.sock_accept(listener)
            tasks.add(loop.create_task(echo(loop, connection)))

    run(main())


def on_asyncio(serve):
    def start():
        import asyncio

        serve(asyncio.run)

    return start


def on_uvloop(serve):
    def start():
        import uvloop

        serve(uvloop.run)

    return start


def with_trio():
    import trio

    async def echo(stream):
        async for data in stream:
            await stream.send_all(data)

    async def main():
        (listener,) = await trio.open_tcp_listeners(0, host=HOST)
        told(listener.socket)
        await trio.serve_listeners(echo, [listener])

    trio.run(main)


def with_curio():
    import curio
    from curio.io import Socket

    async def echo(connection):
        async with connection:
            while data := await connection.recv(65536):
                await connection.sendall(data)

    async def main():
        listener = Socket(listening())
        async with curio.TaskGroup() as group:
            while True:
                connection, _ = await listener.accept()
                await group.spawn(echo, connection)

    curio.run(main)


def threads(size):
    def start():
        import threading

        def echo(connection):
            while data := connection.recv(size):
                connection.sendall(data)

        listener = listening()
        while True:
            threading.Thread(target=echo, args=listener.accept()[:1], daemon=True).start()

    return start


def with_aiohttp():
    import asyncio

    from aiohttp import web

    async def answer(request):
        return web.Response(body=ANSWER)

    async def main():
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        told(site._server.sockets[0])
        await asyncio.get_running_loop().create_future()

    asyncio.run(main())


def with_uvicorn():
    import uvicorn

    async def answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": ANSWER})

    config = uvicorn.Config(answer, log_level="critical", lifespan="off", loop="asyncio", http="h11")
    uvicorn.Server(config).run(sockets=[listening()])


KINDS = {
    "asyncio, protocol": on_asyncio(asyncio_protocol),
    "asyncio, streams": on_asyncio(asyncio_streams),
    "asyncio, sock_recv(1 000 000)": on_asyncio(asyncio_sockets),
    "uvloop, protocol": on_uvloop(asyncio_protocol),
    "uvloop, streams": on_uvloop(asyncio_streams),
    "uvloop, sock_recv(1 000 000)": on_uvloop(asyncio_sockets),
    "trio": with_trio,
    "curio": with_curio,
    "threads, recv(65 536)": threads(65536),
    "threads, recv(262 144)": threads(262144),
    "HTTP, aiohttp": with_aiohttp,
    "HTTP, uvicorn": with_uvicorn,
}

if __name__ == "__main__":
    signal.alarm(LONGEST_S)
    if sys.argv[2:] == ["line"]:
        bytearray(4 << 20)
    KINDS[sys.argv[1]]()
