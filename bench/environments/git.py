"""Asks git about the repository of a folder, and says in one line what to do where git has no answer."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .interpreters import Completed, NoEnvironment, Run
from .uv_words import public

SHORT = 12
"""Hex digits of a commit in names of folders and in reports: enough for any repository, and always as many."""

MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE")
"""Set in hooks; they would make git answer for another folder than it is asked about."""

QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "core.splitIndex=false")
"""Nothing of the user's runs or changes in their repository because it is looked at."""


class SourceError(NoEnvironment):
    """A ref or folder that cannot be used; the text is one line that says what to do next. Exit code 2."""


def git(folder: Path, run: Run, *arguments: str, **variables: str) -> Completed:
    """`git ARGUMENTS` in `folder`; raises SourceError where git is missing."""
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    fixed = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    environ: Mapping[str, str] = {**kept, **fixed, **variables}
    done = run(["git", "-C", str(folder), *QUIET, *arguments], environ)
    if done.returncode == 127:
        raise SourceError("git is not installed or does not run, and without it only a folder can be a REF, as ./base")
    return done


def toplevel(folder: Path, run: Run) -> Path | None:
    """The top folder of the working tree that holds `folder`, or None; raises SourceError where git refuses."""
    done = git(folder, run, "rev-parse", "--show-toplevel")
    if done.returncode == 0 and done.stdout.strip():
        return Path(done.stdout.removesuffix("\n")).resolve()
    if "dubious ownership" in done.stderr:
        raise SourceError(
            "git does not read this repository, because it belongs to another user; in its top folder run: "
            'git config --global --add safe.directory "$PWD"'
        )
    return None


def commit_of(ref: str, top: Path, run: Run) -> str | None:
    """The full hash of the commit that `ref` stands for, or None where there is none."""
    done = git(top, run, "rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
    found = done.stdout.strip()
    return found if done.returncode == 0 and re.fullmatch(r"[0-9a-f]{40,64}", found) else None


def could_be_ref(word: str, folder: Path, run: Run) -> bool:
    """Whether a branch or tag may have that name: `a shop`, `build/` and `.old` can be folders only."""
    return git(folder, run, "check-ref-format", "--allow-onelevel", word).returncode == 0


def ignores(top: Path, path: str, run: Run) -> bool:
    """Whether .gitignore and its like keep a path out of the repository."""
    try:
        return git(top, run, "check-ignore", "--quiet", "--", path).returncode == 0
    except SourceError:
        return False


def changes(folder: Path, run: Run) -> tuple[str | None, bool]:
    """The commit that is checked out in the repository of `folder`, and whether there are changes on top of it."""
    top = toplevel(folder, run)
    if top is None:
        return None, False
    done = git(folder, run, "status", "--porcelain", "--", ".")
    return commit_of("HEAD", top, run), done.returncode == 0 and bool(done.stdout.strip())


def absent(ref: str, top: Path, run: Run) -> SourceError:
    """The refusal of a ref that is not in the repository, with the command that brings it."""
    what = f"there is no commit {ref!r} in this repository"
    if Path(ref).is_dir():
        what += f" (the folder is ./{ref})"
    remotes = git(top, run, "remote").stdout.split()
    if not remotes:
        return SourceError(f"{what}; see what there is with: git branch --all, git tag")
    remote = "origin" if "origin" in remotes else remotes[0]
    shallow = git(top, run, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    if re.search(r"[~^]|@\{|:", ref) or re.fullmatch(r"[0-9a-f]{4,39}", ref):
        # A remote can be asked for a name or a whole hash only.
        cure = f"git fetch --unshallow {remote}" if shallow else f"git fetch {remote}"
        return SourceError(f"{what}{'; the clone is shallow' if shallow else ''}; get what is missing with: {cure}")
    if commit_of(f"{remote}/{ref}", top, run):
        return SourceError(f"{what}; did you mean {remote}/{ref}?")
    name = ref.removeprefix(f"{remote}/").removeprefix("refs/heads/").removeprefix("refs/tags/")
    depth = " --depth=1" if shallow else ""
    return SourceError(f"{what}; get it with: git fetch{depth} {remote} {name}, and then name it FETCH_HEAD")


def check_out(commit: str, top: Path, folder: Path, index: Path, run: Run) -> None:
    """Put the files of a commit into the empty `folder` as a checkout would; raises SourceError.

    `git archive` would leave out what .gitattributes marks export-ignore, which often is the benchmarks themselves.
    """
    own = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder)}
    # With -u, and not by checkout-index: a partial clone then fetches all that it lacks at once, not file by file.
    done = git(
        top, run, "-c", "submodule.recurse=false", "read-tree", "--reset", "-u", "--no-sparse-checkout", commit, **own
    )
    if done.returncode != 0:
        said = public(done.last_words.removeprefix("fatal: ").removeprefix("error: "))
        raise SourceError(f"git could not export commit {commit[:SHORT]}: {said}{_partial(top, run)}")


def _partial(top: Path, run: Run) -> str:
    """What to do where a clone holds only the files that it has needed so far; else nothing."""
    done = git(top, run, "config", "--get-regexp", r"^remote\..*\.(promisor|partialclonefilter)$")
    found = re.match(r"remote\.(.*)\.\w+ ", done.stdout)
    return f"; this clone is partial, get all of it with: git fetch --refetch --no-filter {found[1]}" if found else ""
