"""What git leaves out of an exported commit and a side needs: version files, submodules, generated files, blobs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.repositories import IDENTITY, Repository, needs_git
from when_async.bench.environments.interpreters import run_command
from when_async.bench.environments.sources import SourceError, export
from when_async.bench.environments.versions import described, generated, takes_version, version_files

pytestmark = needs_git

FILE = "src/shop/_version.py"
SCM = f'[project]\nname = "shop"\ndynamic = ["version"]\n[tool.setuptools_scm]\nversion_file = "{FILE}"\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "cache"


@pytest.fixture
def mine(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "mine")
    made.commit({"pyproject.toml": SCM, "src/shop/__init__.py": "", ".gitignore": "_version.py\n*_pb2.py\n"})
    return made


@pytest.mark.parametrize(
    "text",
    [
        '[tool.setuptools_scm]\nversion_file = "src/shop/_version.py"',
        '[tool.setuptools_scm]\nwrite_to = "src/shop/_version.py"',
        '[tool.hatch.build.hooks.vcs]\nversion-file = "src/shop/_version.py"',
        '[tool.pdm.version]\nsource = "scm"\nwrite_to = "shop/_version.py"',
        '[tool.versioningit.write]\nfile = "src/shop/_version.py"',
    ],
)
def test_every_tool_has_its_own_word_for_the_file_of_a_version(tmp_path: Path, text: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text(text)
    assert version_files(tmp_path) == [FILE]
    assert takes_version(tmp_path)


def test_a_setup_script_may_say_it_too(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("setup(use_scm_version={'write_to': 'shop/_version.py'})")
    assert version_files(tmp_path) == ["shop/_version.py"]
    (tmp_path / "setup.py").write_text("setup(use_scm_version=True)")
    assert version_files(tmp_path) == []


def test_a_version_file_is_that_of_the_working_folder(mine: Repository) -> None:
    for text in ("__version__ = '7'", "__version__ = '8'"):
        mine.write({FILE: text})
        found = export("main", repository=mine.folder)
        assert (found.path / FILE).read_text() == text
        assert found.notes == (f"{FILE} of main is that of the working folder, since no commit holds it",)


def test_where_nobody_has_built_it_says_what_git_describes(mine: Repository) -> None:
    mine.git("tag", "v1.2")
    mine.commit({"more.py": ""})
    said: dict[str, object] = {}
    exec((export("main", repository=mine.folder).path / FILE).read_text(), said)
    assert str(said["__version__"]).startswith("1.2.post1+g")
    assert said["version_tuple"] == (1, 2)


@pytest.mark.parametrize(("tag", "version"), [("v1.0", "1.0"), ("shop-2.3.4", "2.3.4"), ("1.0rc1", "1.0rc1")])
def test_a_tag_is_a_version_without_its_prefix(mine: Repository, tag: str, version: str) -> None:
    mine.git("tag", tag)
    assert described("HEAD", mine.folder, run_command) == version
    compile(generated(version), "_version.py", "exec")


def test_a_file_that_the_commit_holds_is_never_touched(mine: Repository) -> None:
    mine.write({FILE: "committed"})
    mine.git("add", "--force", FILE)
    mine.commit({})
    mine.write({FILE: "built since"})
    found = export("main", repository=mine.folder, generated=["src/shop/*.py"])
    assert (found.path / FILE).read_text() == "committed"


def test_what_the_settings_call_generated_is_copied(mine: Repository) -> None:
    mine.write({"src/shop/order_pb2.py": "ORDER = 1", FILE: ""})
    found = export("main", repository=mine.folder, generated=["src/**/*_pb2.py"])
    assert (found.path / "src/shop/order_pb2.py").read_text() == "ORDER = 1"
    assert "src/shop/order_pb2.py of main is that of the working folder, as generated says" in found.notes


def with_submodule(mine: Repository, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.commit({"till.py": "SAYS = 1"})
    mine.git("submodule", "--quiet", "add", str(library.folder), "libs/till")
    mine.commit({})


def test_a_submodule_is_exported_at_the_commit_that_it_was_at(mine: Repository, tmp_path: Path) -> None:
    with_submodule(mine, tmp_path)
    Repository(mine.folder / "libs" / "till").commit({"till.py": "SAYS = 2"})
    mine.commit({})
    found = [export(ref, repository=mine.folder).path for ref in ("main~1", "main")]
    assert [(path / "libs/till/till.py").read_text() for path in found] == ["SAYS = 1", "SAYS = 2"]


def test_a_commit_of_a_submodule_that_was_not_fetched_is_refused_with_the_cure(
    mine: Repository, tmp_path: Path
) -> None:
    with_submodule(mine, tmp_path)
    missing = "1" * 40
    mine.git("update-index", "--cacheinfo", f"160000,{missing},libs/till")
    mine.git("commit", "--quiet", "--message", "a commit that nobody has")
    with pytest.raises(SourceError, match=rf"get it with: git -C libs/till fetch origin {missing}$"):
        export("main", repository=mine.folder)


def partial(mine: Repository, tmp_path: Path) -> Repository:
    """A clone without the contents of any file."""
    mine.git("config", "uploadpack.allowFilter", "true")
    mine.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return mine.clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")


def test_a_partial_clone_fetches_what_it_lacks(mine: Repository, tmp_path: Path) -> None:
    mine.commit({"old.py": "SAYS = 1"})
    clone = partial(mine, tmp_path)
    assert (export("HEAD", repository=clone.folder).path / "old.py").read_text() == "SAYS = 1"


def test_a_partial_clone_without_its_remote_is_refused_with_the_cure(mine: Repository, tmp_path: Path) -> None:
    clone = partial(mine, tmp_path)
    shutil.rmtree(mine.folder)
    with pytest.raises(SourceError, match=r"partial, get all of it with: git fetch --refetch --no-filter origin$"):
        export("HEAD", repository=clone.folder)
