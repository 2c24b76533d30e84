"""Shows whether pytest-asyncio still gives tests its loop through the fixture `event_loop`.

How: pytest runs a file with one async test that asks for the fixture and compares it with the loop that runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

TEST = """
import asyncio
import pathlib

async def test_the_fixture_is_the_running_loop(event_loop):
    assert event_loop is asyncio.get_running_loop()
    pathlib.Path("ran").touch()
"""


def try_it() -> tuple[bool, str]:
    """Whether the test ran and passed, and all that pytest printed."""
    with TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
        Path(folder, "test_fixture.py").write_text(TEST, encoding="utf-8")
        # Settings of whoever called and plugins other than this one are kept out.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONWARNINGS"))}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"],
            cwd=folder,
            env=env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done.returncode == 0 and Path(folder, "ran").exists(), done.stdout + done.stderr


def look() -> dict[str, object]:
    if not (find_spec("pytest") and find_spec("pytest_asyncio")):
        return {"absent": "pytest-asyncio is not installed for this interpreter: pip install pytest-asyncio"}
    passed, printed = try_it()
    reasons = [line.removeprefix("E").strip() for line in printed.splitlines() if line.startswith("E  ")]
    reason = (reasons or ["no reason was given"])[0]
    warned = " with a DeprecationWarning" if "DeprecationWarning" in printed else ""
    outcome = f"passed{warned}" if passed else f"did not pass: {reason!r}"
    found = version("pytest-asyncio")
    return {"shown": passed, "said": f"with pytest-asyncio {found} a test that asks for it {outcome}"}


if __name__ == "__main__":
    print(json.dumps(look()))
