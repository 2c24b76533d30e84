"""The gate as a comment on a pull request: valid, short enough, and nothing in it but what was meant."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from support.gate_reports import FETCH, FLIPS, NASTY, REPORTS, SLEEP, cell, regressed, report, unchanged
from when_async.reports.gate.markdown import LIMIT, MARK, render
from when_async.results.gate.report import GateReport, Word, exit_code, outcome

every = pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in REPORTS.items()])
OWN_HTML = re.compile(r"</?details>|</?summary>|</?sub>|<br>|<!-- (when-async gate )?-->")


def tokens(text: str) -> list[Any]:
    """The comment as GitHub parses it: CommonMark with tables."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of the source of its entries."""
    found: list[list[list[str]]] = []
    inside = False
    for token in tokens(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            inside = True
        elif token.type == "inline" and inside:
            found[-1][-1].append(token.content)
            inside = False
    return found


def shown(text: str) -> str:
    """What a reader sees: the text of all tokens, without markup."""
    pieces = [child for token in tokens(text) for child in token.children or [token]]
    said = " ".join(piece.content for piece in pieces if piece.type in ("text", "code_inline", "fence"))
    return " ".join(said.split())


@every
def test_every_table_has_entries_for_all_its_columns(found: GateReport) -> None:
    shown = tables(render(found))
    assert bool(shown) is bool(found.cells)
    assert [row for table in shown for row in table if len(row) != len(table[0])] == []


@every
def test_the_headline_says_pass_or_fail_with_the_exit_code(found: GateReport) -> None:
    heading = next(line for line in render(found).splitlines() if line.startswith("### "))
    sign = {"FAIL": "✗", "UNDECIDED": "?", "NEW": "○", "PASS": "✓"}[outcome(found)]
    assert heading.startswith(f"### {sign} when-async gate: {outcome(found)} (exit {exit_code(found)}")


@every
def test_there_is_no_html_but_our_own_and_all_of_it_is_closed(found: GateReport) -> None:
    text = render(found)
    for token in tokens(text):
        for child in token.children or [token]:
            if child.type in ("html_inline", "html_block"):
                assert OWN_HTML.sub("", re.sub(r"<summary>[\w ():,?]+</summary>", "", child.content)).strip() == ""
    for name in ("details", "summary", "sub"):
        assert text.count(f"<{name}>") == text.count(f"</{name}>")


@every
def test_the_parts_below_the_table_are_folded_away(found: GateReport) -> None:
    summaries = re.findall(r"<details><summary>(.*?)</summary>", render(found))
    assert "What this run could have seen" in summaries
    assert "Controls: did the gate do what it must?" in summaries
    assert "How to reproduce" in summaries
    assert (f"All benchmarks ({len(found.cells)})" in summaries) is bool(found.cells)


def test_the_first_table_holds_what_changed_the_worst_first_with_its_intervals() -> None:
    table = tables(render(REPORTS["regression"]))[0]
    assert table[0] == ["", "benchmark", "wall", "CPU", "margin", "pairs", "sees", "why"]
    assert [row[0] for row in table[1:]] == ["✗ REGRESSED", "✗ REGRESSED", "▼ IMPROVED"]
    assert table[2][1] == f"`{SLEEP}`"
    assert table[2][2].replace("\\", "") == "1.082 [1.073, 1.091]"
    assert table[2][4:7] == ["3 %", "14", "4.1 %"]
    assert "confirmed on 14 fresh pairs<br>Again on fresh pairs: wall 1.079" in table[2][7]


def test_a_comment_about_a_regression_answers_what_how_much_and_what_to_do() -> None:
    text = shown(render(REPORTS["regression"]))
    worst = "The worst slow-down: empty[n=1000,c=100]-uvloop@3.14 takes 31.0 % more wall time [30.1, 31.9]."
    assert worst in text
    assert "when-async gate accept --from gate.json --reason 'why it is worth it'" in text
    assert "when-async gate --base main --margin 3% --budget 10m" in text
    assert "AMD EPYC 9B14, 2 cores, Linux 6.18, virtual (kvm) · quiet" in text
    assert "A slow-down of 2.8 % would have been seen in 95 % of runs." in text
    assert "3f6c0a51d2" not in text


def test_flips_have_a_table_with_both_sides() -> None:
    table = next(table for table in tables(render(REPORTS["flips"])) if "comparison" in table[0])
    assert [row[0] for row in table[1:]] == ["✗ CHANGED", "? UNSURE"]
    assert table[1][2].replace("\\", "") == "0.810 [0.780, 0.840]"
    assert table[1][3].replace("\\", "") == "1.130 [1.090, 1.170]"


def test_doubts_stand_above_the_fold() -> None:
    text = render(REPORTS["blind"])
    assert text.index("> 2 controls did not do what they must") < text.index("<details>")
    text = render(REPORTS["inconclusive"])
    assert text.index("> 1 benchmark is inconclusive") < text.index("<details>")


def test_texts_of_others_show_as_they_are_notify_nobody_and_refer_to_no_issue() -> None:
    text = render(REPORTS["nasty"])
    outside = re.sub(r"(`+).*?\1", "", text, flags=re.DOTALL)
    assert "<script" not in outside
    assert "@octocat" not in outside
    assert "#12" not in outside
    assert "<script>alert('x')</script> | `code` @ octocat # 12 **bold** second ]]> line & more" in shown(text)
    assert "\x1b" not in text
    assert "\x00" not in text


@pytest.mark.parametrize("name", ["a|b", "a\\|b", "a\\\\|b", "`a` | b", "a\\"])
def test_no_name_breaks_out_of_its_entry(name: str) -> None:
    row = tables(render(report(cell(name, Word.BROKEN, name))))[0][1]
    assert row[0] == "! BROKEN"
    assert row[2:7] == ["–"] * 5
    assert row[1] == f"`{name.replace('`', chr(39))}`"


def test_a_command_with_back_ticks_stays_inside_its_block() -> None:
    text = render(replace(REPORTS["interrupted"], command="when-async gate --base '```' <b>"))
    assert [token.content for token in tokens(text) if token.type == "fence"][-1] == (
        "when-async gate --base '```' <b>\n"
    )


def test_the_comment_starts_with_the_mark_by_which_a_bot_finds_it() -> None:
    assert render(REPORTS["pass"]).startswith(f"{MARK}\n")


@pytest.mark.parametrize("count", [100, 500])
def test_unchanged_cells_are_left_out_where_there_is_no_room_and_it_is_said(count: int) -> None:
    text = render(report(*unchanged(count), regressed()))
    assert len(text) <= LIMIT
    rows = [row for table in tables(text) for row in table if "trio" in "".join(row)]
    if count == 500:
        assert len(text) > 0.9 * LIMIT, "there was room for more"
        assert f"{count - len(rows)} of them are left out" in shown(text)
    else:
        assert len(rows) == count
    assert SLEEP in text
    assert "How to reproduce" in text


def test_changed_cells_are_cut_last_of_all_and_it_is_said() -> None:
    many = [regressed(f"sleep[wait={index}ms,n=100,c=10]-asyncio@3.14", 0.05 + index / 1000) for index in range(230)]
    text = render(report(*many, flips=FLIPS * 40, notes=(NASTY * 20,) * 60))
    assert len(text) <= LIMIT
    table = tables(text)[0]
    assert "wait=229ms" in table[1][1]
    assert f"{230 - len(table) + 1} more of these are left out" in shown(text)
    assert "230 of them are left out" in shown(text)
    assert "FAIL (exit 1): 230 benchmarks regressed; 40 verdicts changed." in shown(text)
    assert "and 60 more, in gate.json" in shown(text)


def test_a_latency_row_shows_its_percentiles() -> None:
    row = tables(render(REPORTS["latency"]))[0][1]
    assert FETCH in row[1]
    assert "p99 1.310" in row[7]
    assert row[4] == "3 % (CPU 4.2 %)"
