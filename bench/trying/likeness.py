"""What a result is made of, as a text that is equal for equal results of any two processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from ..model import ADDRESS


def kind(value: Any) -> str:
    """The type of a result, all that is held against it where results differ by nature."""
    return type(value).__qualname__


def likeness(value: Any) -> str:
    """A digest of what a value is made of: equal for equal values, in any process and by any way of sending them."""
    try:
        found = list(parts(value, ()))
    except RecursionError:
        found = [ADDRESS.sub("", repr(value))]
    return blake2b("\0".join(found).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def parts(value: Any, above: tuple[int, ...]) -> Iterable[str]:
    """What a value is made of as text, without addresses, and without an order where there is none.

    `above` are the ids of what the value lies in, so that one that holds itself comes to an end.
    """
    yield kind(value)
    within = (*above, id(value))
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        yield repr(value)
    elif id(value) in above:
        yield "again"
    elif isinstance(value, Mapping):
        yield from sorted("\1".join([*parts(key, within), *parts(each, within)]) for key, each in value.items())
    elif isinstance(value, set | frozenset):
        yield from sorted("\1".join(parts(each, within)) for each in value)
    elif isinstance(value, list | tuple):
        yield str(len(value))
        for each in value:
            yield from parts(each, within)
    else:
        yield from bytes_of(value) or reduced(value, within)


def bytes_of(value: Any) -> list[str]:
    """The same for arrays and other buffers, whose text leaves out the middle; empty for what is none."""
    try:
        view = memoryview(value)
        if "O" not in view.format:
            return [f"{view.format} {view.shape} {blake2b(view.tobytes(), digest_size=12).hexdigest()}"]
    except (TypeError, BufferError, ValueError):
        pass
    return []


def reduced(value: Any, within: tuple[int, ...]) -> Iterable[str]:
    """The same for any other object, by what it says would make it again; by its text if it says nothing."""
    try:
        found = value.__reduce_ex__(4)
    except Exception:
        found = ADDRESS.sub("", repr(value))
    if isinstance(found, str):
        yield found
        return
    maker, args, state, listed, mapped = (*found, None, None, None)[:5]
    yield getattr(maker, "__qualname__", kind(maker))
    # The class is among the arguments of most makers, and would be reduced to a name with no type around it.
    for each in args:
        if isinstance(each, type):
            yield each.__qualname__
        else:
            yield from parts(each, within)
    yield from parts(state, within)
    yield from parts(list(listed or ()), within)
    yield from parts(dict(mapped or ()), within)
