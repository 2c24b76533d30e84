"""Pictures on the page: fewer characters than matplotlib writes, and the same shapes in the same styles."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from matplotlib.figure import Figure

from when_async.reports.drawing import style, svg
from when_async.reports.drawing.axes import add_axes, figure

NAMESPACE = "{http://www.w3.org/2000/svg}"


def picture() -> Figure:
    with style.house():
        drawn = figure(6, 3)
        axes = add_axes(drawn, 1, 0.5, 4, 2)
        axes.plot([0, 1, 2], [1.5, 1.234567, 3.1], marker="o", color=style.INK)
        axes.plot([1], [2], color=style.INK)
        axes.set_title("took 1.50 s, of 10.00, below 3.14159")
        axes.grid(visible=True)
    return drawn


@pytest.fixture(scope="module")
def raw() -> str:
    return svg.render(picture(), "chart")


def shapes(text: str) -> Counter[str]:
    return Counter(element.tag.removeprefix(NAMESPACE) for element in ET.fromstring(text).iter())


def page(*pictures: str) -> str:
    return f"<html><head><style>p{{margin:0}}</style></head><body>{''.join(pictures)}<p style='color:red'>x</p></body>"


def test_all_that_shows_is_kept_and_what_only_holds_is_dropped(raw: str) -> None:
    before, after = shapes(raw), shapes(svg.standalone(raw, "chart", "a chart"))
    assert before["text"] == after["text"] > 5
    assert before["use"] == after["use"] > 5
    assert after["g"] < before["g"] / 4
    assert len(svg.inline(raw, "chart", "a chart")) < 0.6 * len(raw)


def test_numbers_that_are_read_keep_every_digit(raw: str) -> None:
    assert "took 1.50 s, of 10.00, below 3.14159" in svg.inline(raw, "chart", "a chart")


def test_places_are_kept_to_a_hundredth_of_a_point(raw: str) -> None:
    inside = svg.inline(raw, "chart", "a chart").partition(">")[2]
    tags = " ".join(re.findall(r"<[^>]*>", inside))
    assert re.search(r"\d\.\d\d", tags)
    assert not re.search(r"\d\.\d\d\d", tags)


def test_ids_are_those_of_the_picture_and_each_one_that_is_used_is_there(raw: str) -> None:
    text = svg.inline(raw, "chart", "a chart")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 0
    assert set(ids) == {*re.findall(r'href="#([^"]+)"', text), *re.findall(r"url\(#([^)]+)\)", text)}
    assert all(one.startswith("chart-") for one in ids)


def test_a_style_stands_once_on_the_page_and_applies_where_it_did(raw: str) -> None:
    one, two = svg.inline(raw, "one", "a chart"), svg.inline(raw, "two", "another")
    before = page(one, two)
    after = svg.shared(before)
    rules = dict(re.findall(r"\.(k\d+)\{([^}]*)\}", after))
    assert len(rules) > 5
    assert len(set(rules.values())) == len(rules)
    restored = re.sub(r'class="(k\d+)"', lambda own: f'style="{rules[own[1]]}"', after)
    body = before.partition("</style>")[2]
    assert restored.partition("</style>")[2] == body


def test_a_text_in_a_picture_carries_no_style() -> None:
    evil = ' style="background: url(//evil.example/x)"'
    text = f"<text{' style=' + chr(34) + 'fill: red' + chr(34)}>mine{evil}</text>"
    page = f"<style>p{{}}\n</style><svg >{text}{text}</svg>"
    after = svg.shared(page)
    head, _, picture = after.partition("</style>")
    assert "evil" not in head
    assert picture.count(f">mine{evil}<") == 2
    assert picture.count('<text class="k0">') == 2


def test_what_is_no_picture_keeps_its_styles(raw: str) -> None:
    once = page(svg.inline(raw, "one", "a chart"))
    assert "<p style='color:red'>x</p>" in svg.shared(once)
    assert svg.shared(page()).replace("\n", "") == page()
