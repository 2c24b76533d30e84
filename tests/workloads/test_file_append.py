"""Every way to append writes each record once and whole, and reading the files back finds whatever is not so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import file_append
from when_async.workloads.bodies.file_append.common import Desk, append_all, opened, record
from when_async.workloads.bodies.file_append.tasks import BATCH
from when_async.workloads.file_append import FILE_APPEND

PARAMS = {"n": 24, "size_bytes": 40, "files": 2}
ITEMS = FILE_APPEND.make_items(PARAMS, 1)
ANSWER = "24 records of 40 B in 2 file(s)"


class Kit:
    """A kit with a stack of its own, for a loop or for none."""

    def __init__(self, stack: Any, in_flight: int) -> None:
        self.stack, self.in_flight, self.address, self.sleep = stack, in_flight, None, None

    def enter(self, resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return self.stack.enter_async_context(resource)
        return self.stack.enter_context(resource)


def judged(results: Any, params: Any = PARAMS) -> str:
    """The oracle's answer to what a program returned."""
    items = FILE_APPEND.make_items(params, 1)
    observed = FILE_APPEND.observe(params, items, results)
    assert len(observed.latencies_ns) == len(items)
    assert observed.figures["call_max_s"] == max(observed.latencies_ns) / 1e9
    return FILE_APPEND.check(params, items, observed.results)


@pytest.mark.parametrize("writers", [1, 4])
@pytest.mark.parametrize("key", ["sync", "threading/own", "threading/lock", "multiprocessing"])
def test_a_blocking_program_appends_each_record_once_and_so_does_its_next_round(key: str, writers: int) -> None:
    writers = 1 if key == "sync" else writers
    with ExitStack() as stack:
        op = FILE_APPEND.bodies[key](Kit(stack, writers), PARAMS)
        results = op(ITEMS)
        folder = Path(results[0][1]).parent
        assert judged(results) == judged(op(ITEMS)) == ANSWER
    assert not folder.exists()


@pytest.mark.parametrize("key", ["asyncio/aiofiles", "asyncio/batch", "asyncio/direct"])
async def test_a_program_on_asyncio_appends_each_record_once_and_so_does_its_next_round(key: str) -> None:
    if key.endswith("aiofiles"):
        pytest.importorskip("aiofiles")
    async with AsyncExitStack() as stack:
        op = await FILE_APPEND.bodies[key](Kit(stack, 4), PARAMS)
        results = await op(ITEMS)
        folder = Path(results[0][1]).parent
        assert judged(results) == judged(await op(ITEMS)) == ANSWER
    assert not folder.exists()


def test_a_program_on_trio_appends_each_record_once_and_so_does_its_next_round() -> None:
    trio = pytest.importorskip("trio")

    async def run() -> Path:
        async with AsyncExitStack() as stack:
            op = await FILE_APPEND.bodies["trio/open_file"](Kit(stack, 4), PARAMS)
            results = await op(ITEMS)
            assert judged(results) == judged(await op(ITEMS)) == ANSWER
            return Path(results[0][1]).parent

    assert not trio.run(run).exists()


def test_a_program_on_anyio_appends_each_record_once_and_so_does_its_next_round() -> None:
    pytest.importorskip("anyio")
    stack, before = AsyncExitStack(), set(threading.enumerate())
    # Every round is a run of its own, as with the runner: the threads of anyio end with the run that started them.
    with asyncio.Runner() as runner:
        op = runner.run(FILE_APPEND.bodies["anyio/open_file"](Kit(stack, 4), PARAMS))
        results = runner.run(op(ITEMS))
        folder = Path(results[0][1]).parent
        assert judged(results) == judged(runner.run(op(ITEMS))) == ANSWER
        runner.run(stack.aclose())
    assert not folder.exists()
    assert set(threading.enumerate()) <= before


def test_no_thread_of_trio_is_left_behind_when_its_body_is_closed() -> None:
    trio = pytest.importorskip("trio")
    before = set(threading.enumerate())

    async def run() -> None:
        async with AsyncExitStack() as stack:
            op = await FILE_APPEND.bodies["trio/open_file"](Kit(stack, 4), PARAMS)
            await op(ITEMS)

    trio.run(run)
    assert set(threading.enumerate()) <= before


async def test_a_batch_goes_to_a_thread_when_it_is_full_and_when_the_records_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hops: list[int] = []
    params = {"n": BATCH + 7, "size_bytes": 40, "files": 1}

    async def to_thread(flush: Any, handle: Any, batch: Any) -> None:
        hops.append(len(batch))
        flush(handle, batch)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    async with AsyncExitStack() as stack:
        op = await FILE_APPEND.bodies["asyncio/batch"](Kit(stack, 1), params)
        assert judged(await op(FILE_APPEND.make_items(params, 1)), params)
    assert hops == [BATCH, 7]


def test_records_have_the_size_asked_for_and_all_differ() -> None:
    records = [record(index, 50) for index in range(100)]
    assert {len(one) for one in records} == {50}
    assert len(set(records)) == 100
    assert all(one.endswith(b"\n") and one.count(b"\n") == 1 for one in records)
    assert len(record(7, 16)) == 16


def test_writers_share_the_records_and_open_the_files_that_they_need() -> None:
    desk = Desk("folder", {"n": 10, "size_bytes": 20, "files": 4}, 4)
    assert [desk.files_of(writer) for writer in range(4)] == [[0], [1], [2], [3]]
    assert Desk("folder", {"n": 10, "size_bytes": 20, "files": 4}, 1).files_of(0) == [0, 1, 2, 3]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk of one writer whose files are in a folder of the test."""
    return Desk(str(tmp_path), PARAMS, 1)


@pytest.fixture
def results(desk: Desk) -> Iterator[Any]:
    """The rows of a round that went well."""
    with opened(desk, 0) as handles:
        yield append_all(desk, handles, ITEMS)


def test_a_write_that_took_less_than_the_record_is_an_error(desk: Desk) -> None:
    handle = SimpleNamespace(write=lambda data: len(data) - 1)
    with pytest.raises(RuntimeError, match="a write took 39 of 40 bytes"):
        append_all(desk, {0: handle, 1: handle}, ITEMS)


def test_a_torn_record_is_refused(results: Any) -> None:
    path = Path(results[0][1])
    data = path.read_bytes()
    path.write_bytes(data[:50] + data[40:50] + data[60:])
    with pytest.raises(WrongAnswer, match=r"0\.log has no whole record at byte 40"):
        judged(results)


def test_a_record_cut_short_at_the_end_is_refused(results: Any) -> None:
    path = Path(results[0][1])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WrongAnswer, match="no whole record at byte 440"):
        judged(results)


def test_a_lost_record_is_refused(results: Any) -> None:
    path = Path(results[0][1])
    path.write_bytes(path.read_bytes()[40:])
    with pytest.raises(WrongAnswer, match="1 records are lost, such as record 0 of file 0"):
        judged(results)


def test_a_doubled_record_is_refused(results: Any) -> None:
    path = Path(results[0][1])
    path.write_bytes(path.read_bytes() + record(4, 40))
    with pytest.raises(WrongAnswer, match="record 4 was appended twice to file 0"):
        judged(results)


def test_a_record_in_the_wrong_file_is_refused(results: Any) -> None:
    path = Path(results[1][1])
    path.write_bytes(path.read_bytes() + record(4, 40))
    with pytest.raises(WrongAnswer, match="record 4 is in file 1"):
        judged(results)


def test_a_record_with_another_text_is_refused() -> None:
    found = [(index, index % 2, file_append.crc32(record(index, 40))) for index in range(24)]
    assert FILE_APPEND.check(PARAMS, ITEMS, found) == ANSWER
    found[5] = (5, 1, 0)
    with pytest.raises(WrongAnswer, match="record 5 is not what was appended"):
        FILE_APPEND.check(PARAMS, ITEMS, found)


def test_an_append_that_did_not_return_is_refused(results: Any) -> None:
    with pytest.raises(WrongAnswer, match="24 appends were asked for, 23 returned"):
        judged(results[:-1])


def test_the_files_are_empty_after_they_were_read_back(results: Any) -> None:
    judged(results)
    assert {path.stat().st_size for path in Path(results[0][1]).parent.iterdir()} == {0}


def test_every_body_that_hands_writes_to_threads_says_so() -> None:
    loops = {key.partition("/")[2] for key in FILE_APPEND.bodies if key.startswith(("asyncio", "trio", "anyio"))}
    assert set(FILE_APPEND.threaded) == loops - {"direct"}
