"""`ask` by the command line: the newest run where it decided, else the reference; wrong use is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from support.commands import Call
from support.run_files import CellSpec, make_cell, make_run
from when_async.bench.cli import claims as claims_command
from when_async.bench.cli.main import main

PLACE = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
PARAMS = {"delay_s": 0.02, "body_bytes": 1024, "n": 200}
UVLOOP = (("asyncio/aiohttp", 0.1), ("uvloop/aiohttp", 0.098))
HTTP = (("threading/http.client", 0.1), ("asyncio/aiohttp", 0.05), ("threading/requests", 0.3))


def run_file(path: Path, *contestants: tuple[str, float], **more: object) -> Path:
    """A run of HTTP calls: who, in what time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        CellSpec(make_cell("http_fetch", contestant, PLACE, PARAMS, 100), makespan_s, 200)
        for contestant, makespan_s in contestants
    ]
    return make_run(path, cells=cells, forks=6, noise=0.01, fork_noise=0.005, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference that knows uvloop and HTTP, so that a new one changes no test."""
    run_file(tmp_path / "reference" / "claims-3.11.jsonl", *UVLOOP, *HTTP[:1], run="20250101-000000-aaaa")
    monkeypatch.setattr(claims_command, "REFERENCE", tmp_path / "reference")


@pytest.fixture
def own() -> Path:
    """A run of one's own, which decides HTTP and not uvloop."""
    return run_file(Path(".when-async/runs/a.jsonl"), *HTTP)


def test_the_sentence_comes_first_then_the_figure_what_to_do_and_whose_it_is(call: Call) -> None:
    done = call("ask", "uvloop")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.match(r"For HTTP calls uvloop is (nearly )?level with asyncio in time: it was 1\.02× \[", lines[0])
    assert [line.split()[0] for line in lines[2:] if line[2:3].strip()] == ["figure", "decides", "do", "from", "claims"]
    assert "the recorded reference, another machine" in done.stdout
    assert lines[-1].endswith("uvloop-today (when-async claims --claim uvloop-today)")
    assert max(map(len, lines)) <= 100


@pytest.mark.usefixtures("own")
def test_the_newest_run_answers_what_it_decided_and_the_reference_the_rest(call: Call) -> None:
    assert "from     your run " in call("ask", "http").stdout
    assert "another machine" in call("ask", "uvloop").stdout
    found = {one["topic"]: one for one in json.loads(call("ask", "--json").stdout)}
    assert (found["http"]["reference"], found["uvloop"]["reference"]) == (False, True)
    assert found["http"]["answer"] == "asyncio"
    assert found["http"]["low"] < 2 < found["http"]["high"]
    assert found["files"]["decided"] is False


@pytest.mark.usefixtures("own")
def test_the_reference_can_be_asked_whatever_was_measured_here(call: Call) -> None:
    (found,) = json.loads(call("ask", "http", "--reference", "--json").stdout)
    assert found["reference"] is True


def test_without_a_topic_all_are_listed_with_their_short_answers(call: Call) -> None:
    done = call("ask")
    assert done.exit_code == 0, done.stderr
    assert "uvloop          " in done.stdout
    assert done.stdout.splitlines()[-1] == "when-async ask TOPIC says what to do and where it does not hold."


def test_an_unknown_topic_is_told_with_the_nearest_and_the_list(call: Call) -> None:
    done = call("ask", "uvlop")
    assert done.exit_code == 2
    assert done.stderr.startswith("when-async: there is no answer on 'uvlop'; did you mean 'uvloop'? topics: http, ")
    assert len(done.stderr.splitlines()) == 1


def test_an_interpreter_that_nobody_measured_is_told_with_those_there_are(call: Call) -> None:
    done = call("ask", "uvloop", "--python", "2.7")
    assert done.exit_code == 2
    assert "nothing is known of Python 2.7 here; known are 3.11" in done.stderr


def test_a_newest_run_that_cannot_be_read_leaves_the_answer_to_the_reference(call: Call, own: Path) -> None:
    own.write_text("no run\n", encoding="utf-8")
    done = call("ask", "uvloop")
    assert done.exit_code == 0
    assert "; the reference answers instead" in done.stderr
    assert done.stdout.startswith("For HTTP calls uvloop")


def test_the_shell_completes_topics() -> None:
    found = BashComplete(main, {}, "when-async", "_X").get_completions(["ask"], "fi")
    assert [one.value for one in found] == ["files"]
