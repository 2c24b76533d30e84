"""Which code runs in the gate: each side its own, wherever a project keeps it and however it is installed.

Nothing is timed; the gate is stopped before its first pair. What is installed as editable is so in a virtual
environment of the test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.commands import PATIENCE_S, ROOT
from support.repositories import IDENTITY, Repository, needs_git

pytestmark = needs_git

LOOK = ROOT / "tests" / "support" / "look_only.py"
WORKLOAD = """
from when_async import Param, Point, Workload
{imports}

def blocking(kit, params):
    from shop import total
    return total


def check(params, items, results):
    return f"{{len(results)}} totals"


CHECKOUT = Workload(
    name="checkout", summary="totals", bodies={{"blocking": blocking}}, params=(Param("n", 1, 1000, "baskets"),),
    make_items=lambda params, seed: [[1, 2]] * int(params["n"]), check=check,
    grid={{"quick": (Point(1, {{"n": 3}}),)}},
)
"""
TOTAL = "def total(prices):\n    return sum(prices)\n"
IGNORED = "lock\ncache\nenv\n.when-async\n__pycache__\n*.egg-info\n"


@dataclass
class User:
    """Somebody with a repository and a virtual environment in which when-async is installed."""

    repository: Repository
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.repository.folder

    @property
    def site(self) -> Path:
        (found,) = (self.folder.parent / "env").glob("lib/python*/site-packages")
        return found

    def installs(self, files: Mapping[str, str]) -> None:
        """Files in site-packages; `{here}` is the working folder."""
        for name, text in files.items():
            (self.site / name).parent.mkdir(parents=True, exist_ok=True)
            (self.site / name).write_text(text.replace("{here}", str(self.folder)), encoding="utf-8")

    def gate(self, *arguments: str, base: str = "main", workload: str = "benchmarks/shop.py") -> Any:
        """The modules of each side, or the one line that the gate ends with; the exit code before it."""
        words = ("gate", "--base", base, "-w", workload, "-r", "sync", *arguments)
        done = subprocess.run(
            [str(self.folder.parent / "env/bin/python"), "-P", str(LOOK), *words], cwd=self.folder, env=self.variables,
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
        lines = [line for line in done.stderr.splitlines() if line.startswith("when-async: ")]
        assert len(lines) == 1, done.stdout + done.stderr
        return done.returncode, lines[0].removeprefix("when-async: ")

    @property
    def variables(self) -> dict[str, str]:
        outer = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "PYTHON"))
        }
        kept = {name: str(self.folder.parent / name[11:].lower()) for name in ("WHEN_ASYNC_CACHE", "WHEN_ASYNC_LOCK")}
        return {**outer, **IDENTITY, **kept, **self.environ}

    def each_has_its_own(self, *names: str, **options: Any) -> dict[str, Any]:
        """Assert that both sides import these modules, base from the cache and head from the working folder."""
        seen: dict[str, Any] = self.gate(**options)
        assert isinstance(seen, dict), seen
        assert seen["failed"] == {}
        for name in names or ("shop",):
            base, head = (Path(seen[side][name]).resolve() for side in ("base", "head"))
            assert base.is_relative_to((self.folder.parent / "cache" / "refs").resolve()), base
            assert head.is_relative_to(self.folder.resolve()), head
        return seen


@pytest.fixture
def user(tmp_path: Path) -> User:
    made = User(Repository(tmp_path / "project"))
    venv.create(tmp_path / "env", symlinks=True, with_pip=False)
    ours = [sysconfig.get_paths()["purelib"], str(ROOT / "src")]
    (made.site / "ours.pth").write_text("\n".join(ours) + "\n", encoding="utf-8")
    return made


def project(root: str, pyproject: str = "", **more: str) -> dict[str, str]:
    """The files of a project with the package shop in a folder."""
    text = f'[project]\nname = "shop"\nversion = "1"\n{pyproject}'
    files = {
        f"{root}/shop/__init__.py": TOTAL,
        "benchmarks/shop.py": WORKLOAD.format(imports=""),
        ".gitignore": IGNORED,
    }
    return {"pyproject.toml": text, **files, **more}


FINDER = """
import sys
from importlib.machinery import PathFinder


class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, ["{here}/code"]) if name == "shop" else None


sys.meta_path.insert(0, Finder)
"""
SETUPTOOLS = """
from setuptools.command.editable_wheel import _finder_template
print(_finder_template("__editable___shop_1_finder", {mapping!r}, {namespaces!r}))
"""
EDITABLE = {
    "shop-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: shop\nVersion: 1\n",
    "shop-1.dist-info/direct_url.json": '{"dir_info": {"editable": true}, "url": "file://{here}"}',
    "shop-1.dist-info/top_level.txt": "shop\n",
}


def test_a_package_in_a_folder_that_pyproject_names_is_that_of_each_side(user: User) -> None:
    user.repository.commit(project("python", '[tool.setuptools.packages.find]\nwhere = ["python"]\n'))
    user.repository.write({"python/shop/__init__.py": "VAT = 19\n" + TOTAL})
    user.installs({"shop.pth": "{here}/python\n"})
    user.each_has_its_own()


@pytest.mark.parametrize("installed", ["pth", "finder", "first", "nothing but PYTHONPATH"])
def test_an_editable_install_of_the_working_folder_does_not_serve_base(user: User, installed: str) -> None:
    """In a folder that no file of the project names."""
    user.repository.commit(project("code"))
    if installed == "pth":
        user.installs({"shop.pth": "{here}/code\n"})
    elif installed == "finder":
        user.installs({**EDITABLE, **finder(user, {"shop": f"{user.folder}/code/shop"})})
    elif installed == "first":
        user.installs({**EDITABLE, "shop_editable.py": FINDER, "shop.pth": "import shop_editable\n"})
    else:
        user.environ["PYTHONPATH"] = "code"
    user.each_has_its_own()


def finder(user: User, mapping: Mapping[str, str], namespaces: Mapping[str, list[str]] | None = None) -> dict[str, str]:
    """What `pip install --editable` with setuptools puts into site-packages."""
    pytest.importorskip("setuptools", reason="setuptools writes the finder; pip install setuptools")
    code = SETUPTOOLS.format(mapping=dict(mapping), namespaces=dict(namespaces or {}))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    start = "import __editable___shop_1_finder; __editable___shop_1_finder.install()\n"
    return {"__editable___shop_1_finder.py": done.stdout, "__editable__.shop-1.pth": start}


def test_a_package_may_be_called_otherwise_than_its_folder(user: User) -> None:
    files = project("src", '[tool.setuptools.package-dir]\nshop = "code/shop_of_ours"\n')
    files["code/shop_of_ours/__init__.py"] = files.pop("src/shop/__init__.py")
    user.repository.commit(files)
    user.each_has_its_own()


def test_a_namespace_is_not_filled_up_from_the_working_folder(user: User) -> None:
    """Head has a module more; base must go without it, as its commit does."""
    tries = "try:\n    import firm.fast as fast\nexcept ImportError:\n    import firm.slow as fast\n"
    files = project("code", **{"code/firm/slow.py": ""})
    user.repository.commit({**files, "code/shop/__init__.py": tries + TOTAL})
    user.repository.write({"code/firm/fast.py": ""})
    places = {"firm": [f"{user.folder}/code/firm"]}
    user.installs({**EDITABLE, **finder(user, {"shop": f"{user.folder}/code/shop"}, places)})
    seen = user.each_has_its_own()
    assert ("firm.slow" in seen["base"], "firm.fast" in seen["base"]) == (True, False)
    assert "firm.fast" in seen["head"]


def test_a_neighbour_in_the_same_repository_is_that_of_the_same_commit(user: User) -> None:
    files = {f"packages/one/{name}": text for name, text in project("src").items()}
    files["packages/two/code/till.py"] = ""
    files["packages/one/src/shop/__init__.py"] = "import till\n" + TOTAL
    user.repository.commit(files)
    user.installs({"till.pth": "{here}/packages/two/code\n"})
    inner = User(user.repository, user.environ)
    inner.repository = type(user.repository).__new__(type(user.repository))
    inner.repository.folder = user.folder / "packages" / "one"
    os.symlink(user.folder.parent / "env", inner.folder.parent / "env")
    seen = inner.gate()
    assert "refs" in seen["base"]["till"]
    assert seen["head"]["till"] == str(user.folder / "packages/two/code/till.py")


def test_a_copy_that_is_installed_ends_the_gate_with_module_path_and_cure(user: User) -> None:
    """No file says where the sources are, so that both sides would run the installed copy."""
    user.repository.commit(project("hidden"))
    record = "shop/__init__.py,,\nshop-1.dist-info/METADATA,,\nshop-1.dist-info/RECORD,,\n"
    user.installs({"shop/__init__.py": TOTAL, "shop-1.dist-info/METADATA": EDITABLE["shop-1.dist-info/METADATA"]})
    user.installs({"shop-1.dist-info/RECORD": record})
    code, line = user.gate()
    assert code == 3
    assert line.startswith(f"base: shop came from an installed copy, {user.site / 'shop/__init__.py'}; uninstall")
    assert line.endswith("--install")


def test_code_of_the_other_tree_ends_the_gate_with_module_path_and_cure(user: User) -> None:
    """A benchmark that puts a folder of the working copy on sys.path itself."""
    files = project("hidden")
    files["benchmarks/shop.py"] = WORKLOAD.format(imports=f"import sys; sys.path.insert(0, '{user.folder}/hidden')")
    user.repository.commit(files)
    code, line = user.gate()
    assert code == 3
    assert line.startswith(f"base: shop came from {user.folder}/hidden/shop/__init__.py, which is not in its own tree;")
    assert "--install" in line


def test_libraries_in_an_ignored_folder_are_the_same_for_both_sides(user: User) -> None:
    files = project("src")
    files["src/shop/__init__.py"] = "import deps_of_ours\n" + TOTAL
    user.repository.commit({**files, ".gitignore": IGNORED + ".deps\n"})
    user.repository.write({".deps/deps_of_ours.py": ""})
    user.environ["PYTHONPATH"] = ".deps"
    user.each_has_its_own()


def test_a_helper_beside_a_workload_is_that_of_each_side(user: User) -> None:
    files = project("src", **{"benchmarks/data.py": "BASKETS = 1\n"})
    files["benchmarks/shop.py"] = WORKLOAD.format(imports="from data import BASKETS\n")
    user.repository.commit(files)
    user.each_has_its_own("shop", "data")


def test_a_folder_may_have_brackets_in_its_name(tmp_path: Path, user: User) -> None:
    user.repository.commit(project("src"))
    folder = tmp_path / "shop[old] a,b=c"
    user.folder.rename(folder)
    user.repository.folder = folder
    user.each_has_its_own(workload=str(folder / "benchmarks" / "shop.py"))


def test_what_head_imports_and_git_ignores_ends_the_gate_before_anything_is_measured(user: User) -> None:
    """Base takes the slow way round without a word, and would be held against the fast one."""
    files = project("src", **{".gitignore": IGNORED + "fast.py\n"})
    files["src/shop/__init__.py"] = "try:\n    from . import fast\nexcept ImportError:\n    pass\n" + TOTAL
    user.repository.commit(files)
    user.repository.write({"src/shop/fast.py": ""})
    code, line = user.gate()
    assert code == 3
    assert line.startswith(
        "head imports shop.fast from src/shop/fast.py, which git ignores and base has not; commit it"
    )


def test_a_new_file_that_is_not_added_yet_is_no_generated_one(user: User) -> None:
    user.repository.commit(project("src"))
    user.repository.write({"src/shop/__init__.py": "from . import later\n" + TOTAL, "src/shop/later.py": ""})
    assert "shop.later" in user.each_has_its_own()["head"]


def test_a_side_that_lacks_a_generated_module_is_told_so_and_generated_is_the_cure(user: User) -> None:
    files = project("src", **{".gitignore": IGNORED + "*_pb2.py\n"})
    files["src/shop/__init__.py"] = "from . import order_pb2\n" + TOTAL
    user.repository.commit(files)
    user.repository.write({"src/shop/order_pb2.py": ""})
    code, line = user.gate()
    assert (code, line.partition(",")[0]) == (3, "base needs src/shop/order_pb2.py")
    setting = '[tool.when-async.gate]\ngenerated = ["src/shop/*_pb2.py"]\n'
    user.repository.write({"pyproject.toml": files["pyproject.toml"] + setting})
    user.each_has_its_own("shop.order_pb2")


def test_a_version_that_a_build_writes_is_there_on_both_sides(user: User) -> None:
    files = project("src", '[tool.setuptools_scm]\nversion_file = "src/shop/_version.py"\n')
    files[".gitignore"] = IGNORED + "_version.py\n"
    files["src/shop/__init__.py"] = "from ._version import __version__\n" + TOTAL
    user.repository.commit(files)
    code, line = user.gate()
    assert (code, line.rpartition(": ")[2]) == (3, "pip install --editable .")
    user.repository.write({"src/shop/_version.py": "__version__ = '1'\n"})
    user.each_has_its_own("shop._version")
