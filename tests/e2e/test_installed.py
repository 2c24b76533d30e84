"""What is installed takes one name, and lives beside a user's own bench, workloads, results and reports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.commands import PATIENCE_S, ROOT

pytest.importorskip("hatchling", reason="hatchling builds the package; pip install 'when-async[test]'")
ROOMS = ("bench", "workloads", "results", "reports")
LEFT = (".git", ".venv", ".tox", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "out")
SHOP = """
from when_async import Param, Point, Workload, WrongAnswer


def pure(kit, params):
    from bench.own import double

    return double


def check(params, items, results):
    if results != [2 * item for item in items]:
        raise WrongAnswer("a number is not doubled")
    return "doubled"


SHOP = Workload(
    name="shop", summary="doubles", bodies={"pure": pure}, params=(Param("n", 1, 1000, "how many"),),
    make_items=lambda params, seed: list(range(params["n"])), check=check,
    grid={"smoke": (Point(2, {"n": 8}),), "gate": (Point(2, {"n": 8}),)},
)
"""
OWN_TEST = """
from bench.own import double
from reports.own import SAYS as reports
from results.own import SAYS as results
from workloads.own import SAYS as workloads


def test_my_own_modules_are_mine():
    assert double(2) == 4
    assert (workloads, results, reports) == ("my workloads", "my results", "my reports")
"""


@dataclass(frozen=True)
class Built:
    """A wheel and an sdist of this tree; wheels of the unpacked sdist, and of a tree as a forge's ZIP unpacks it."""

    wheel: Path
    sdist: Path
    of_sdist: Path
    of_zip: Path


def build(folder: Path, target: str, to: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(to)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    (made,) = to.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*LEFT))
    for private in ("results/runs/mine.jsonl", "reports/out/index.html", "results/baseline/accepted.json"):
        (tree / private).parent.mkdir(parents=True, exist_ok=True)
        (tree / private).write_text("of this machine")
    wheel, sdist = build(tree, "wheel", folder / "wheel"), build(tree, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (again,) = (folder / "unpacked").iterdir()
    for room in ROOMS:
        # What unpacks a ZIP makes a text file of a link.
        link = tree / "src" / "when_async" / room
        target = str(link.readlink())
        link.unlink()
        link.write_text(target)
    return Built(
        wheel, sdist, build(again, "wheel", folder / "of_sdist"), build(tree, "wheel", folder / "of_zip")
    )  # fmt: skip


def content(wheel: Path) -> Mapping[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: each.file_size for each in archive.infolist() if ".dist-info/" not in each.filename}


def test_a_wheel_takes_one_name_and_holds_every_file_of_the_rooms_and_none_of_this_machine(built: Built) -> None:
    files = content(built.wheel)
    assert {name.partition("/")[0] for name in files} == {"when_async"}
    ours = {
        f"when_async/{path.relative_to(ROOT)}" for room in ROOMS for path in (ROOT / room).rglob("*.py")
    }  # fmt: skip
    assert ours <= {*files}
    assert "when_async/reports/templates/page.html.j2" in files
    assert "when_async/results/reference/advice.json" in files
    recorded = ("results/reference/gate-", "results/reference/noise-")
    private = ("results/runs/", "reports/out/", "results/baseline/", *recorded)
    assert [name for name in files if name.removeprefix("when_async/").startswith(private)] == []


def test_a_wheel_of_the_sdist_and_one_of_a_zip_are_the_wheel_of_the_tree(built: Built) -> None:
    assert content(built.of_sdist) == content(built.wheel)
    assert content(built.of_zip) == content(built.wheel)


@dataclass(frozen=True)
class Installed:
    """An environment with nothing but our package, which sees the libraries of the running one, and a user's folder."""

    bin: Path
    site: Path
    folder: Path

    def run(self, *command: object, code: int = 0, **variables: str) -> str:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
        mine = {"WHEN_ASYNC_LOCK": str(self.folder / "lock"), "WHEN_ASYNC_CACHE": str(self.folder.parent / "cache")}
        done = subprocess.run(
            [str(self.bin / str(command[0])), *map(str, command[1:])], cwd=self.folder, capture_output=True, text=True,
            env={**environ, **mine, **variables}, stdin=subprocess.DEVNULL, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


def environment(folder: Path, package: Path) -> tuple[Path, Path]:
    """The folders of programs and of packages of a fresh environment with `package` installed."""
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    python = folder / "bin" / "python"
    # A line of a path brings the libraries and not what their .pth files say, where our working copy is named.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--no-build-isolation", "-q",
               "--python", str(python), str(package)]  # fmt: skip
    subprocess.run(command, check=True, timeout=PATIENCE_S)
    return folder / "bin", site


def users_folder(folder: Path, packages: bool) -> None:
    """A repository that has folders of all four names, as packages or not, with its own tests."""
    files = {f"{room}/own.py": f"SAYS = 'my {room}'\n" for room in ROOMS}
    files["bench/own.py"] += "\n\ndef double(number):\n    return 2 * number\n"
    files |= {f"{room}/__init__.py": "" for room in ROOMS if packages}
    plain = SHOP.replace("SHOP", "PLAIN").replace("shop", "plain")
    plain = plain.replace("    from bench.own import double\n\n    return double", "    return lambda item: 2 * item")
    files |= {"benchmarks/shop.py": SHOP, "benchmarks/plain.py": plain, "tests/test_own.py": OWN_TEST}
    files[".gitignore"] = "__pycache__\nlock\n"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "begin"]):
        subprocess.run([*git, *words], cwd=folder, check=True)


@pytest.fixture(scope="module", params=["wheel beside packages", "sdist beside folders"])
def installed(request: Any, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    what, _, beside = request.param.partition(" beside ")
    folder = tmp_path_factory.mktemp("installed")
    paths = environment(folder / "venv", built.wheel if what == "wheel" else built.sdist)
    mine = folder / f"mine with {beside}"
    mine.mkdir()
    users_folder(mine, beside == "packages")
    return Installed(*paths, mine)


def test_one_name_is_installed(installed: Installed) -> None:
    names = {path.name for path in installed.site.iterdir()} - {"libraries.pth", "__pycache__"}
    assert {name for name in names if not name.endswith(".dist-info")} == {"when_async"}
    assert not any((installed.site / "when_async" / room).is_symlink() for room in ROOMS)
    code = "import when_async; print(when_async.__file__)"
    assert installed.run("python", "-P", "-c", code).startswith(str(installed.site))


def test_a_users_own_modules_and_tests_of_these_names_are_his(installed: Installed) -> None:
    said = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert "1 passed" in said


def test_a_run_measures_a_file_of_the_user_with_his_folder_on_the_path(installed: Installed) -> None:
    arguments = ("run", "--profile", "smoke", "-w", "benchmarks/plain.py", "-r", "sync", "-r", "asyncio", "--queue")
    said = installed.run("when-async", *arguments, PYTHONPATH=".")
    assert "plain[" in said
    assert "FAILED" not in said
    (kept,) = (installed.folder / ".when-async" / "runs").glob("*.jsonl")
    assert (installed.folder / ".when-async" / ".gitignore").is_file()
    assert kept.stat().st_size > 0


def test_a_function_of_the_users_bench_is_tried(installed: Installed) -> None:
    said = installed.run("when-async", "try", "bench.own:double", "--args", "[2]", "--forks", "1", "-n", "8", "--queue")
    assert "threading" in said
    assert "FAILED" not in said


@pytest.mark.parametrize("ahead", [True, False])
def test_the_module_that_pythonpath_leads_to_comes_before_one_that_is_installed(
    installed: Installed, tmp_path: Path, ahead: bool
) -> None:
    mine = "def cents(n):\n    open({!r}, 'a').write('{}')\n    return n\n"
    for place, folder in (("path", tmp_path / "lib"), ("site", installed.site)):
        folder.mkdir(exist_ok=True)
        (folder / "pricing.py").write_text(mine.format(str(tmp_path / "seen"), place[0]))
    arguments = ("try", "pricing:cents", "--args", "[2]", "--forks", "1", "-n", "2", "-r", "sync", "--queue")
    try:
        installed.run("when-async", *arguments, PYTHONPATH=str(tmp_path / "lib") if ahead else "")
    finally:
        (installed.site / "pricing.py").unlink()
    assert set((tmp_path / "seen").read_text()) == {"p" if ahead else "s"}


def test_the_gate_measures_the_users_bench_on_both_sides(installed: Installed) -> None:
    arguments = ("gate", "--base", "HEAD", "-w", "benchmarks/shop.py", "-r", "sync", "--no-controls", "--queue")
    said = installed.run("when-async", *arguments, "--margin", "100%", "--budget", "60s", "-v", PYTHONPATH="")
    assert "shop[n=8,c=2]-sync" in said
    assert "PASS" in said


def test_the_plugin_is_there_without_being_named_and_measures(installed: Installed) -> None:
    cells = "when_async.bench.plugin.test_workloads"
    arguments = ("--pyargs", cells, "--when-workload", "sleep", "--when-runner", "sync")
    twice = ("-p", "when_async.bench.plugin.hooks") if "packages" in str(installed.folder) else ()
    said = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *twice, *arguments)
    assert "passed" in said


def test_the_sealed_tree_of_an_installation_has_nothing_of_results_and_reports(installed: Installed) -> None:
    code = (
        "import subprocess, sys\n"
        "from when_async.bench.environments.provision import child_environ\n"
        'look = \'import importlib.util as u; print([u.find_spec(n) for n in ("when_async.results", '
        '"when_async.reports", "results", "pandas")]); \'\n'
        "look += 'import when_async.bench.worker, when_async.workloads.sleep'\n"
        "print(subprocess.run([sys.executable, '-P', '-S', '-c', look], env=child_environ(), capture_output=True, "
        "text=True, check=True).stdout)"
    )
    assert installed.run("python", "-P", "-c", code).strip() == str([None] * 4)
