"""The gate's settings are read from pyproject.toml, and what makes no sense is refused with what is expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from when_async.bench.gate.config import ConfigError, GateConfig, fits, load, share, span_s

SECTION = """
[tool.when-async.gate]
base = "origin/main"
margin = "2.5%"
budget = "90s"
workloads = ["benchmarks/shop.py"]
runners = ["asyncio"]
python = "3.14"
allow-undecided = true
metrics = ["wall"]

[tool.when-async.gate.margins]
"*-threading*" = "6%"
"http_fetch[*]-asyncio/aiohttp" = "5 %"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_setting_is_read(tmp_path: Path) -> None:
    assert load(written(tmp_path, SECTION)) == GateConfig(
        base="origin/main", margin=0.025, budget_s=90.0, workloads=("benchmarks/shop.py",), runners=("asyncio",),
        python="3.14", allow_undecided=True, metrics=("wall",),
        margins={"*-threading*": 0.06, "http_fetch[*]-asyncio/aiohttp": 0.05},
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "[tool.when-async]\n", "[tool.when-async.gate]\n"])
def test_what_is_not_set_is_3_percent_in_10_minutes(tmp_path: Path, text: str) -> None:
    config = load(written(tmp_path, text))
    assert config == load(tmp_path / "nowhere.toml") == GateConfig()
    assert (config.margin, config.budget_s, config.metrics) == (0.03, 600.0, ("wall", "cpu", "p50", "p99"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('margn = "3%"', "margn of .* is not a setting; did you mean margin"),
        ("zzz = 1", "is not a setting; known are allow-new, allow-undecided, base, budget"),
        ("margin = 3", "must be a percentage such as 3%, not 3"),
        ("margin = 0.03", "must be a percentage such as 3%, not 0.03"),
        ('margin = "0%"', "must lie between 0.1% and 100%"),
        ('margin = "101%"', "must lie between 0.1% and 100%"),
        ('margin = "-3%"', "must be a percentage"),
        ('budget = "0s"', "must be a time such as 10m or 90s"),
        ("budget = true", "must be a time"),
        ("base = 3", "base of .* must be a text in quotes, not 3"),
        ('workloads = "shop.py"', "must be a list of texts"),
        ("runners = [1]", "must be a list of texts"),
        ('allow-undecided = "yes"', "must be true or false"),
        ('metrics = ["wall", "p98"]', "must be of wall, cpu, p50 and p99, not .*p98"),
        ("metrics = []", "must be of wall, cpu, p50 and p99"),
        ("margins = 3", "must be a table of patterns"),
        ('margins = {"*" = "lots"}', "the margin of '\\*' in margins .* must be a percentage"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(written(tmp_path, f"[tool.when-async.gate]\n{text}\n"))


@pytest.mark.parametrize(
    "text", ["[tool.when-async]\ngate = 3\n", "[tool]\nwhen-async = 3\n", "tool = 3\n", "not toml at all"]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load(written(tmp_path, text))


def test_a_folder_is_no_file_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(("text", "value"), [("3%", 0.03), (" 2.5 % ", 0.025), (".5%", 0.005), ("100%", 1.0)])
def test_a_share_is_a_percentage(text: str, value: float) -> None:
    assert share(text, "it") == pytest.approx(value)


@pytest.mark.parametrize(("text", "value"), [("10m", 600), ("90s", 90), ("1.5 h", 5400), ("600", 600), (7, 7)])
def test_a_span_is_a_time(text: object, value: float) -> None:
    assert span_s(text, "it") == value


def test_the_last_pattern_that_fits_is_the_margin_of_a_cell() -> None:
    config = GateConfig(margin=0.03, margins={"*": 0.04, "http_fetch[*]-asyncio*": 0.05, "*/aiohttp": 0.06})
    assert config.margin_of("http_fetch[n=1,c=2]-asyncio/aiohttp") == 0.06
    assert config.margin_of("http_fetch[n=1,c=2]-asyncio/httpx") == 0.05
    assert config.margin_of("sleep[n=1,c=2]-asyncio") == 0.04
    assert GateConfig(margin=0.03, margins={"grid*": 0.5}).margin_of("sleep[n=1,c=2]-asyncio") == 0.03


def test_brackets_of_a_pattern_are_the_brackets_of_a_cell_id() -> None:
    assert fits("sleep[n=1,c=2]-sync", "sleep[n=1,c=2]-sync")
    assert not fits("sleepn-sync", "sleep[n=1,c=2]-sync")
    assert fits("sleep[n=1,c=2]-sync", "sleep[n=?,*]-*")
