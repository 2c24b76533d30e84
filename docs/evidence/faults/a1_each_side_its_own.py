"""The gate holds head against base and never a tree against itself."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import GATE, SLOWER, TOTAL, TWICE, project

MAPPED = '[tool.setuptools.package-dir]\nshop = "code/shop"\n'
POETRY = '[tool.poetry]\npackages = [{include = "shop", from = "code"}]\n'
HELPED = "from shop.sums import total\n"

KIND = Kind(
    name="the gate compares head with head",
    promise="each side runs its own tree, or the gate ends with the module, its path and the cure (exit 3)",
    inputs=(
        Input(
            "a package in python/, head twice as slow",
            GATE,
            SLOWER,
            1,
            files=project("python", TWICE, '[tool.setuptools.packages.find]\nwhere = ["python"]\n'),
            base={"python/shop/__init__.py": TOTAL},
            handed="01",
        ),
        Input(
            "a package that package-dir of setuptools maps, head twice as slow",
            GATE,
            SLOWER,
            1,
            files=project("code", TWICE, MAPPED),
            base={"code/shop/__init__.py": TOTAL},
        ),
        Input(
            "a package that Poetry takes from code/, head twice as slow",
            GATE,
            SLOWER,
            1,
            files=project("code", TWICE, POETRY),
            base={"code/shop/__init__.py": TOTAL},
        ),
        Input(
            "a module of the package is the slow one, the package itself is unchanged",
            GATE,
            SLOWER,
            1,
            files={**project("src", HELPED), "src/shop/sums.py": TWICE},
            base={"src/shop/sums.py": TOTAL},
        ),
    ),
    tests=(
        "test_a_package_in_a_folder_that_pyproject_names_is_that_of_each_side",
        "test_an_editable_install_of_the_working_folder_does_not_serve_base",
        "test_a_copy_that_is_installed_ends_the_gate_with_module_path_and_cure",
        "test_code_of_the_other_tree_ends_the_gate_with_module_path_and_cure",
    ),
)
