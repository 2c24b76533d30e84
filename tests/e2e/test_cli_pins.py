"""`--with` on the real command line: refused pins, pins that cannot be had here, runs that are gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from support.commands import Call, records
from when_async.bench.environments.provision import default_label

EMPTY = ("--profile", "smoke", "-w", "empty[n=10,c=2]", "-r", "sync")


def last_line(result: Result, code: int = 2) -> str:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("pins", "words"),
    [
        (["uvloop=="], "'uvloop==' is not a package with its version; write it like 'uvloop==0.22.*'"),
        (["./mine"], "'./mine' is an address or a file, and a pin is a release of a package index"),
        (["mine @ https://me:secret@host.example/x"], "'mine @ (address)' is an address or a file"),
        (["uvloop==0.22; python_version < '3'"], "a pin holds in every environment"),
        (["uvloop==0.21", "uvloop==0.22"], "uvloop is pinned twice, uvloop==0.21 and uvloop==0.22"),
    ],
)
@pytest.mark.parametrize("command", ["run", "matrix"])
def test_a_bad_pin_is_one_line_and_nothing_is_made(
    call: Call, tmp_path: Path, command: str, pins: list[str], words: str
) -> None:
    arguments = [part for pin in pins for part in ("--with", pin)]
    result = call(command, "-w", "sleep", "-r", "sync", *arguments)
    assert len(result.stderr.splitlines()) == 1
    assert words in last_line(result)
    assert not (tmp_path / "cache" / "envs").exists()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real uv with nothing in its cache and no way out."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    for name in ("UV_FIND_LINKS", "UV_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("offline")
def test_a_pin_without_a_network_is_a_hole_with_its_reason(call: Call, tmp_path: Path) -> None:
    result = call("run", *EMPTY, "--with", "uvloop==0.22.*", "-o", "holes.jsonl")
    assert result.exit_code == 3, result.stderr
    (measurement,) = records(Path("holes.jsonl"), "measurement")
    assert measurement["cell"].endswith(f"-sync@{default_label()}+uvloop==0.22.*")
    assert measurement["status"] == "UNSUPPORTED"
    assert measurement["reason"].startswith("uvloop==0.22.* could not be fetched: ")
    assert measurement["reason"].endswith(", and the network is disabled")
    assert not any(path.is_dir() for path in (tmp_path / "cache" / "envs").iterdir())


@pytest.fixture
def tiny(call: Call, tmp_path: Path) -> Path:
    """A small finished run."""
    assert call("run", *EMPTY, "-o", "tiny.jsonl").exit_code == 0
    return tmp_path / "tiny.jsonl"


def altered(tiny: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """The same run with another header."""
    head, _, rest = tiny.read_text().partition("\n")
    header = json.loads(head)
    change(header)
    Path("altered.jsonl").write_text(json.dumps(header) + "\n" + rest)
    return "altered.jsonl"


def test_a_run_file_holds_pins_and_source_and_no_path_of_this_machine(tiny: Path, tmp_path: Path) -> None:
    (header,) = records(tiny, "run")
    (environment,) = header["environments"]
    assert (environment["pins"], environment["source"]) == ([], "")
    assert "path" not in environment
    assert (header["asked_pythons"], header["asked_pins"]) == ([], [])
    assert str(tmp_path) not in json.dumps({**header, "command": ""})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("pins", ["uvloop==0.21.*"], "was measured with pins uvloop==0.21.*, here is none; start a new run"),
        ("source", "0123456789ab", "was measured with source 0123456789ab, here is own; start a new run"),
    ],
)
def test_a_run_of_other_pins_or_sources_is_not_gone_on_with(
    call: Call, tiny: Path, field: str, value: object, words: str
) -> None:
    result = call("run", "--resume", altered(tiny, lambda header: header["environments"][0].update({field: value})))
    assert last_line(result).endswith(words)


def test_a_run_from_before_there_were_pins_is_gone_on_with(call: Call, tiny: Path) -> None:
    def older(header: dict[str, Any]) -> None:
        del header["asked_pins"], header["environments"][0]["pins"], header["environments"][0]["source"]

    result = call("run", "--resume", altered(tiny, older))
    assert result.exit_code == 0, result.stderr
