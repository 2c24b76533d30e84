"""The gate in a terminal: a reader of a failed run must find what, by how much, how sure, and what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from support.gate_reports import FETCH, GRID, NASTY, REPORTS, SLEEP, cell, regressed, report, unchanged
from when_async.bench.model import Estimate
from when_async.reports.gate import steps, telling
from when_async.reports.gate.figures import at_most, change, duration, probability, ratio, share
from when_async.reports.gate.terminal import render
from when_async.results.gate.report import GateReport, Word, exit_code, exit_reasons, outcome

ANSI = re.compile(r"\x1b\[[0-9;]*m")
every = pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in REPORTS.items()])


def flat(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


@every
@pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_no_line_is_wider_than_the_terminal_nor_than_100_columns(found: GateReport, width: int, colour: bool) -> None:
    text = ANSI.sub("", render(found, width=width, colour=colour, verbose=True, kept=Path("a folder " * 20)))
    assert max(map(cell_len, text.splitlines())) <= min(100, max(40, width))


@every
def test_without_colour_there_is_no_escape_and_with_it_the_same_text(
    found: GateReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    plain = render(found)
    assert "\x1b" not in plain
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = render(found, colour=True)
    assert "\x1b[" in coloured
    assert ANSI.sub("", coloured) == plain


@every
def test_the_verdict_with_its_exit_code_and_all_reasons_ends_the_report(found: GateReport) -> None:
    text = flat(render(found))
    _, _, end = text.rpartition(f"{outcome(found)} (exit {exit_code(found)}")
    assert end != text
    for _, sentence in exit_reasons(found):
        assert sentence in end
    for word in ("FAIL", "UNDECIDED", "PASS"):
        assert (f"{word} (exit " in text) is (word == outcome(found))


def test_a_regression_tells_what_slowed_down_by_how_much_how_sure_and_how_to_accept_it() -> None:
    text = render(REPORTS["regression"])
    assert "FAIL (exit 1): 2 benchmarks regressed." in text
    assert "The worst slow-down: empty[n=1000,c=100]-uvloop@3.14 takes 31.0 % more wall time [30.1, 31.9]." in text
    block = text[text.index(f"✗ REGRESSED      {SLEEP}") :]
    numbers = block.splitlines()[1]
    assert "wall 1.082 [1.073, 1.091]" in numbers
    assert "CPU 1.082 [1.073, 1.091]" in numbers
    assert "margin 3 %" in numbers
    assert "14 pairs" in numbers
    assert "sees 4.1 %" in numbers
    assert "again on 14 fresh pairs: wall 1.079 [1.070, 1.088], CPU 1.083 [1.074, 1.092]" in block
    assert text.rstrip().endswith("when-async gate accept --reason 'why it is worth it'")


def test_the_worst_comes_first_and_what_asks_nothing_is_a_count() -> None:
    found = report(*unchanged(6), *REPORTS["broken"].cells, *REPORTS["regression"].cells, *REPORTS["late"].cells)
    text = render(found)
    lines = [line for line in text.splitlines() if re.match(r"[✗!?▼] [A-Z_]+ ", line)]
    shown = [line.split()[1] for line in lines]
    order = ["REGRESSED"] * 3 + ["BROKEN", "MISSING", "RENAMED", "NOT_COMPARABLE", "INCONCLUSIVE", "IMPROVED"]
    assert shown == order
    assert "empty" in lines[0]
    assert "trio@" not in text
    assert "new[n=10,c=1]" not in text
    assert f"{len(found.of(Word.EQUIVALENT))} equivalent within the margin; " in text
    assert "1 new (nothing to compare with yet)" in flat(text)


def test_verbose_shows_every_cell() -> None:
    text = render(REPORTS["regression"], verbose=True)
    assert all(one.cell in text for one in REPORTS["regression"].cells)
    assert "+3 % in 96.3 %, +5 % in 100 % of replays" in flat(text)


def test_the_count_of_the_unchanged_says_how_large_a_slow_down_may_hide_in_them() -> None:
    wide = cell(GRID, Word.NO_ALARM, "", Estimate(1.01, 0.97, 1.0492, "x", 6))
    assert "The highest upper limit among them is a slow-down of 5 %." in flat(render(report(*unchanged(3), wide)))


def test_nothing_is_ever_called_the_same() -> None:
    for found in REPORTS.values():
        assert not re.search(r"\bthe same\b|\bidentical\b", render(replace(found, notes=()), verbose=True))


def test_a_broken_benchmark_is_named_with_its_reason_and_the_command_that_shows_it() -> None:
    text = flat(render(REPORTS["broken"]))
    assert "BROKEN sleep[wait=10ms,n=100,c=10]-curio@3.14: head: fork 2, round 3: op 7: ValueError: no answer." in text
    assert text.endswith("when-async run --profile smoke -w 'sleep[wait=10ms,n=100,c=10]' -r curio")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("pass", None),
        ("regression", "when-async gate accept --reason 'why it is worth it'"),
        (
            "flips",
            "when-async gate --base main --margin 3% --budget 10m -w 'sleep[wait=1ms,n=1000,c=64]' "
            "-r threading -r asyncio --thorough",
        ),
        ("inconclusive", "when-async gate --base main --budget 10m --margin 8%"),
        ("late", "when-async gate --base main --margin 3% --budget 20m"),
        ("blind", "when-async calibrate"),
        ("interrupted", "when-async gate --base main --margin 3% --budget 10m"),
        ("empty", "when-async list"),
        ("only new", "when-async gate --base main --margin 3% --budget 10m --allow-new"),
        ("new allowed", None),
    ],
)
def test_one_command_says_what_to_do_next(name: str, command: str | None) -> None:
    step = steps.next_step(REPORTS[name])
    assert (step.command if step else None) == command
    text = render(REPORTS[name])
    if command is None:
        said = " ".join(text.split())
        assert said.endswith(telling.verdict(REPORTS[name])), "nothing comes behind the verdict"
    else:
        assert flat(text.replace("\\\n", "")).endswith(command)


def test_a_run_that_was_kept_elsewhere_is_named_to_the_command_that_accepts_it() -> None:
    text = render(REPORTS["regression"], kept=Path("out/gate"), named=True)
    assert "Kept in out/gate: gate.json, gate.md, gate.xml and gate.txt" in text
    assert text.rstrip().endswith("when-async gate accept --from out/gate --reason 'why it is worth it'")
    assert "--from" not in render(REPORTS["regression"], kept=Path(".when-async/runs/gate-1"))


def test_a_workload_from_a_file_of_the_user_is_run_by_the_gate_that_knows_the_file() -> None:
    broken = cell("shop[n=10,c=1]-asyncio/aiohttp@3.14", Word.BROKEN, "head: it hung")
    step = steps.next_step(replace(report(*unchanged(1), broken), command="when-async gate --runner trio --base main"))
    assert step is not None
    assert step.command == "when-async gate --base main -r asyncio"


def test_a_long_command_is_continued_as_a_shell_has_it() -> None:
    command = " ".join(["when-async gate", *(f"--base-with 'package-{index}==1.*'" for index in range(9))])
    lines = render(replace(REPORTS["interrupted"], command=command)).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("  when-async"))
    assert all(line.endswith("\\") for line in lines[start:-1])
    assert " ".join(line.removesuffix("\\").strip() for line in lines[start:]) == command


def test_a_report_that_does_not_know_its_command_is_told_all_the_same() -> None:
    assert render(replace(REPORTS["interrupted"], command="")).rstrip().endswith("To run it again:")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("when-async gate --budget=5m -w sleep", "when-async gate -w sleep --budget 9m"),
        ("when-async gate --budget 5m", "when-async gate --budget 9m"),
        ("when-async gate 'no end", "when-async gate --budget 9m"),
        ("when-async gate --budget", "when-async gate --budget 9m"),
    ],
)
def test_an_option_is_put_in_the_place_of_an_older_one(command: str, expected: str) -> None:
    assert steps.with_option(command, "--budget", "9m") == expected


def test_a_run_with_failed_controls_that_is_let_through_is_not_to_be_relied_on() -> None:
    text = flat(render(REPORTS["blind"]))
    assert "✗ unchanged sleep[wait=10ms,n=100,c=10]-asyncio@3.14 base against base gave REGRESSED: 1.061" in text
    assert "an injected 5 % was not seen (NO_ALARM): 1.012 [0.992, 1.032], 6 pairs" in text
    verdict = "UNDECIDED (exit 0, which --allow-undecided lets through): 2 controls did not do what they must."
    assert verdict in text
    assert "disturbed: 12 % steal" in text


def test_a_run_without_controls_says_that_it_did_not_check_itself() -> None:
    assert "None were run, so this run did not check itself." in render(REPORTS["interrupted"])


def test_verdicts_that_changed_come_before_those_that_cannot_be_told() -> None:
    flips = tuple(reversed(REPORTS["flips"].flips))
    text = flat(render(replace(REPORTS["flips"], flips=flips)))
    assert text.index("✗ CHANGED sleep[wait=1ms,n=1000,c=64]") < text.index("? UNSURE http_fetch")
    assert "asyncio ÷ threading: base 0.810 [0.780, 0.840], head 1.130 [1.090, 1.170]" in text


def test_the_operating_characteristic_is_two_plain_sentences() -> None:
    said = telling.operating(REPORTS["pass"].operating, 60)
    assert said == [
        "Replaying this run's own noise 20 000 times through its own rule gave 0 false alarms: "
        "below 0.015 % a comparison, below 0.89 % a run of 60 (upper 95 % limits).",
        "A slow-down of 2.8 % would have been seen in 95 % of runs.",
    ]
    assert all(sentence in flat(render(REPORTS["pass"])) for sentence in said)


def test_noise_that_hides_every_effect_is_told() -> None:
    blind = replace(REPORTS["pass"].operating, smallest_effect=None)  # type: ignore[type-var]
    assert "No slow-down up to 5 % would have been seen in 95 % of runs" in telling.operating(blind, 3)[1]


def test_latency_rows_show_their_percentiles_and_a_widened_margin() -> None:
    text = flat(render(REPORTS["latency"]))
    assert "p50 1.020 [1.011, 1.029] p99 1.310 [1.250, 1.370] margin 3 % (CPU 4.2 %)" in text
    assert f"The slow-down: {FETCH} takes 31.0 % more p99 latency [25.0, 37.0]." in text


def test_sides_are_told_with_what_differs_between_them_and_without_where_they_lie() -> None:
    found = report(*unchanged(1))
    found = replace(found, base=replace(found.base, asked="/somewhere/old", commit=None, pins=("aiohttp==3.13.*",)))
    first, second = render(found).splitlines()[:2]
    assert first == "when-async gate: …/old with aiohttp==3.13.* → HEAD (91ab02e)"
    assert second == "Python 3.14.0, aiohttp 3.13.2 → 3.14.5"


def test_many_notes_are_cut_and_counted() -> None:
    text = render(report(*unchanged(1), notes=tuple(f"skipped {index}" for index in range(25))))
    assert "skipped 19." in text
    assert "skipped 20." not in text
    assert "and 5 more notes, in gate.json" in text


def test_texts_of_others_are_never_read_as_markup_nor_as_control_characters() -> None:
    text = render(report(regressed("[red]x[/red]"), cell(FETCH, Word.BROKEN, NASTY)))
    assert "[red]x[/red]" in text
    assert "\x1b" not in text
    assert "\x00" not in text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (ratio(Estimate(1.0825, 1.0744, 1.0911, "x", 14)), "1.083 [1.074, 1.091]"),
        (ratio(Estimate(12.34, 11.98, 12.8, "x", 14)), "12.3 [12.0, 12.8]"),
        (ratio(None), "–"),
        (change("wall", Estimate(1.021, 0.996, 1.046, "x", 14)), "2.1 % more wall time [−0.4, 4.6]"),
        (change("cpu", Estimate(0.9, 0.89, 0.92, "x", 14)), "10.0 % less CPU time [8.0, 11.0]"),
        (at_most(0.000149), "0.015 %"),
        (at_most(0.028), "2.8 %"),
        (at_most(0.0281), "2.9 %"),
        (at_most(0.1), "10 %"),
        (at_most(1.5), "150 %"),
        (at_most(0.0000012), "0.00012 %"),
        (at_most(0.0), "0 %"),
        (at_most(None), "–"),
        (probability(0.00006), "0.00006"),
        (probability(0.02134), "0.0213"),
        (probability(1.0), "1"),
        (probability(1e-9), "< 0.000001"),
        (share(0.99996), "99.9 %"),
        (share(1.0), "100 %"),
        (duration(288.4), "4 min 48 s"),
        (duration(600), "10 min"),
        (duration(3781), "1 h 3 min"),
    ],
)
def test_figures_are_rounded_so_that_they_still_hold(shown: str, expected: str) -> None:
    assert shown == expected
