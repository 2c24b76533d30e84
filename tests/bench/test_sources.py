"""Refs and folders become trees that workers import from; on real, small repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.repositories import IDENTITY, Repository, needs_git
from when_async.bench.environments import sources, trees
from when_async.bench.environments.interpreters import Completed, NoEnvironment
from when_async.bench.environments.provision import child_environ
from when_async.bench.environments.sources import (
    MARKER,
    Source,
    SourceError,
    export,
    project,
    prune,
    python_path,
    reroot,
)
from when_async.bench.environments.trees import bytecode_of, source_tree

pytestmark = needs_git


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture
def mine(tmp_path: Path) -> Repository:
    """Two commits: mine.py says 1, then 2."""
    repository = Repository(tmp_path / "mine")
    repository.commit({"mine.py": "SAYS = 1\n", "benchmarks/load.py": "", "pyproject.toml": ""})
    repository.commit({"mine.py": "SAYS = 2\n"})
    return repository


def take(ref: str, repository: Repository) -> Source:
    return export(ref, repository=repository.folder)


def refusal(ref: str, repository: Repository) -> str:
    with pytest.raises(SourceError) as error:
        take(ref, repository)
    assert "\n" not in str(error.value)
    return str(error.value)


def says(source: Source) -> str:
    return (source.path / "mine.py").read_text()


def test_a_bad_source_is_an_error_that_the_front_door_tells_in_one_line() -> None:
    assert issubclass(SourceError, NoEnvironment)


def test_a_commit_is_exported_into_the_cache_and_the_working_folder_stays_as_it_is(
    mine: Repository, cache: Path
) -> None:
    mine.write({"mine.py": "SAYS = 3\n"})
    before = mine.git("status", "--porcelain")
    found = take("HEAD~1", mine)
    assert (says(found), found.commit, found.dirty) == ("SAYS = 1\n", mine.git("rev-parse", "HEAD~1"), False)
    assert found.path == found.root == cache / "refs" / str(found.commit)[:12]
    assert found.name == str(found.commit)[:12]
    assert mine.git("status", "--porcelain") == before
    assert (mine.folder / "mine.py").read_text() == "SAYS = 3\n"


def test_branches_tags_and_hashes_are_all_refs(mine: Repository, tmp_path: Path) -> None:
    old = mine.git("rev-parse", "HEAD~1")
    mine.git("branch", "feature/old", old)
    mine.git("tag", "--annotate", "v1", "--message", "one", old)
    for ref in ("feature/old", "v1", old, old[:8], "HEAD^", "main~1"):
        assert says(take(ref, mine)) == "SAYS = 1\n", ref
    clone = mine.clone(tmp_path / "clone")
    assert says(take("origin/main", clone)) == "SAYS = 2\n"


def test_a_file_that_is_left_out_of_archives_is_exported_all_the_same(mine: Repository) -> None:
    mine.commit({".gitattributes": "benchmarks export-ignore\n"})
    assert (take("HEAD", mine).path / "benchmarks" / "load.py").is_file()


def test_a_commit_is_exported_once(mine: Repository) -> None:
    first = take("main", mine)
    (first.path / "left_by_a_build").write_text("")
    assert take("HEAD", mine).path == first.path
    assert (first.path / "left_by_a_build").exists()


@pytest.mark.parametrize("damage", ["a file is gone", "a file is cut", "the marker is gone", "the marker is nonsense"])
def test_a_damaged_tree_is_exported_anew(mine: Repository, damage: str) -> None:
    root = take("main", mine).root
    if damage == "a file is gone":
        (root / "mine.py").unlink()
    elif damage == "a file is cut":
        (root / "mine.py").write_text("")
    elif damage == "the marker is gone":
        (root / MARKER).unlink()
    else:
        (root / MARKER).write_text("[]")
    assert says(take("main", mine)) == "SAYS = 2\n"
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_an_export_that_was_killed_half_way_is_not_taken_for_whole(
    mine: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sources.json, "dumps", killed)
    with pytest.raises(KeyboardInterrupt):
        take("main", mine)
    monkeypatch.undo()
    assert list((cache / "refs").iterdir()) == []


def test_what_looks_like_an_option_is_no_ref(mine: Repository) -> None:
    for ref in ("--upload-pack=x", "-h", "", "a\nb"):
        assert "is neither a git ref nor a folder; write it like main, origin/main" in refusal(ref, mine)


def test_the_folder_of_a_user_that_is_not_there_is_told(mine: Repository) -> None:
    assert "there is no user of that name to have the folder ~nobody-here/x" in refusal("~nobody-here/x", mine)


def test_a_file_of_a_commit_is_no_ref(mine: Repository) -> None:
    assert "there is no commit 'HEAD:mine.py'" in refusal("HEAD:mine.py", mine)


def test_an_unknown_ref_without_a_remote_says_where_to_look(mine: Repository) -> None:
    said = "there is no commit 'nope' in this repository; see what there is with: git branch --all, git tag"
    assert refusal("nope", mine) == said


def test_an_unknown_ref_says_how_to_fetch_it_and_that_works(mine: Repository, tmp_path: Path) -> None:
    mine.git("branch", "other", "HEAD~1")
    clone = mine.clone(tmp_path / "clone", "--depth=1", "--single-branch")
    for ref in ("other", "origin/other"):
        said = refusal(ref, clone)
        assert said.endswith("get it with: git fetch --depth=1 origin other, and then name it FETCH_HEAD")
    clone.git("fetch", "--quiet", "--depth=1", "origin", "other")
    assert says(take("FETCH_HEAD", clone)) == "SAYS = 1\n"


def test_a_commit_beyond_a_shallow_clone_says_how_to_deepen_it(mine: Repository, tmp_path: Path) -> None:
    clone = mine.clone(tmp_path / "clone", "--depth=1")
    for ref in ("HEAD~1", mine.git("rev-parse", "HEAD~1")[:10]):
        assert refusal(ref, clone).endswith(
            "the clone is shallow; get what is missing with: git fetch --unshallow origin"
        )
    clone.git("fetch", "--quiet", "--unshallow", "origin")
    assert says(take("HEAD~1", clone)) == "SAYS = 1\n"


def test_a_branch_that_only_the_remote_has_is_suggested(mine: Repository, tmp_path: Path) -> None:
    mine.git("branch", "other")
    assert refusal("other", mine.clone(tmp_path / "clone")).endswith("did you mean origin/other?")


def test_outside_of_a_repository_a_ref_cannot_be_known(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="'main' is no folder, and this folder is in no git repository"):
        export("main", repository=tmp_path / "plain")


def test_without_git_a_folder_still_will_do(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for ref in ("main", "mine"):
        assert "git is not installed" in refusal(ref, mine)
    for ref in (str(mine.folder), "./mine"):
        assert says(take(ref, mine)) == "SAYS = 2\n"
    shutil.rmtree(mine.folder / ".git")
    assert says(take("mine", mine)) == "SAYS = 2\n"


def test_a_repository_of_another_user_says_how_to_trust_it(mine: Repository) -> None:
    def distrustful(command: object, environ: object) -> Completed:
        return Completed(128, "", "fatal: detected dubious ownership in repository at '/home/me/mine'\n")

    with pytest.raises(SourceError, match=r"another user; .* safe\.directory \"\$PWD\"$") as error:
        export("main", repository=mine.folder, run=distrustful)
    assert "/home" not in str(error.value)


def test_a_hook_that_points_git_elsewhere_does_not_mislead_us(
    mine: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert says(take("main", mine)) == "SAYS = 2\n"


def test_the_hooks_of_a_repository_do_not_run(mine: Repository) -> None:
    hook = mine.folder / ".git" / "hooks" / "post-index-change"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    take("main", mine)
    assert not (mine.folder / "ran").exists()


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(mine: Repository, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    with pytest.raises(NoEnvironment, match="set WHEN_ASYNC_CACHE to a folder"):
        take("main", mine)


def test_a_folder_is_used_as_it_is_through_a_name_as_long_as_that_of_a_commit(mine: Repository) -> None:
    found = take(str(mine.folder), mine)
    mine.write({"mine.py": "SAYS = 4\n"})
    assert (says(found), found.commit, found.name) == ("SAYS = 4\n", None, "mine")
    assert found.path.resolve() == mine.folder
    assert len(str(found.path)) == len(str(take("main", mine).path))


def test_a_folder_with_changes_says_so(mine: Repository) -> None:
    assert (take(".", mine).dirty, take(".", mine).notes) == (False, ())
    mine.write({"new.py": ""})
    found = take(".", mine)
    assert found.dirty
    assert found.notes == (f". holds changes that are not committed, on top of {mine.git('rev-parse', 'HEAD')[:12]}",)


def test_a_folder_outside_of_a_repository_is_a_folder(tmp_path: Path, mine: Repository) -> None:
    (tmp_path / "plain").mkdir()
    found = take(str(tmp_path / "plain"), mine)
    assert (found.dirty, found.notes, found.commit) == (False, (), None)


def test_a_folder_that_is_not_there_is_told(mine: Repository) -> None:
    assert refusal("./nowhere", mine) == "there is no folder ./nowhere; give one, or a git ref such as origin/main"


def test_a_name_is_the_ref_fetched_or_not_and_with_a_dot_and_slash_the_folder(
    mine: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mine.folder)
    mine.git("branch", "benchmarks")
    assert take("benchmarks", mine).commit is not None
    assert take("./benchmarks", mine).commit is None
    mine.git("branch", "--delete", "benchmarks")
    assert take("./benchmarks", mine).commit is None
    said = "there is no commit 'benchmarks' in this repository (the folder is ./benchmarks); see what there is with: "
    assert refusal("benchmarks", mine) == f"{said}git branch --all, git tag"


@pytest.mark.parametrize("name", ["main", "release/1.0"])
def test_a_folder_is_never_taken_for_a_base_of_its_name_that_was_not_fetched(
    mine: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mine.git("checkout", "-q", "-b", "work")
    mine.commit({f"{name}/x.py": ""})
    clone = mine.clone(tmp_path / "clone", "--depth=1", "--single-branch")
    monkeypatch.chdir(clone.folder)
    cure = f"get it with: git fetch --depth=1 origin {name}, and then name it FETCH_HEAD"
    assert refusal(name, clone) == f"there is no commit {name!r} in this repository (the folder is ./{name}); {cure}"


def test_what_no_ref_can_be_called_is_a_folder(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.folder)
    for name in ("a shop", "shop[old]", ".old", "benchmarks/"):
        Path(name).mkdir(exist_ok=True)
        assert take(name, mine).commit is None, name


def test_submodules_and_large_files_that_are_left_out_are_told(mine: Repository) -> None:
    mine.write({".gitmodules": '[submodule "libs/x"]\n\tpath = libs/x\n\turl = ../x\n'})
    mine.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},libs/x")
    mine.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    mine.git("add", ".gitmodules", ".gitattributes")
    mine.git("commit", "--quiet", "--message", "a submodule that nobody has fetched")
    notes = take("HEAD", mine).notes
    assert notes[0] == (
        "the submodules of HEAD that are not there in the working folder are not exported (libs/x); "
        "their folders are empty"
    )
    assert "files of HEAD that Git LFS keeps are not fetched" in notes[1]


def test_the_project_is_the_nearest_folder_with_a_pyproject_and_else_the_repository(
    mine: Repository, tmp_path: Path
) -> None:
    mine.commit({"packages/one/pyproject.toml": "", "packages/one/src/one.py": "", "docs/index.md": ""})
    assert project(mine.folder / "packages" / "one" / "src") == mine.folder / "packages" / "one"
    assert project(mine.folder / "docs") == mine.folder
    (tmp_path / "plain").mkdir()
    assert project(tmp_path / "plain") == tmp_path / "plain"


def test_a_project_inside_a_repository_is_the_same_folder_of_the_tree(mine: Repository) -> None:
    mine.commit({"packages/one/pyproject.toml": "", "packages/one/mine.py": "SAYS = 5\n"})
    inside = mine.folder / "packages" / "one"
    found = export("HEAD", repository=inside)
    assert found.path == found.root / "packages" / "one"
    assert says(found) == "SAYS = 5\n"
    with pytest.raises(SourceError, match=r"has no folder packages/one, which is what is measured here$"):
        export("HEAD~1", repository=inside)


def test_a_dot_is_the_project_wherever_in_it_one_stands(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.folder / "benchmarks")
    assert export(".", repository=project(Path.cwd())).path.resolve() == mine.folder


def aged(refs: Path, names: list[str]) -> None:
    """Trees in the cache, the first used longest ago, all before this process began."""
    for number, name in enumerate(names):
        (refs / name).mkdir(parents=True)
        (refs / name / MARKER).write_text("{}")
        stamp = trees.STARTED_S - 1000 + number
        os.utime(refs / name / MARKER, (stamp, stamp))


def test_the_least_recently_used_trees_are_removed_with_their_bytecode(cache: Path) -> None:
    names = [f"{number:012x}" for number in range(4)]
    aged(cache / "refs", names)
    for name in names:
        bytecode_of(cache / "refs" / name, cache).mkdir(parents=True)
    prune(cache / "refs", 2)
    assert sorted(path.name for path in (cache / "refs").iterdir()) == names[2:]
    assert [bytecode_of(cache / "refs" / name, cache).exists() for name in names] == [False, False, True, True]


def test_a_tree_that_this_run_uses_is_never_removed(mine: Repository, cache: Path) -> None:
    found = take("main", mine)
    prune(cache / "refs", 0)
    assert found.path.is_dir()


def test_using_a_tree_keeps_it(mine: Repository, cache: Path) -> None:
    found = take("main", mine)
    os.utime(found.root / MARKER, (1, 1))
    take("main", mine)
    assert (found.root / MARKER).stat().st_mtime >= trees.STARTED_S


def test_what_killed_exports_left_is_swept_up_after_a_day(mine: Repository, cache: Path) -> None:
    for name, age_s in ((".new-old", 2 * 86400), (".new-young", 60)):
        (cache / "refs" / name).mkdir(parents=True)
        stamp = trees.STARTED_S - age_s
        os.utime(cache / "refs" / name, (stamp, stamp))
    take("main", mine)
    assert [path.name for path in (cache / "refs").glob(".*")] == [".new-young"]


OURS = {
    "bench/__init__.py": "", "bench/worker/__main__.py": "", "workloads/__init__.py": "", "results/__init__.py": "",
    "src/when_async/__init__.py": "",
}  # fmt: skip


def test_workers_of_a_users_tree_import_ours_first_then_src_then_the_tree(mine: Repository) -> None:
    found = take("main", mine)
    assert python_path(found) == (source_tree(), found.path)
    mine.commit({"src/other.py": ""})
    found = take("main", mine)
    assert python_path(found) == (source_tree(), found.path / "src", found.path)


def test_workers_of_our_own_tree_import_its_two_packages_and_nothing_else(tmp_path: Path, cache: Path) -> None:
    repository = Repository(tmp_path / "ours")
    repository.commit(OURS)
    paths = [python_path(take("HEAD", repository)), python_path(take(".", repository))]
    assert paths[0] != paths[1]
    for (path,) in paths:
        assert [entry.name for entry in path.iterdir()] == ["when_async"]
        assert sorted(entry.name for entry in (path / "when_async").iterdir()) == ["__init__.py", "bench", "workloads"]
    assert len(str(paths[0][0])) == len(str(paths[1][0]))
    for part in ("__init__.py", "bench", "workloads"):
        assert (paths[0][0] / "when_async" / part).resolve().is_relative_to(cache / "refs")


def test_links_into_a_removed_tree_of_ours_go_with_it(tmp_path: Path, cache: Path) -> None:
    repository = Repository(tmp_path / "ours")
    repository.commit(OURS)
    found = take("HEAD", repository)
    (path,) = python_path(found)
    os.utime(found.root / MARKER, (1, 1))
    prune(cache / "refs", 0)
    assert not path.exists()
    assert not path.is_symlink()


def test_a_package_that_is_called_like_one_of_ours_is_told(mine: Repository) -> None:
    mine.commit({"src/when_async.py": ""})
    for ref in ("HEAD", "."):
        assert take(ref, mine).notes == (
            "the tree has a package when_async of its own, which workers do not see: this one comes first",
        )


def test_packages_with_the_names_of_our_rooms_are_a_users_own_affair(mine: Repository) -> None:
    mine.commit({f"{name}/__init__.py": "" for name in ("bench", "workloads", "results", "reports")})
    for ref in ("HEAD", "."):
        assert take(ref, mine).notes == ()


def test_when_async_from_before_its_one_import_name_is_refused(mine: Repository) -> None:
    """Taken for a user's tree it would be measured with today's code on both sides, and nothing could ever differ."""
    mine.commit({"bench/worker/__main__.py": "", "bench/__init__.py": "", "workloads/__init__.py": ""})
    for ref in ("HEAD", "."):
        with pytest.raises(SourceError, match="from before its one import name"):
            take(ref, mine)


def test_a_worker_imports_the_code_of_its_tree_and_writes_no_bytecode_into_it(mine: Repository, cache: Path) -> None:
    code = "import mine, when_async.bench.model; print(mine.SAYS, when_async.bench.model.__file__)"
    said = []
    for ref in ("HEAD~1", "."):
        found = take(ref, mine)
        environ = child_environ([str(path) for path in python_path(found)])
        done = subprocess.run(
            [sys.executable, "-P", "-S", "-c", code], env=environ, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.split())
        assert not (found.path / "__pycache__").exists()
        assert list(bytecode_of(found.path, cache).glob("mine.*.pyc")) != []
    ours = str(source_tree() / "when_async" / "bench" / "model" / "__init__.py")
    assert said == [["1", ours], ["2", ours]]


def test_a_file_of_the_project_is_found_in_each_tree(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.folder)
    base, head = take("HEAD~1", mine), take(".", mine)
    file = mine.folder / "benchmarks" / "load.py"
    for ref in (str(file), "benchmarks/load.py"):
        assert reroot(ref, mine.folder, base) == str(base.path / "benchmarks" / "load.py")
        assert reroot(ref, mine.folder, head) == str(head.path / "benchmarks" / "load.py")
    assert reroot("benchmarks/load.py[n=3,c=1]", mine.folder, base) == f"{base.path}/benchmarks/load.py[n=3,c=1]"
    assert reroot("benchmarks/later.py", mine.folder, base) == str(base.path / "benchmarks" / "later.py")


def test_a_module_and_a_file_from_elsewhere_stay_as_they_are(mine: Repository, tmp_path: Path) -> None:
    found = take("main", mine)
    for ref in ("when_async.workloads.sleep", "sleep", "sleep[n=1]", str(tmp_path / "load.py")):
        assert reroot(ref, mine.folder, found) == ref


def test_a_file_beside_the_project_is_found_in_the_same_repository(mine: Repository) -> None:
    mine.commit({"packages/one/pyproject.toml": ""})
    inside = mine.folder / "packages" / "one"
    found = export("HEAD", repository=inside)
    shared = mine.folder / "benchmarks" / "load.py"
    assert reroot(str(shared), inside, found) == str(found.root / "benchmarks" / "load.py")


def test_a_tree_that_another_run_made_meanwhile_is_used(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def beaten(source: str, target: str) -> None:
        shutil.copytree(source, target, symlinks=True)
        rename(source, target)

    monkeypatch.setattr(os, "rename", beaten)
    assert says(take("main", mine)) == "SAYS = 2\n"
