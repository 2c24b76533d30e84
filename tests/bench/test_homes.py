"""A workload's file finds the helpers and the data beside it, as `python FILE` would; asked of fresh processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.fakes import FakeReaper
from when_async.bench.environments.provision import child_environ
from when_async.bench.model import Point, Runner, Workload
from when_async.bench.processes.worker import Worker, trial
from when_async.bench.registry import collect, load_module

RUNNERS = "when_async.bench.runners"
FINE = "from when_async.bench.registry import load_module; import sys; print(load_module(sys.argv[1]).SAYS)"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def says(file: Path, *path: Path) -> str:
    """SAYS of a file, loaded as a worker loads it, with more folders that modules are installed in."""
    command = [sys.executable, "-P", "-c", f"import sys; sys.path += {[str(each) for each in path]}; {FINE}", str(file)]
    done = subprocess.run(command, env=child_environ(), capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr.strip().splitlines()[-1]).strip()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("helper", ["data.py", "data/__init__.py", "data/inner.py"])
def test_a_module_a_package_and_a_plain_folder_beside_a_file_are_found(tmp_path: Path, helper: str) -> None:
    ending = ".inner" if helper == "data/inner.py" else ""
    write(tmp_path, {helper: "BASKETS = 'mine'", "shop.py": f"from data{ending} import BASKETS as SAYS"})
    assert says(tmp_path / "shop.py") == "mine"


def test_a_helper_comes_before_what_is_installed_as_in_a_script(tmp_path: Path) -> None:
    write(tmp_path, {"b/data.py": "SAYS = 'mine'", "b/shop.py": "from data import SAYS", "site/data.py": "SAYS = 'no'"})
    assert says(tmp_path / "b/shop.py", tmp_path / "site") == "mine"


@pytest.mark.parametrize("name", ["shop", "cart"])
def test_a_file_called_like_the_package_that_it_measures_does_not_stand_in_for_it(tmp_path: Path, name: str) -> None:
    """Its own name, and that of another workload beside it."""
    write(tmp_path, {"b/cart.py": "CART = Workload(...)", "b/shop.py": f"from {name} import SAYS"})
    write(tmp_path, {f"site/{name}/__init__.py": "SAYS = 'the package'"})
    assert says(tmp_path / "b/shop.py", tmp_path / "site") == "the package"


def test_a_plain_folder_yields_to_a_package_and_a_helper_to_the_standard_library(tmp_path: Path) -> None:
    write(tmp_path, {"b/data/baskets.csv": "", "b/statistics.py": "SAYS = 'no'", "site/data/__init__.py": ""})
    write(tmp_path, {"b/shop.py": "import data, statistics; SAYS = data.__file__, hasattr(statistics, 'median')"})
    assert says(tmp_path / "b/shop.py", tmp_path / "site") == str((str(tmp_path / "site/data/__init__.py"), True))


def test_a_helper_that_is_not_there_is_the_usual_error(tmp_path: Path) -> None:
    write(tmp_path, {"shop.py": "import nowhere"})
    assert says(tmp_path / "shop.py").endswith("ModuleNotFoundError: No module named 'nowhere'")


def test_two_files_of_one_process_each_have_their_own_helper(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, {"beside_me.py": f"SAYS = {name!r}", "load.py": "from beside_me import SAYS"})
    found = [load_module(str(tmp_path / name / "load.py")).SAYS for name in ("one", "two")]
    assert found == ["one", "two"]
    del sys.modules["beside_me"]


DATA = """
from pathlib import Path

from when_async import Param, Point, Workload


def body(kit, params):
    return lambda item: Path("data.txt").read_text()


def check(params, items, results):
    return results[0]


READS = Workload(
    name="reads", summary="reads", bodies={"blocking": body}, params=(Param("n", 1, 9, "ops"),), check=check,
    make_items=lambda params, seed: [0], grid={"quick": (Point(1, {"n": 1}),)},
)
"""


@pytest.mark.parametrize("runner", ["sync", "multiprocessing"])
def test_a_relative_path_leads_from_where_the_command_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: str
) -> None:
    write(tmp_path, {"b/reads.py": DATA, "data.txt": "from here"})
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "b" / "reads.py")
    asked = trial(collect(file, Workload)["reads"], collect(RUNNERS, Runner)[runner], "blocking", Point(1, {"n": 1}))
    options: dict[str, Any] = {"environ": child_environ(), "reaper": FakeReaper()}
    worker = Worker(sys.executable, asked, **options)
    try:
        worker.ready(30)
        worker.ask(30, do="open")
        assert worker.ask(30, do="round")["answer"] == "from here"
    finally:
        worker.kill()
