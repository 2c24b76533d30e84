"""A callable of a user's as a workload, perhaps with its twin in the other style: what runs in the workers."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from typing import Any

from ..model import Kit, Observed, Param, Params, Point, Unsuited, Workload, WrongAnswer
from .likeness import kind, likeness
from .target import Call, Untried, find

EVERY_LOOP = {"asyncio", "trio"}
"""A callable that runs on these runs on each loop; else its body is named after the one that can run it."""


def tried(
    call: Call,
    like: str,
    points: Sequence[tuple[int, int]],
    *,
    any_result: bool,
    loops: Sequence[str] = (),
    twin: Call | None = None,
    styles: Sequence[str] = (),
    changes: bool = False,
) -> Workload:
    """The workload: each op makes the call, and every result must be like that of the first call.

    `points` holds how many calls a round has and how many are in flight. `loops` are the libraries that can run the
    async one of `call` and `twin`; where there are none, `call` blocks and has no twin. `styles` leaves it to the
    runners of these names. An empty `like` holds the results of a round against its first. `changes` says that a call
    changes what it is given.
    """

    def make_items(params: Params, seed: int) -> list[Any]:
        makers = [_maker(call.arguments(index), changes=changes) for index in range(call.kinds)]
        return [makers[index % len(makers)]() for index in range(int(params["n"]))]

    def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
        return Observed([kind(each) if any_result else likeness(each) for each in results])

    def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
        return _checked(call, like, len(items), results, any_result=any_result)

    return Workload(
        name=call.short,
        summary=f"calls {call.short} n times",
        bodies=_bodies(call, twin, loops, styles),
        params=(Param("n", 1, 1_000_000, "how many calls a round has"),),
        make_items=make_items,
        observe=observe,
        prepare=partial(_imported, [call, *([twin] if twin else [])]),
        check=check,
        grid=dict.fromkeys(("quick", "gate"), tuple(Point(in_flight, {"n": n}) for n, in_flight in points)),
    )


@contextmanager
def _imported(calls: Sequence[Call], params: Params) -> Iterator[None]:
    """As a program that imports at its top; and where a pool's results come back, their classes must be found."""
    try:
        for one in calls:
            find(one)
    except Untried as error:
        raise Unsuited(str(error)) from None
    yield


def _bodies(
    call: Call, twin: Call | None, loops: Sequence[str], styles: Sequence[str]
) -> dict[str, Callable[..., Any]]:
    """By style who runs it: the blocking one for threads and processes, the async one for each loop that can."""
    if styles:
        return dict.fromkeys(styles, (_awaited if loops else _blocking)(call))
    blocking, awaited = (None, call) if loops and twin is None else (call, twin)
    bodies: dict[str, Callable[..., Any]] = {} if blocking is None else {"blocking": _blocking(blocking)}
    if awaited is not None:
        styles = ["async"] if set(loops) >= EVERY_LOOP else list(loops)
        bodies |= {style: _awaited(awaited) for style in styles}
    return bodies


def _blocking(call: Call) -> Callable[[Kit, Params], Callable[[Any], Any]]:
    def body(kit: Kit, params: Params) -> Callable[[Any], Any]:
        function = find(call)

        def op(item: tuple[list[Any], dict[str, Any]]) -> Any:
            return function(*item[0], **item[1])

        return op

    return body


def _awaited(call: Call) -> Callable[[Kit, Params], Any]:
    async def body(kit: Kit, params: Params) -> Callable[[Any], Any]:
        function = find(call)

        async def op(item: tuple[list[Any], dict[str, Any]]) -> Any:
            return await function(*item[0], **item[1])

        return op

    return body


def _maker(one: tuple[list[Any], dict[str, Any]], *, changes: bool) -> Callable[[], Any]:
    """Makes the arguments of one op; those that it may change are its own.

    A large array is copied for each op only where the look has shown that a call changes it. A copy is read from a
    pickle, which takes a twentieth of what `deepcopy` takes: it is made for each op of each round.
    """
    if not changes and not any(isinstance(each, list | dict) for each in (*one[0], *one[1].values())):
        return lambda: one
    try:
        return partial(pickle.loads, pickle.dumps(one, 5))
    except Exception:
        return partial(deepcopy, one)


def _checked(call: Call, like: str, asked: int, results: Sequence[Any], *, any_result: bool) -> str:
    if len(results) != asked:
        raise WrongAnswer(f"{asked} calls were asked for, {len(results)} came back")
    like = like or (results[0] if results else "")
    # Of items only the first was looked at; the others are held against each other's contestants by their digest.
    several = call.kinds > 1
    known = [each for index, each in enumerate(results) if not several or index == 0 or any_result]
    wrong = sum(each != like for each in known)
    what = f"of another type than the first call's {like}" if any_result else "not what the first call returned"
    if wrong:
        nature = "" if any_result else "; where that is in their nature, as of the id of a process, add --any-result"
        raise WrongAnswer(f"{wrong} of {len(results)} results are {what}{nature}")
    return f"{len(results)} calls, each {'of type ' + like if any_result else 'like the first'}"


def source(
    call: Call,
    like: str,
    points: Sequence[tuple[int, int]],
    *,
    any_result: bool,
    loops: Sequence[str] = (),
    twin: Call | None = None,
    styles: Sequence[str] = (),
    changes: bool = False,
) -> str:
    """A file that defines this workload; whatever came from outside is in it as a literal and never as code."""
    numbers = [(int(n), int(in_flight)) for n, in_flight in points]
    return (
        '"""Made by when-async of a callable of yours, and gone when the command ends."""\n\n'
        "from when_async.bench.trying.target import Call\n"
        "from when_async.bench.trying.work import tried\n\n"
        f"TRIED = tried(\n    {_literal(call)}, {like!a}, {numbers!a}, any_result={any_result is True},\n"
        f"    loops={tuple(map(str, loops))!a}, twin={_literal(twin)}, "
        f"styles={tuple(map(str, styles))!a}, changes={changes is True},\n)\n"
    )


def _literal(call: Call | None) -> str:
    if call is None:
        return "None"
    return f"Call({', '.join(f'{name}={value!a}' for name, value in asdict(call).items())})"
