"""Fetching over TLS is the same work over verified connections, and over HTTP/2 it is one connection."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from http.client import HTTPSConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from http_service import HttpService, http_service

from when_async.bench.model import Unsuited, WrongAnswer
from when_async.bench.registry import libraries
from when_async.workloads.bodies.fetch import common
from when_async.workloads.bodies.fetch.common import STREAMS, Place, ask, place
from when_async.workloads.bodies.fetch.httpx_ import HTTP1, HTTP2, NEEDS_TLS, refuse_http2, spoken
from when_async.workloads.bodies.fetch.loops import refuse_loop_without_tls
from when_async.workloads.http_fetch import HTTP_FETCH, expect, make_items, refuses
from when_async.workloads.load import http, http2
from when_async.workloads.load.http2 import DATA, END_STREAM, GOAWAY, HEAD, HEADERS, PREFACE, SETTINGS, Streams, frame

PARAMS = {"n": 12, "delay_s": 0.001, "body_bytes": 1024, "tls": 1}
PLAIN = {**PARAMS, "tls": 0}
ITEMS = make_items(PARAMS, seed=1)
SEEN = {"requests": 12, "bytes": 12 * 1024, "connections": 4, "peak_in_flight": 4, "tls": 12, "http2": 0}
BLOCKING = [key for key in HTTP_FETCH.bodies if key.startswith("blocking/")]
ON_A_LOOP = [key for key in HTTP_FETCH.bodies if key.startswith("asyncio/")]
THERE = Place("https://127.0.0.1:1", "authority.pem")


def kit(enter: Any, address: str, in_flight: int = 1) -> Any:
    return SimpleNamespace(enter=enter, address=address, in_flight=in_flight)


@pytest.fixture(scope="module")
def shared() -> Iterator[HttpService]:
    for module in ("granian", "uvloop", "trustme"):
        pytest.importorskip(module)
    with http_service() as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared server with its counts at zero."""
    shared.stats()
    return shared


@pytest.mark.parametrize("key", BLOCKING)
def test_a_blocking_body_does_the_work_over_one_verified_connection(key: str, service: HttpService) -> None:
    pytest.importorskip(key.partition("/")[2])
    with ExitStack() as stack:
        op = HTTP_FETCH.bodies[key](kit(stack.enter_context, service.address), PARAMS)
        results = [op(item) for item in ITEMS]
    HTTP_FETCH.check(PARAMS, ITEMS, results)
    seen = service.stats()
    assert expect(PARAMS, 1, seen) is None
    assert (seen["tls"], seen["http2"]) == (12, 0)


@pytest.mark.parametrize("key", ON_A_LOOP)
async def test_a_body_of_a_loop_does_the_work_over_tls_and_http2_needs_one_connection(
    key: str, service: HttpService
) -> None:
    for module in ("h2", "httpx") if key.endswith("http2") else (key.partition("/")[2],):
        pytest.importorskip(module)
    async with AsyncExitStack() as stack:
        op: Callable[[Any], Awaitable[Any]] = await HTTP_FETCH.bodies[key](
            kit(stack.enter_async_context, service.address, in_flight=4), PARAMS
        )
        results = []
        for part in range(0, 12, 4):
            results += await asyncio.gather(*map(op, ITEMS[part : part + 4]))
    HTTP_FETCH.check(PARAMS, ITEMS, results)
    seen = service.stats()
    assert expect(PARAMS, 4, seen) is None
    assert (seen["connections"], seen["http2"]) == ((1, 12) if key.endswith("http2") else (4, 0))


def test_a_client_that_does_not_know_the_authority_gets_no_answer(service: HttpService) -> None:
    address = ask(service.address)["address"]
    stranger = HTTPSConnection(address, context=ssl.create_default_context())
    with closing(stranger), pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/0/64/0")


def test_a_certificate_for_another_name_would_not_do(service: HttpService) -> None:
    told = ask(service.address)
    host, _, port = told["address"].partition(":")
    context = Place("", told["cafile"]).context()
    with socket.create_connection((host, int(port))) as bare, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(bare, server_hostname="localhost")


def test_asking_for_the_door_is_no_request_of_the_work(service: HttpService) -> None:
    assert ask(service.address) == ask(service.address)
    assert service.stats()["requests"] == 0


def test_the_load_generator_takes_the_lower_of_both_protocols_over_tls(
    service: HttpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (http, http2):
        monkeypatch.setattr(module, "WARMUP_S", 0.0)
        monkeypatch.setattr(module, "MEASURE_S", 0.01)
    said = http.measure(service.address, {"body_bytes": 1024, "tls": 1, "concurrency": 4})
    assert 0 < said["capacity_per_s"] == min(said["http1_per_s"], said["http2_per_s"])
    seen = service.stats()
    assert 0 < seen["http2"] < seen["tls"]


def test_a_server_without_trustme_makes_rows_unsupported_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("granian")
    from when_async.workloads.servers.http_server import App, Door

    monkeypatch.setitem(sys.modules, "trustme", None)
    door = Door()
    monkeypatch.setattr(common, "ask", lambda address: json.loads(door.tell(App(None))))
    with pytest.raises(Unsuited, match=r"^TLS needs trustme.*; pip install 'when-async\[tls\]'$"):
        place(kit(None, "127.0.0.1:1"), PARAMS)
    monkeypatch.setattr(http, "ask", common.ask)
    assert "trustme" in http.measure("127.0.0.1:1", {"body_bytes": 64, "tls": 1})["absent"]


def test_without_tls_nothing_is_asked() -> None:
    assert place(kit(None, "127.0.0.1:1"), PLAIN) == Place("http://127.0.0.1:1", "")
    assert place(kit(None, "127.0.0.1:1"), {"n": 1}).address == "127.0.0.1:1"


@pytest.mark.parametrize(
    ("params", "seen", "complaint"),
    [
        (PARAMS, {"tls": 11}, "11 requests over TLS where 12"),
        (PARAMS, {"requests": 13}, "13 requests (12 over TLS, 0 of them HTTP/2) where 12"),
        (PLAIN, {}, "12 requests over TLS where 0"),
        (PARAMS, {"http2": 3}, "3 of 12 requests over HTTP/2"),
        (PARAMS, {"http2": 12, "connections": 3}, "3 connections where HTTP/2 takes"),
    ],
)
def test_a_server_that_saw_another_protocol_raises_a_complaint(
    params: Any, seen: dict[str, int], complaint: str
) -> None:
    assert complaint in (expect(params, 4, {**SEEN, **seen}) or "")


def test_one_protocol_for_all_requests_raises_no_complaint() -> None:
    assert expect(PARAMS, 4, SEEN) is None
    assert expect(PARAMS, 4, {**SEEN, "http2": 12, "connections": 1}) is None
    assert expect(PARAMS, 1, {**SEEN, "http2": 12, "connections": 1, "peak_in_flight": 1}) is None


async def test_a_loop_without_tls_of_its_own_is_no_place_for_aiohttp_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_tls(*_: Any, **__: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Place, "context", lambda self: None)
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", no_tls)
    with pytest.raises(Unsuited, match=r"^aiohttp takes TLS from its loop, and asyncio\.\w+ has none$"):
        await refuse_loop_without_tls(THERE)


def test_an_answer_by_another_protocol_is_a_wrong_one() -> None:
    spoken(HTTP2, HTTP2)
    with pytest.raises(WrongAnswer, match=r"^the answer came by HTTP/1.1, asked for was HTTP/2$"):
        spoken(HTTP1, HTTP2)


def test_http2_is_refused_where_there_is_no_tls_and_nothing_else_is() -> None:
    refused = {key for key in HTTP_FETCH.bodies if refuses(PLAIN, key)}
    assert refused == {"asyncio/httpx_http2", "trio/httpx_http2"}
    assert not any(refuses(PARAMS, key) for key in HTTP_FETCH.bodies)
    with pytest.raises(Unsuited, match="over TLS only"):
        refuse_http2(Place("http://127.0.0.1:1", ""), 1)
    assert "tls=1" in NEEDS_TLS


def test_http2_says_how_many_requests_a_connection_carries() -> None:
    refuse_http2(THERE, STREAMS)
    with pytest.raises(Unsuited, match="at most 100 requests open on an HTTP/2 connection, not 101"):
        refuse_http2(THERE, 101)


def test_http2_needs_its_library_beside_httpx_on_every_interpreter() -> None:
    assert libraries(HTTP_FETCH, ["trio/httpx_http2"]) == ["h2", "httpx"]


def test_the_certificate_lies_in_a_folder_of_its_own_that_nobody_else_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trustme")
    from when_async.workloads.servers.certificate import make

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = make()
    assert made is not None
    assert made.key.parent.parent == tmp_path
    assert made.key.parent.stat().st_mode & 0o777 == 0o700
    assert made.authority.read_bytes() != made.chain.read_bytes()


@pytest.fixture
def peer() -> Iterator[tuple[Streams, socket.socket]]:
    """The load's end of an HTTP/2 connection with two requests open on it, and the server's."""
    near, far = socket.socketpair()
    with near, far:
        streams = Streams(near, "127.0.0.1:1", body_bytes=3)
        streams.begin()
        streams.begin()
        yield streams, far


def frames(data: bytes) -> list[tuple[int, int, int]]:
    """Type, flags and stream of each frame."""
    found = []
    while data:
        high, low, kind, flags, stream = HEAD.unpack_from(data)
        found.append((kind, flags, stream))
        data = data[HEAD.size + (high << 16 | low) :]
    return found


def test_an_answer_that_is_complete_begins_the_next_request(peer: tuple[Streams, socket.socket]) -> None:
    streams, far = peer
    whole = frame(SETTINGS, 0, 0) + frame(HEADERS, 0x4, 1) + frame(DATA, END_STREAM, 1, b"abc")
    far.sendall(whole[:-2])
    streams.turn()
    assert streams.done == 0
    sent = far.recv(1 << 16)
    assert sent.startswith(PREFACE)
    assert [each for each in frames(sent.removeprefix(PREFACE)) if each[0] == HEADERS] == [(1, 5, 1), (1, 5, 3)]
    far.sendall(whole[-2:])
    streams.turn()
    assert streams.done == 1
    streams.sock.sendall(b"".join(streams.out))
    assert frames(far.recv(1 << 16))[-1] == (HEADERS, 5, 5)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (frame(DATA, END_STREAM, 1, b"ab"), "2 bytes where 3"),
        (frame(GOAWAY, 0, 0, struct.pack(">II", 0, 2)), "the server ended stream 0"),
        (b"", "closed the HTTP/2 connection"),
    ],
)
def test_an_answer_over_http2_that_is_not_the_expected_one_is_refused(
    peer: tuple[Streams, socket.socket], answer: bytes, complaint: str
) -> None:
    streams, far = peer
    far.sendall(answer)
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(RuntimeError, match=complaint):
        streams.turn()
