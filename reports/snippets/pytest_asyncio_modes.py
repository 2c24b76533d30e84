"""Shows which async tests pytest-asyncio runs: in strict mode those with its marker, in auto mode all.

How: pytest runs a file with a marked and an unmarked async test in both modes. Each test leaves a file when its body
runs, and the files are counted, not the outcomes: what becomes of a test that is not run differs between versions.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

TEST = """
import pathlib
import pytest

@pytest.mark.asyncio
async def test_marked():
    pathlib.Path("marked.ran").touch()

async def test_unmarked():
    pathlib.Path("unmarked.ran").touch()
"""


def ran(mode: str) -> tuple[list[str], str]:
    """The tests whose bodies ran, and how pytest counted them."""
    with TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        Path(folder, "test_modes.py").write_text(TEST, encoding="utf-8")
        # Settings of whoever called and plugins other than this one are kept out.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONWARNINGS"))}
        options = ["-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", f"--asyncio-mode={mode}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=folder,
            env=env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        last = (done.stdout.splitlines() or [""])[-1]
        counts = re.findall(r"\d+ (?:passed|failed|skipped|xfailed|errors?)", last)
        return sorted(path.stem for path in Path(folder).glob("*.ran")), ", ".join(counts) or "no counts"


def look() -> dict[str, object]:
    if not (find_spec("pytest") and find_spec("pytest_asyncio")):
        return {"absent": "pytest-asyncio is not installed for this interpreter: pip install pytest-asyncio"}
    (strict, strict_counts), (auto, auto_counts) = ran("strict"), ran("auto")
    return {
        "shown": strict == ["marked"] and auto == ["marked", "unmarked"],
        "said": (
            f"with pytest-asyncio {version('pytest-asyncio')} strict mode ran {' and '.join(strict) or 'none'} "
            f"({strict_counts}), and auto mode ran {' and '.join(auto) or 'none'} ({auto_counts})"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
