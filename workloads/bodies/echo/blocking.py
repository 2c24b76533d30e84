"""The echo server that blocks: a thread, a greenlet or a process for each connection.

What is common to all echo servers is here too: what a round asks of the load generator and what it hands back.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from when_async.bench.model import Kit, Params, Unsuited

from ..heap import force
from ..spent import Spent, own, with_children
from ..steering import BACKLOG, ECHO, GO, HOST, Control, Stopped, listen, order, report

Op = Callable[[Sequence[int]], list[Any]]

Used = TypeVar("Used", float, Spent)
"""What is read at both ends of a load: CPU seconds alone, or page faults too."""

End = tuple[int, int]
"""(messages, bytes) that one connection brought, handed in when it ends."""

SPARE_FILES = 64
"""Open files of a process beside its connections."""

TIMED_OUT_S = 1.0
"""A wait for processes that may have died is looked at this often."""


def asked(kit: Kit, params: Params, items: Sequence[int], port: int) -> bytes:
    """The order of one round: every item is the number that a message carries."""
    return order(
        protocol=ECHO,
        port=port,
        connections=kit.in_flight,
        messages=len(items),
        rate_per_s=float(params["rate_per_s"]),
        size_bytes=int(params["size_bytes"]),
        seed=items[0],
        hold_s=float(params["hold_s"]),
        prime=True,
        announce=True,
    )


def ends_due(line: bytes) -> int:
    """How many connections will end by themselves; none where something went wrong and nobody should wait for it."""
    told = report(line)
    return 0 if told["error"] else int(told["connected"])


def outcome(line: bytes, spent: Spent | None, ends: Sequence[End], *, large: bool = False) -> list[Any]:
    """What an op returns: the report, CPU while the clock ran, what the server served itself, its page faults, `large`.

    `large` says that each message took a read of 256 KiB, of which the faults must show the regime of the heap.
    """
    cpu_s, faults = spent or (None, None)
    served = [len(ends), sum(messages for messages, _ in ends), sum(size for _, size in ends)]
    return [line, cpu_s, *served, faults, large]


def steered(control: Control, line: bytes, read: Callable[[], Used | None]) -> tuple[bytes, Used | None]:
    """Send the order and wait for its report; returns that and what was used from the start of the clock."""
    control.send(line)
    answer = control.line()
    if answer != GO:
        return answer, None
    before = read()
    answer = control.line()
    after = read()
    return answer, None if before is None or after is None else after - before


def check_files(connections: int) -> None:
    """Raise Unsuited where a process may not have so many connections open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and connections + SPARE_FILES > limit:
        raise Unsuited(
            f"{connections} connections need {connections + SPARE_FILES} open files and the limit is {limit}; "
            "raise it with ulimit -n"
        )


def echo_whole(connection: socket.socket, size: int) -> End:
    """Send back each message of `size` bytes once it is there whole, until the client ends or is gone."""
    receive, send = connection.recv, connection.sendall
    count, data = 0, b""
    try:
        # The kernel gathers a whole message; less than that comes only at the end.
        while len(data := receive(size, socket.MSG_WAITALL)) == size:
            send(data)
            count += 1
    except OSError:
        data = b""
    return count, count * size + len(data)


def open_threads(kit: Kit, params: Params) -> Op:
    """A thread for each connection, as the standard library's own server starts them."""
    import socketserver

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    ends: SimpleQueue[End] = SimpleQueue()

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            ends.put(echo_whole(self.request, size))

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = BACKLOG
        allow_reuse_address = True
        # Otherwise it keeps a list of its threads, and goes through all of it for each new one.
        daemon_threads = True

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().server_bind()

    server = kit.enter(Server((HOST, 0), Echo))
    kit.enter(accepting(server))
    control = kit.enter(Control(kit.address))
    port = server.server_address[1]

    def op(items: Sequence[int]) -> list[Any]:
        line, spent = steered(control, asked(kit, params, items, port), own)
        return outcome(line, spent, [ends.get() for _ in range(ends_due(line))])

    return op


@contextmanager
def accepting(server: Any) -> Iterator[None]:
    """Let a server of `socketserver` accept in a thread of its own."""
    from threading import Thread

    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="accepting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def open_gevent(kit: Kit, params: Params) -> Op:
    """A greenlet for each connection, started by gevent's own server."""
    import gevent.queue
    import gevent.server

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    ends: Any = gevent.queue.SimpleQueue()

    def echo(connection: Any, address: Any) -> None:
        receive, send = connection.recv, connection.sendall
        count, data = 0, b""
        try:
            while True:
                data = receive(size)
                while 0 < len(data) < size and (more := receive(size - len(data))):
                    data += more
                if len(data) < size:
                    break
                send(data)
                count += 1
        except OSError:
            data = b""
        ends.put((count, count * size + len(data)))

    @contextmanager
    def serving() -> Iterator[int]:
        server = gevent.server.StreamServer(listen(), echo)
        server.start()
        try:
            yield server.server_port
        finally:
            server.stop()

    port = kit.enter(serving())
    control = kit.enter(Control(kit.address))

    def op(items: Sequence[int]) -> list[Any]:
        line, spent = steered(control, asked(kit, params, items, port), own)
        return outcome(line, spent, [ends.get() for _ in range(ends_due(line))])

    return op


def open_processes(kit: Kit, params: Params) -> Op:
    """As many processes as connections, all accepting on one socket, each serving one connection at a time."""
    listener = kit.enter(listen())
    pool = kit.enter(Pool(listener, kit.in_flight, params))
    control = kit.enter(Control(kit.address))
    port = listener.getsockname()[1]

    def op(items: Sequence[int]) -> list[Any]:
        line, spent = steered(control, asked(kit, params, items, port), pool.spent)
        return outcome(line, spent, pool.ends(ends_due(line)))

    return op


def serve_in_process(listener: socket.socket, params: Params, ready: Any, told: Any, one_at_a_time: Any) -> None:
    """A process of the pool: one connection after the other, for as long as it lives."""
    # One that was not forked off knows nothing of what was asked of its parent's heap.
    force(int(params["heap"]))
    size = int(params["size_bytes"])
    ready.release()
    while True:
        connection, _ = listener.accept()
        with connection:
            end = echo_whole(connection, size)
        with one_at_a_time:
            told.send(end)


class Pool:
    """The processes; started when it is entered and ended when it is left."""

    def __init__(self, listener: socket.socket, count: int, params: Params) -> None:
        import multiprocessing

        context = multiprocessing.get_context()
        self.ready = context.Semaphore(0)
        self.told, self.tell = context.Pipe(duplex=False)
        # Kept, since a process forgets its arguments once it is started, and a lock that nobody keeps is gone.
        self.one_at_a_time = context.Lock()
        arguments = (listener, dict(params), self.ready, self.tell, self.one_at_a_time)
        self.processes: list[Any] = [
            context.Process(target=serve_in_process, args=arguments, daemon=True) for _ in range(count)
        ]

    def __enter__(self) -> Pool:
        try:
            for process in self.processes:
                process.start()
            for _ in self.processes:
                while not self.ready.acquire(timeout=TIMED_OUT_S):
                    self._check()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        started = [process for process in self.processes if process.pid is not None]
        for process in started:
            process.terminate()
        for process in started:
            process.join()
            process.close()
        self.told.close()
        self.tell.close()

    def _check(self) -> None:
        dead = sum(not process.is_alive() for process in self.processes)
        if dead:
            raise Stopped(f"{dead} of {len(self.processes)} server processes died")

    def ends(self, count: int) -> list[End]:
        """What so many connections brought; raises Stopped where a process died instead of telling."""
        found: list[End] = []
        while len(found) < count:
            if self.told.poll(TIMED_OUT_S):
                found.append(self.told.recv())
            else:
                self._check()
        return found

    def spent(self) -> Spent | None:
        """What the pool and this process used; None where the system does not tell that of another process."""
        return with_children(process.pid for process in self.processes)
