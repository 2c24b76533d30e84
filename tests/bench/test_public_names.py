"""What the documents import from when_async is there."""

from __future__ import annotations

from pathlib import Path

import pytest

import when_async


@pytest.mark.parametrize("name", when_async.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(when_async, name) is not None


@pytest.mark.parametrize("name", when_async.__all__)
def test_a_public_name_is_documented(name: str) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
    assert f"`{name}`" in page.partition("## What can be imported")[2].partition("\n## ")[0]


def test_public_names_are_listed_for_who_looks_around() -> None:
    assert {*when_async.__all__} <= {*dir(when_async)}
