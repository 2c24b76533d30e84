"""Where a project keeps its packages, in the words of each build backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from when_async.bench.environments.layout import layout, own_roots


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[tool.setuptools.packages.find]\nwhere = ["nowhere", "code"]'),
        ("pyproject.toml", '[tool.setuptools.package-dir]\n"" = "code"'),
        ("pyproject.toml", '[tool.setuptools.package-dir]\nshop = "code/shop"'),
        ("pyproject.toml", '[tool.poetry]\npackages = [{include = "shop"}, {include = "shop", from = "code"}]'),
        ("pyproject.toml", '[tool.hatch.build.targets.wheel]\npackages = ["code/shop"]'),
        ("pyproject.toml", '[tool.hatch.build.targets.wheel]\nsources = ["code"]'),
        ("pyproject.toml", '[tool.hatch.build]\ndev-mode-dirs = ["code"]'),
        ("pyproject.toml", '[tool.hatch.build.targets.wheel.force-include]\n"code/shop" = "shop"'),
        ("pyproject.toml", '[tool.pdm.build]\npackage-dir = "code"'),
        ("pyproject.toml", '[tool.maturin]\npython-source = "code"'),
        ("pyproject.toml", '[tool.scikit-build]\nwheel.packages = ["code/shop"]'),
        ("pyproject.toml", '[tool.scikit-build.wheel.packages]\n"shop" = "code/shop"'),
        ("pyproject.toml", '[tool.uv.build-backend]\nmodule-root = "code"'),
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = "code"'),
        ("setup.cfg", "[options]\npackage_dir =\n    = code\n"),
        ("setup.cfg", "[options]\npackages = find:\n[options.packages.find]\nwhere = code\n"),
        ("setup.py", "import setuptools as s\ns.setup(packages=s.find_packages('code'), package_dir={'': 'code'})"),
        ("setup.py", "from setuptools import *\nsetup(packages=find_namespace_packages(where='code'))"),
    ],
)
def test_every_build_backend_has_its_own_words_for_a_folder(tmp_path: Path, file: str, text: str) -> None:
    written(tmp_path, {file: text, "code/shop/__init__.py": ""})
    assert layout(tmp_path).roots == ["code", "."]
    assert own_roots(str(tmp_path)) == (str(tmp_path / "code"), str(tmp_path))


def test_a_package_that_is_called_otherwise_than_its_folder_is_found_by_its_name(tmp_path: Path) -> None:
    for text in (
        '[tool.setuptools.package-dir]\nshop = "code/ours"',
        '[tool.hatch.build]\nsources."code/ours" = "shop"',
    ):
        written(tmp_path, {"pyproject.toml": text, "code/ours/__init__.py": ""})
        assert layout(tmp_path).aliases == {"shop": "code/ours"}


def test_what_cannot_be_read_or_is_not_there_leaves_src_and_the_top(tmp_path: Path) -> None:
    broken = {"pyproject.toml": "[", "setup.cfg": "nonsense", "setup.py": "def"}
    odd = {"pyproject.toml": "[tool]\nsetuptools = 3\npoetry.packages = [7]\nhatch.build.packages = 1\n"}
    for files in (broken, odd, {"pyproject.toml": '[tool.pdm.build]\npackage-dir = "gone"', "src/shop.py": ""}):
        assert layout(written(tmp_path, files)).roots[-1] == "."
    assert layout(tmp_path).roots == ["src", "."]
