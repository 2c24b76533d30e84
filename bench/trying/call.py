"""Any blocking callable as a workload: what runs in the workers of `when-async try`.

The callable is named and found again in each process, as a pool cannot be sent one. Its arguments are JSON, its
results are compared by what they are made of, and so neither by address nor by how they are pickled.
`python -m when_async.bench.trying.call` makes the first calls, in a process of their own: a call as JSON comes in on
standard input,
one JSON line with what came of it goes out.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from time import perf_counter, process_time
from typing import Any, TextIO

from ..model import (
    ADDRESS,
    FailedError,
    Kit,
    Observed,
    Param,
    Params,
    Point,
    Unsuited,
    WhenAsyncError,
    Workload,
    WrongAnswer,
)  # fmt: skip
from .likeness import kind, likeness

SHOWN = 60
"""Characters of a result that a complaint shows."""


class Untried(WhenAsyncError):
    """The call cannot be measured. `usage` says that it was asked for wrongly, and did not fail by itself."""

    def __init__(self, reason: str, *, usage: bool) -> None:
        super().__init__(reason)
        self.exit_code = WhenAsyncError.exit_code if usage else FailedError.exit_code


@dataclass(frozen=True)
class Call:
    """What is called: `module:function`, found from `folder`, with arguments written as JSON."""

    target: str
    folder: str
    args: str = "[]"
    kwargs: str = "{}"

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]

    @property
    def name(self) -> str:
        return self.target.partition(":")[2]

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Fresh ones: whoever is called may change them."""
        return json.loads(self.args), json.loads(self.kwargs)


def find(call: Call) -> Callable[..., Any]:
    """Import the callable, with the folder as the current one; raises Untried."""
    os.chdir(call.folder)
    if sys.path[:1] != [call.folder]:
        sys.path.insert(0, call.folder)
    try:
        found: Any = importlib.import_module(call.module)
    except ModuleNotFoundError as error:
        if error.name and f"{call.module}.".startswith(f"{error.name}."):
            text = f"there is no module {error.name!r} in this folder, nor is one installed"
            raise Untried(text, usage=True) from None
        raise Untried(f"{call.module} does not import: {words(error)}", usage=True) from None
    except (Exception, SystemExit) as error:
        raise Untried(f"{call.module} does not import: {words(error)}", usage=True) from None
    for part in call.name.split("."):
        if not hasattr(found, part):
            raise Untried(f"there is no {part!r} in {call.module}{hint(part, found)}", usage=True)
        found = getattr(found, part)
    check_callable(call, found)
    return found  # type: ignore[no-any-return]


def hint(name: str, owner: Any) -> str:
    """The nearest name of a callable there, as a question."""
    import difflib

    names = [each for each in dir(owner) if not each.startswith("_") and callable(getattr(owner, each, None))]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


ASYNC = (
    "{target} is a coroutine function, and try measures blocking ones; "
    "write a workload with an async body: when-async new workload NAME"
)


def check_callable(call: Call, found: Any) -> None:
    """Refuse what cannot be called, or not like this; raises Untried."""
    if not callable(found):
        raise Untried(f"{call.target} is no function but of type {type(found).__name__}", usage=True)
    if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
        raise Untried(ASYNC.format(target=call.target), usage=True)
    args, kwargs = call.arguments()
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # some that are written in C do not tell
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Untried(f"{call.target}{signature} does not take these arguments: {error}", usage=True) from None


def first_calls(call: Call, *, any_result: bool) -> dict[str, Any]:
    """Call it twice; says how long the second call took, how much CPU it used and what the result is like.

    CPU time is that of the process and of the children that have ended. Raises Untried.
    """
    function = find(call)
    first, _ = called(call, function)
    used_s = cpu_s()
    second, taken_s = called(call, function)
    used_s = cpu_s() - used_s
    if not any_result and likeness(first) != likeness(second):
        raise Untried(
            f"two calls of {call.target} gave different results ({shown(first)} and {shown(second)}), so equal work "
            "cannot be told by them; where that is in the nature of the call, add --any-result",
            usage=True,
        )
    return {"seconds": taken_s, "cpu_s": used_s, "like": kind(second) if any_result else likeness(second)}


def cpu_s() -> float:
    """CPU time that this process and its ended children have used."""
    spent = os.times()
    return process_time() + spent.children_user + spent.children_system


def called(call: Call, function: Callable[..., Any]) -> tuple[Any, float]:
    """The result of one call and its seconds; raises Untried with what it raised."""
    args, kwargs = call.arguments()
    began = perf_counter()
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        raise Untried(f"{call.target} raised {words(error)}", usage=False) from None
    taken_s = perf_counter() - began
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise Untried(ASYNC.format(target=call.target), usage=True)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        reason = "returned a generator, whose work is done when somebody goes through it; call a function that does"
        raise Untried(f"{call.target} {reason}", usage=True)
    return result, taken_s


def words(error: BaseException) -> str:
    """One line for an exception: its type, text and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = frames[-1] if frames else None
    ours = frame is None or os.path.basename(frame.filename) == os.path.basename(__file__)
    place = "" if frame is None or ours else f" (at {os.path.basename(frame.filename)}:{frame.lineno})"
    return " ".join(ADDRESS.sub("", f"{type(error).__name__}: {error}{place}").split())


def shown(value: Any) -> str:
    """A value as a complaint shows it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def tried(call: Call, like: str, n: int, concurrency: int, *, any_result: bool) -> Workload:
    """The workload: `n` ops that each make the call; every result must be like the one of the first call."""

    def body(kit: Kit, params: Params) -> Callable[[Any], Any]:
        function = find(call)

        def op(item: tuple[list[Any], dict[str, Any]]) -> Any:
            return function(*item[0], **item[1])

        return op

    @contextmanager
    def prepare(params: Params) -> Iterator[None]:
        # As a program that imports at its top; and where a pool's results come back, their classes must be found.
        try:
            find(call)
        except Untried as error:
            raise Unsuited(str(error)) from None
        yield

    def make_items(params: Params, seed: int) -> list[Any]:
        one = call.arguments()
        mutable = any(isinstance(each, list | dict) for each in (*one[0], *one[1].values()))
        return [deepcopy(one) if mutable else one for _ in range(int(params["n"]))]

    def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
        return Observed([kind(each) if any_result else likeness(each) for each in results])

    def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
        if len(results) != len(items):
            raise WrongAnswer(f"{len(items)} calls were asked for, {len(results)} came back")
        wrong = sum(each != like for each in results)
        what = f"of another type than the first call's {like}" if any_result else "not what the first call returned"
        if wrong:
            raise WrongAnswer(f"{wrong} of {len(results)} results are {what}")
        return f"{len(results)} calls, each {'of type ' + like if any_result else 'like the first'}"

    point = Point(concurrency, {"n": n})
    return Workload(
        name=call.target,
        summary=f"calls {call.target} n times",
        bodies={"blocking": body},
        params=(Param("n", 1, 1_000_000, "how many calls a round has"),),
        make_items=make_items,
        observe=observe,
        prepare=prepare,
        check=check,
        grid={"quick": (point,)},
    )


def source(call: Call, like: str, n: int, concurrency: int, *, any_result: bool) -> str:
    """A file that defines this workload; whatever came from outside is in it as a literal and never as code."""
    fields = ", ".join(f"{name}={value!a}" for name, value in asdict(call).items())
    return (
        '"""Made by `when-async try` and gone when it ends."""\n\n'
        "from when_async.bench.trying.call import Call, tried\n\n"
        f"TRIED = tried(Call({fields}), {like!a}, {n:d}, {concurrency:d}, any_result={any_result is True})\n"
    )


def take_answers() -> TextIO:
    """Keep standard output for the one answer; whatever the callable prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> int:
    answers = take_answers()
    asked = json.loads(sys.stdin.readline())
    try:
        answer = first_calls(Call(**asked["call"]), any_result=asked["any_result"])
    except Untried as error:
        answer = {"reason": str(error), "usage": error.exit_code == WhenAsyncError.exit_code}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads that the callable has started must not keep this process alive.
    os._exit(status)
