"""What the front door writes when a walk is interrupted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from when_async.bench.cli.run.recording import kept_so_far
from when_async.bench.model import Measurement, Status


def test_what_is_known_is_written_wherever_the_walk_is_interrupted() -> None:
    lines: list[dict[str, Any]] = []
    plan = SimpleNamespace(comparisons=["one"])
    started = cast("Any", SimpleNamespace(plan=plan, journal=lines))
    known = [Measurement("cell", Status.OK)]
    experiment = cast("Any", SimpleNamespace(conclusions=lambda comparison: known))
    with pytest.raises(KeyboardInterrupt), kept_so_far(started, experiment):
        # Between two events, where nothing but the run's own bookkeeping runs.
        raise KeyboardInterrupt
    assert [(line["kind"], line["cell"], line["status"]) for line in lines] == [("so_far", "cell", "OK")]


def test_a_walk_that_ends_by_itself_leaves_no_words_behind() -> None:
    lines: list[dict[str, Any]] = []
    with kept_so_far(cast("Any", SimpleNamespace(journal=lines)), cast("Any", None)):
        pass
    assert lines == []
