"""The committed reference run, read and judged once for all tests of the documents."""

from __future__ import annotations

import pandas as pd
import pytest

from docs import guide
from when_async.bench.cli.claims import whole_references
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import Scene
from when_async.reports.verdicts.judging import Verdict
from when_async.results.frame import load


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return load(whole_references())


@pytest.fixture(scope="session")
def seen(frame: pd.DataFrame) -> Scene:
    return scene(frame)


@pytest.fixture(scope="session")
def verdicts() -> list[Verdict]:
    return guide.recorded()
