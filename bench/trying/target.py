"""A callable of a user's: how it is named, how it is found again in each process, how it is called.

It is named and hardly ever sent, as a pool cannot be sent any callable. Found is what `python` would find: a module of
the working folder, of PYTHONPATH or installed; of a file, the module that it is in its package, or by itself. What has
no name, a lambda or a function of a notebook, lies in a file of pickles (`carried`).
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import ADDRESS, FailedError, WhenAsyncError
from ..model.checks import as_name
from . import carried

SHOWN = 60
"""Characters of a result that a complaint shows."""


class Untried(WhenAsyncError):
    """The call cannot be measured. `usage` says that it was asked for wrongly, and did not fail by itself."""

    def __init__(self, reason: str, *, usage: bool) -> None:
        super().__init__(reason)
        self.exit_code = WhenAsyncError.exit_code if usage else FailedError.exit_code


@dataclass(frozen=True)
class Call:
    """What is called: `module:function` or `path/file.py:function`, found from `folder`, with arguments as JSON.

    Without a folder it is found from the working folder of each process, as the sides of a gate have their own.
    `items` is a JSON list of which each op gets one, as its only argument; without it each op makes the same call.
    `path` are the folders that modules are looked for in before those that are installed, and `behind` after them, as
    in the process that asks; by default the working folder. `origin` is the file in which the function was found
    there. `luggage` is a file of pickles with the function or the arguments, where they have no name or no JSON.
    """

    target: str
    folder: str
    args: str = "[]"
    kwargs: str = "{}"
    items: str = ""
    path: Sequence[str] = ()
    behind: Sequence[str] = ()
    origin: str = ""
    luggage: str = ""

    @property
    def where(self) -> str:
        """The module or file."""
        return self.target.rpartition(":")[0]

    @property
    def name(self) -> str:
        """The function, with dots where it lies in a class."""
        return self.target.rpartition(":")[2]

    @property
    def short(self) -> str:
        """`module:function` of a file too, as ids and sentences say it."""
        return f"{as_name(self._stem())}:{self.name}" if self.where.endswith(".py") else self.target

    @property
    def module(self) -> str:
        """By which name the module is imported."""
        if not self.where.endswith(".py"):
            return self.where
        *packages, stem = self._packages()
        return ".".join([*packages, stem])

    @property
    def root(self) -> str:
        """The folder that the module is imported from."""
        if not self.where.endswith(".py"):
            return self.path[0] if self.path else self.folder or os.getcwd()
        # The file of a package stands for its folder.
        place = os.path.dirname(self._file()) if self._is_package() else self._file()
        for _ in self._packages():
            place = os.path.dirname(place)
        return place

    def arguments(self, index: int = 0) -> tuple[list[Any], dict[str, Any]]:
        """Fresh ones for an op: whoever is called may change them."""
        packed = self._packed()
        if packed is not None:
            args, kwargs, every = packed
            return ([every[index % len(every)]], {}) if every else (args, kwargs)
        if self.items:
            every = json.loads(self.items)
            return [every[index % len(every)]], {}
        return json.loads(self.args), json.loads(self.kwargs)

    @property
    def kinds(self) -> int:
        """How many different arguments there are."""
        packed = self._packed()
        if packed is not None:
            return len(packed[2]) or 1
        return len(json.loads(self.items)) if self.items else 1

    def _packed(self) -> carried.Arguments | None:
        """The arguments where JSON cannot hold them; their classes must be found first."""
        if not self.luggage:
            return None
        reach(self)
        return carried.arguments(self.luggage)

    def _file(self) -> str:
        return os.path.normpath(os.path.join(self.folder or os.getcwd(), self.where))

    def _is_package(self) -> bool:
        return os.path.basename(self.where) == "__init__.py"

    def _stem(self) -> str:
        file = self._file()
        return os.path.basename(os.path.dirname(file) if self._is_package() else file).removesuffix(".py")

    def _packages(self) -> list[str]:
        """The packages that a file lies in, from the outermost, and its own name, which a package has of its folder."""
        folder = os.path.dirname(self._file())
        names = [] if self._is_package() else [self._stem()]
        while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.basename(folder):
            folder, name = os.path.split(folder)
            names.insert(0, name)
        return names


def reach(call: Call) -> None:
    """Make its folder the current one, and let its modules be found."""
    os.chdir(call.folder or ".")
    ahead = list(dict.fromkeys([call.root, *call.path]))
    if sys.path[: len(ahead)] != ahead:
        sys.path[:0] = ahead
    sys.path += [each for each in call.behind if each not in sys.path]


def find(call: Call) -> Callable[..., Any]:
    """Import the callable, with the folder as the current one; raises Untried."""
    reach(call)
    found: Any = _unpacked(call) if call.luggage else None
    if found is None:
        found = _named(call)
    check_callable(call, found)
    return found  # type: ignore[no-any-return]


def _unpacked(call: Call) -> Any:
    """The function that was sent along, or None where it has a name."""
    try:
        return carried.function(call.luggage)
    except ModuleNotFoundError as error:
        cure = "; install it there, or put the function in a module" if error.name == "cloudpickle" else ""
        text = f"{call.short} was sent along, and the process that runs it has no module {error.name}{cure}"
        raise Untried(text, usage=True) from None
    except Exception as error:
        raise Untried(f"{call.short} was sent along and cannot be read there: {words(error)}", usage=True) from None


def _named(call: Call) -> Any:
    found = _module(call)
    file = getattr(found, "__file__", None)
    if call.origin and file and os.path.realpath(file) != os.path.realpath(call.origin):
        raise Untried(
            f"{call.where} is another file in the process that runs it ({file}) than here ({call.origin}); "
            "install one of them only",
            usage=True,
        )
    for part in call.name.split("."):
        if not hasattr(found, part):
            raise Untried(f"there is no {part!r} in {call.where}{hint(part, found)}", usage=True)
        found = getattr(found, part)
    return found


def _module(call: Call) -> Any:
    if call.where.endswith(".py") and not os.path.isfile(call._file()):
        raise Untried(f"there is no file {call.where} here", usage=True)
    try:
        if call.where.endswith(".py") and not call.module.isidentifier() and "." not in call.module:
            return _by_path(call)
        return importlib.import_module(call.module)
    except ModuleNotFoundError as error:
        if error.name and f"{call.module}.".startswith(f"{error.name}."):
            text = f"there is no module {error.name!r} in this folder, nor is one installed"
            raise Untried(text, usage=True) from None
        raise Untried(f"{call.where} {UNREADABLE}: {words(error)}", usage=True) from None
    except (Exception, SystemExit) as error:
        name = call.where.removesuffix(".py").replace("/", ".")
        cure = f"; name it by its module, {name}:{call.name}" if "relative import" in str(error) else ""
        raise Untried(f"{call.where} {UNREADABLE}: {words(error)}{cure}", usage=True) from None


def _by_path(call: Call) -> Any:
    """A file whose name is no name of a module, `load-prices.py`; results find their classes by the name it gets."""
    name = "".join(letter if letter.isalnum() else "_" for letter in call.module)
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, call._file())
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def hint(name: str, owner: Any) -> str:
    """The nearest name of a callable there, as a question."""
    import difflib

    names = [each for each in dir(owner) if not each.startswith("_") and callable(getattr(owner, each, None))]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_callable(call: Call, found: Any) -> None:
    """Refuse what cannot be called, or not like this; raises Untried."""
    if not callable(found):
        raise Untried(f"{call.short} is no function but of type {type(found).__name__}", usage=True)
    if inspect.isasyncgenfunction(found) or inspect.isgeneratorfunction(found):
        raise Untried(f"{call.short} {LAZY.format('a generator')}", usage=True)
    args, kwargs = call.arguments()
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # some that are written in C do not tell
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Untried(f"{call.short}{signature} does not take these arguments: {error}", usage=True) from None


UNREADABLE = "does not import"
LAZY = "returns {}, whose work is done when somebody goes through it; name a function that does the work"


def words(error: BaseException) -> str:
    """One line for an exception: its type, text and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if os.path.dirname(frame.filename) != os.path.dirname(__file__)]
    theirs = [frame for frame in theirs if not frame.filename.startswith("<")]
    place = f" (at {os.path.basename(theirs[-1].filename)}:{theirs[-1].lineno})" if theirs else ""
    return " ".join(ADDRESS.sub("", f"{type(error).__name__}: {error}{place}").split())


def shown(value: Any) -> str:
    """A value as a complaint shows it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
