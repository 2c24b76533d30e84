"""Files that a build writes, submodules and half clones: they work, or are refused first with the cure."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import GATE, IGNORED, SLOWER, TOTAL, TWICE, project

SCM = '[build-system]\nrequires = ["setuptools>=64", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
SCM_FILE = '[tool.setuptools_scm]\nversion_file = "src/shop/_version.py"\n'
HATCH = '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
HATCH_FILE = '[tool.hatch.build.hooks.vcs]\nversion-file = "src/shop/_version.py"\n'
VERSIONED = "from ._version import __version__\n"
WRITES = "echo '__version__ = \"1\"' > src/shop/_version.py; "


def versioned(what: str, pyproject: str, **more: str) -> Input:
    files = project("src", VERSIONED + TWICE, pyproject)
    files[".gitignore"] = IGNORED + "src/shop/_version.py\n"
    return Input(what, WRITES + GATE, SLOWER, 1, files=files, base={"src/shop/__init__.py": VERSIONED + TOTAL}, **more)


KIND = Kind(
    name="a version that a build writes, a generated file, a submodule or a blobless clone breaks a side",
    promise="works on both sides, or one line names what is missing and the cure before anything is measured",
    inputs=(
        versioned("setuptools-scm writes _version.py", SCM_FILE, handed="13"),
        versioned("hatch-vcs writes _version.py", HATCH_FILE),
        Input(
            "a module that a generator wrote and git ignores",
            "echo 'RATE = 19' > src/shop/made_pb2.py; " + GATE,
            "generated",
            3,
            files={**project("src", "from .made_pb2 import RATE\n" + TOTAL), ".gitignore": IGNORED + "*_pb2.py\n"},
            base={},
        ),
        Input(
            "a blobless clone of the repository",
            "git config uploadpack.allowFilter true; cd ..; git clone -q "
            "--filter=blob:none file://$PWD/project half; cd half; cat ../project/src/shop/__init__.py > "
            "src/shop/__init__.py; " + GATE,
            SLOWER,
            1,
            files=project("src", TWICE),
            base={"src/shop/__init__.py": TOTAL},
        ),
        Input(
            "a shallow clone that has no base",
            "git commit -qam head; cd ..; git clone -q --depth 1 "
            "file://$PWD/project half; cd half; " + GATE.replace("main", "main~1"),
            "fetch|depth|shallow",
            2,
            files=project("src", TWICE),
            base={"src/shop/__init__.py": TOTAL},
        ),
        Input(
            "a submodule that is not checked out in base",
            "git init -q ../lib; cd ../lib; echo 'RATE = 19' > rate.py; "
            "git add -A; git commit -qm lib; cd ../project; git -c protocol.file.allow=always submodule -q add "
            "../lib src/shop/lib; git commit -qm sub; " + GATE,
            "submodule|no slow-down|PASS|new",
            (0, 3, 4),
            files=project("src", "from .lib.rate import RATE\n" + TOTAL),
            base={},
        ),
    ),
    tests=(
        "test_a_version_that_a_build_writes_is_there_on_both_sides",
        "test_what_head_imports_and_git_ignores_ends_the_gate_before_anything_is_measured",
        "test_a_side_that_lacks_a_generated_module_is_told_so_and_generated_is_the_cure",
    ),
)
