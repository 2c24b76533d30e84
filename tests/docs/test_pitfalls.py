"""Each pitfall runs as a script, shows its mistake and its cure, and what it says without a clock is true."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "pitfalls"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
HANG_S = 60


def load(number: str) -> ModuleType:
    """The pitfall of that number as a module; its main() does not run."""
    path = next(path for path in SCRIPTS if path.name.startswith(number))
    spec = importlib.util.spec_from_file_location(f"pitfall_{number}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_without_our_packages_and_prints_both_sides(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=HANG_S
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"^wrong: .*\d", done.stdout, re.MULTILINE)
    assert re.search(r"^right: .*\d", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_says_what_goes_wrong_and_imports_the_standard_library_only(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    said = ast.get_docstring(tree) or ""
    assert said.startswith("What goes wrong: ")
    assert "What you will see: " in said
    assert {"wrong", "right", "main"} <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_list_names_every_script_in_reading_order() -> None:
    listed = re.findall(r"^\| \[(.+?)\]\((.+?)\)", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in listed] == [script.name for script in SCRIPTS]
    assert all(name == target for name, target in listed)
    assert [script.name[:2] for script in SCRIPTS] == [f"{number:02d}" for number in range(1, len(SCRIPTS) + 1)]


def test_01_a_coroutine_that_is_only_made_runs_nothing() -> None:
    pitfall = load("01")
    assert pitfall.wrong()[1] == 0
    assert pitfall.right()[1] == pitfall.OPS


def test_03_the_wrong_count_holds_the_failures() -> None:
    pitfall = load("03")
    assert pitfall.wrong()[0] == 90
    assert pitfall.right()[0] == 30


def test_04_the_pools_are_unequal_first_and_then_equal() -> None:
    pitfall = load("04")
    _, threads, tasks = pitfall.wrong()
    assert threads <= 10
    assert tasks == 100
    _, threads, tasks = pitfall.right()
    assert threads <= 20
    assert tasks == 20


def test_05_both_ways_of_handing_out_do_the_same_work() -> None:
    pitfall = load("05")
    assert pitfall.wrong()[1] == pitfall.right()[1] == list(range(pitfall.OPS))


def test_06_no_heartbeat_comes_while_the_loop_is_blocked() -> None:
    pitfall = load("06")
    assert pitfall.wrong()[1] == 0
    assert pitfall.right()[1] > 0


def test_07_a_fixed_order_blames_the_drift_on_whoever_runs_last() -> None:
    pitfall = load("07")
    assert pitfall.wrong() > 1.1
    assert pitfall.right() == pytest.approx(1.0, abs=0.01)


def test_08_half_of_the_updates_are_lost_without_a_lock_and_none_with_one() -> None:
    pitfall = load("08")
    assert pitfall.wrong() == (1000, 500)
    assert pitfall.right() == (1000, 1000)


def test_09_a_semaphore_of_one_loop_refuses_the_ops_of_another() -> None:
    pitfall = load("09")
    done, refused, peak, said = pitfall.wrong()
    assert (done, refused, said) == (4, 4, "is bound to a different event loop")
    assert peak <= pitfall.LIMIT
    done, refused, peak, _ = pitfall.right()
    assert (done, refused) == (8, 0)
    assert peak <= pitfall.LIMIT
