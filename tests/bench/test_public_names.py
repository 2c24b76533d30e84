"""What the documents import from when_async is there."""

from __future__ import annotations

import pytest

import when_async


@pytest.mark.parametrize("name", when_async.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(when_async, name) is not None
