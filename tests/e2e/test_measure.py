"""`when_async.measure`: a function object measured as `when-async try` measures it, and what comes back answers."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import when_async
from support.commands import ROOT, records
from when_async.bench.doors.measuring import Wanted, taken
from when_async.bench.doors.result import NoRow, Result
from when_async.bench.model import WhenAsyncError

SHOP = """
import asyncio, time

class Tea:
    def __init__(self, name):
        self.name = name

def fetch(name, pause=0.002):
    time.sleep(pause)
    return name.upper()

async def afetch(name, pause=0.002):
    await asyncio.sleep(pause)
    return name.upper()

def named(tea):
    return tea.name

def sort(numbers):
    numbers.reverse()
    return numbers[0]
"""
SMALL: dict[str, Any] = {"ops": 4, "forks": 2}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a folder that is no working folder."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "measureshop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path / "src")
    import measureshop

    yield measureshop
    del sys.modules["measureshop"]


def test_a_twin_is_held_against_its_function_and_the_result_answers(shop: Any, tmp_path: Path) -> None:
    result = when_async.measure(
        shop.fetch, args=["a"], twin=shop.afetch, runners=["sync", "threading", "asyncio"], in_flight=[2, 4], **SMALL
    )
    assert {(row.contestant, row.concurrency, row.forks) for row in result.rows} == {
        (name, c, 2) for name in ("sync", "threading", "asyncio") for c in (2, 4)
    }
    assert {*result.frame["cell"]} == {row.cell for row in result.rows}
    # Where another program holds the machine meanwhile, a call can look so long that it is doubted.
    assert result.sentence.startswith(("Use ", "Keep ", "Find out first "))
    ratio = result["threading", 4].against("sync")
    assert ratio is not None
    assert result["threading", 4].faster_than("sync") is (ratio.low > 1)
    assert result["threading", 4].faster_than(result["threading", 4]) is False
    assert "measureshop:fetch[n=4,c=4]" in str(result)
    assert repr(result) == str(result)
    assert str(result).startswith(result.sentence)
    assert compile(result.code, "begun", "exec")
    assert [note for note in result.notes if note.startswith("measureshop:fetch: a call took ")]
    with pytest.raises(NoRow, match=r"^sync was measured with 2 and 4 in flight; name one: \['sync', 2\]$"):
        result["sync"]
    with pytest.raises(NoRow, match=r"^there is no row for 'trio'; measured were "):
        result["trio"]
    # Nothing is left in the folder but what is asked for.
    assert not (tmp_path / ".when-async").exists()
    result.save(tmp_path / "kept.jsonl")
    assert records(tmp_path / "kept.jsonl")[0]["command"] == "measure measureshop:fetch and measureshop:afetch"


def test_a_row_that_failed_says_why_when_it_is_asked_and_a_notebook_shows_it_escaped(shop: Any) -> None:
    three = 3

    def own(name: str) -> Any:
        return threading.Lock() if three else None

    result = when_async.measure(own, args=["<script>"], runners=["sync", "multiprocessing"], any_result=True, **SMALL)
    assert result["sync"].status == "OK"
    failed = result["multiprocessing"]
    assert failed.status == "FAILED"
    assert failed.throughput is None
    with pytest.raises(NoRow, match=r"^multiprocessing has no figure: FAILED in round 0 of the warmup phase"):
        failed.faster_than("sync")
    page = result._repr_html_()
    assert "FAILED" in page
    assert re.findall(r"<(?!/?(?:p|strong|table|caption|thead|tbody|tr|th|td|ul|li|details|summary|pre)\b)", page) == []
    assert "&lt;lock&gt;" in page or "&#x27;" in page


def test_arguments_that_json_cannot_hold_arrive_and_those_that_a_call_changes_are_fresh(shop: Any) -> None:
    tea = shop.Tea("green")
    result = when_async.measure(shop.named, [tea], runners=["sync", "multiprocessing"], **SMALL)
    assert {result[name].status for name in ("sync", "multiprocessing")} == {"OK"}
    import array

    result = when_async.measure(shop.sort, [array.array("i", [1, 2])], runners=["sync"], **SMALL)
    assert result["sync"].status == "OK"


def test_one_process_gives_a_check_and_no_figure(shop: Any) -> None:
    result = when_async.measure(
        "measureshop:named", items=[shop.Tea("a"), shop.Tea("b")], runners="sync", ops=4, forks=1
    )
    assert [row.forks for row in result.rows] == [1]
    assert result["sync"].status == "OK"
    assert result["sync"].against("sync") is None or result["sync"].faster_than("sync") is False
    assert (
        result.sentence == "No figure for measureshop:named: it ran and was checked, and a figure takes two processes."
    )
    assert repr(result["sync"]) == "<sync, one at a time: OK>"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"args": "tea"}, "args= takes a list such as args=['tea'], and not str"),
        ({"kwargs": ["tea"]}, "kwargs= takes a dict such as {'retries': 1}, and not list"),
        ({"items": []}, "items= is empty, and with no items there is no work"),
        ({"items": [1], "args": [1]}, "items= gives each call its own argument; leave args= and kwargs= out"),
        ({"in_flight": 0}, "in_flight= takes numbers from 1 on, and not 0"),
        ({"ops": 0}, "ops= takes numbers from 1 on, and not 0"),
        ({"forks": "many"}, "forks= takes numbers from 1 on, and not 'many'"),
        ({"runners": ["thredding"]}, "there is no runner named 'thredding'; did you mean 'threading'?"),
        ({"args": ["a"], "twin": "measureshop:fetch"}, "twin= takes an async function, and measureshop:fetch blocks"),
        ({"args": ["a", 1, 2]}, "measureshop:fetch(name, pause=0.002) does not take these arguments"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_told_in_one_line_with_the_argument_to_change(
    shop: Any, wanted: dict[str, Any], words: str
) -> None:
    with pytest.raises(WhenAsyncError) as told:
        when_async.measure(shop.fetch, **wanted)
    assert str(told.value).startswith(words)
    assert "--" not in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_a_measurement_that_is_called_off_ends_and_gives_the_machine_back(shop: Any) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            taken(Wanted(shop.fetch, ["a"], runners=["sync"], halted=lambda: True))


def test_it_measures_in_any_thread_and_leaves_the_handlers_of_signals_alone(shop: Any) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    found: list[Result] = []
    thread = threading.Thread(
        target=lambda: found.append(when_async.measure(shop.fetch, ["a"], runners="sync", ops=4, forks=1))
    )
    thread.start()
    thread.join()
    assert found[0]["sync"].status == "OK"
    when_async.measure(shop.fetch, ["a"], runners="sync", ops=4, forks=1)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


SCRIPT = """
import time
from dataclasses import dataclass

from when_async import measure

@dataclass
class Tea:
    name: str

def fetch(tea):
    time.sleep(0.001)
    return tea.name

if __name__ == "__main__":
    result = measure(fetch, args=[Tea("green")], runners=["sync", "threading"], ops=4, forks=2)
    print([row.status for row in result.rows], "return fetch(...)" in result.code, "import fetch" in result.code)
"""


def test_a_function_of_a_script_is_measured_with_the_classes_of_the_script(tmp_path: Path) -> None:
    (tmp_path / "shop_script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "shop_script.py"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "WHEN_ASYNC_LOCK": str(tmp_path / "lock"),
             "WHEN_ASYNC_CACHE": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout == "['OK', 'OK'] True False\n", done.stderr
    assert done.stderr == ""


def test_only_a_function_that_was_sent_along_has_the_worker_import_cloudpickle(shop: Any, tmp_path: Path) -> None:
    seen = "__import__('sys').modules"
    (tmp_path / "src" / "measurelook.py").write_text(
        f"def look():\n    return 'cloudpickle' in {seen}\n\ndef no():\n    return False\n"
    )
    import measurelook

    by_name = when_async.measure(measurelook.look, runners="sync", ops=2, forks=1)
    absent = when_async.measure("measurelook:no", runners="sync", ops=2, forks=1)
    sent = when_async.measure(lambda: "cloudpickle" in sys.modules, runners="sync", ops=2, forks=1)
    assert {*by_name.frame["digest"]} == {*absent.frame["digest"]} != {*sent.frame["digest"]}


def test_a_result_can_be_awaited_and_is_itself(shop: Any) -> None:
    result = when_async.measure(shop.fetch, ["a"], runners="sync", ops=4, forks=1)

    async def get() -> Result:
        return await result

    assert asyncio.run(get()) is result
