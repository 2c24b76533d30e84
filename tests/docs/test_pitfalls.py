"""Each pitfall runs as a script, shows its mistake and its cure, and what it says without a clock is true."""

from __future__ import annotations

import ast
import importlib.util
import multiprocessing
import platform
import re
import subprocess
import sys
import sysconfig
import threading
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


def test_11_a_pool_that_was_made_has_no_workers_until_it_is_primed() -> None:
    pitfall = load("11")
    others = len(multiprocessing.active_children())
    _, alive, results = pitfall.wrong()
    assert alive == others
    _, primed, same = pitfall.right()
    assert primed == others + pitfall.WORKERS
    assert results == same == list(range(pitfall.OPS, 0, -1))


def test_12_there_is_a_loop_for_each_op_and_then_one_for_all() -> None:
    pitfall = load("12")
    assert pitfall.wrong()[1] == pitfall.OPS
    assert pitfall.half_right()[1] == pitfall.right()[1] == 1


def test_13_with_and_without_the_wrapper_the_same_work_is_done() -> None:
    pitfall = load("13")
    assert pitfall.wrong()[2] == pitfall.right()[2] == pitfall.TASKS * pitfall.OPS


def test_14_nobody_is_answered_while_the_loop_computes() -> None:
    pitfall = load("14")
    assert pitfall.wrong()[1] == 0
    assert pitfall.right()[1] > 0


def test_15_the_observer_is_a_thread_of_the_observed_and_then_is_not() -> None:
    pitfall = load("15")
    before = threading.active_count()
    assert pitfall.wrong()[3] == before + 1
    assert pitfall.right()[3] == before


def test_16_a_stall_is_hidden_from_all_percentiles_by_timing_from_the_sending() -> None:
    pitfall = load("16")
    assert pitfall.wrong() == [1, 1, 1, 2001]
    assert pitfall.right() == [1, 1101, 1911, 2001]


def test_17_the_headline_is_known_before_the_run_and_no_model_beats_the_ideal() -> None:
    pitfall = load("17")
    assert pytest.approx(pitfall.IN_FLIGHT) == pitfall.ARITHMETIC
    assert all(overhead >= 0 for overhead in pitfall.right().values())


def test_18_only_the_server_sees_that_the_session_is_the_limit() -> None:
    pitfall = load("18")
    client, server, _ = pitfall.wrong()
    assert (client, server) == (pitfall.IN_FLIGHT, 4)
    client, server, _ = pitfall.right()
    assert client == pitfall.IN_FLIGHT
    assert 4 < server <= pitfall.IN_FLIGHT


def test_19_a_fresh_server_faults_at_each_message_until_glibc_is_told_to_keep_its_memory() -> None:
    pitfall = load("19")
    wrong, right = pitfall.wrong()[0], pitfall.right()[0]
    assert right < 0.1
    # The free-threaded builds and other C libraries have allocators that keep such blocks by themselves.
    its_own = platform.libc_ver()[0] != "glibc" or sysconfig.get_config_var("Py_GIL_DISABLED")
    assert wrong < 0.1 if its_own else wrong > 0.9
