"""`when-async list`: runners by family with the core marked, no wider than a terminal, and flat rows for programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from support import fakes
from when_async.bench.cli.listing import listing, print_listing
from when_async.bench.cli.main import main
from when_async.bench.registry import Found
from when_async.bench.selection import Catalogue, catalogue
from when_async.reports.lines import WIDTH

LONG = " ".join(f"word{number}" for number in range(40))


def known() -> Catalogue:
    found = [
        fakes.runner("plain", family="sync", core=True),
        fakes.runner("pool", family="threads", requires=("somelib",)),
        fakes.runner("base", family="threads", summary=LONG, core=True),
    ]
    workload = fakes.workload("tiny", summary=LONG)
    return Catalogue({"tiny": Found(workload, fakes.REF)}, {each.value.name: each for each in found})


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_listing(listing(known()))
    return capsys.readouterr().out.splitlines()


def test_runners_stand_below_their_family_and_the_core_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    found = [line.rstrip() for line in lines[lines.index("  sync") :] if "word" not in line]
    assert found[:2] == ["  sync", "    * plain  plain, faked"]
    assert found[2:5] == ["", "  threads", "      pool   pool, faked (needs somelib)"]
    assert any(line.startswith("    * base   word0 word1 ") for line in lines)


def test_what_is_long_goes_on_below_its_beginning_and_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    assert max(map(len, lines)) <= WIDTH == 100
    assert " ".join(" ".join(lines).split()).count(LONG) == 2
    begin = next(place for place, line in enumerate(lines) if line.startswith("    * base"))
    assert lines[begin + 1].index("word") == lines[begin].index("word")


def test_our_own_workloads_and_runners_fit_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(listing(catalogue()))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= WIDTH


def test_programs_get_family_and_core_of_runners_and_neither_of_others() -> None:
    rows = json.loads(CliRunner().invoke(main, ["list", "--json", "-w", "sleep", "-r", "threading*"]).stdout)
    found = {row["name"]: (row["family"], row["core"]) for row in rows if row["kind"] == "runner"}
    assert found["threading"] == ("threads", True)
    assert found["threading+per_op"] == ("threads", False)
    assert {(row["family"], row["core"]) for row in rows if row["kind"] != "runner"} == {(None, None)}
