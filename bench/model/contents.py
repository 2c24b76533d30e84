"""What a value holds, as bytes that are equal for equal values, in any process and by any way of sending them.

Plain values are their text, as `repr` gives it. Of all else the text may leave out the middle (arrays), tell an address
(objects) or an order that there is none of (sets), so they are taken apart instead. Dicts have no order in either case,
NaN is equal to itself. Nothing is imported for it: a library that the process does not hold has made no value here.
"""

from __future__ import annotations

import copyreg
import inspect
import math
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from .libraries import library_parts
from .plain import PLAIN, plain_text

try:
    # The same function. `hashlib` would load OpenSSL, which nobody here needs, into every measured process.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

SCALARS = (str, int, float, complex)
WAY_OUT = "let the op return what counts as plain values, or take the results apart in the workload's `observe`"
CALLS = 20_000
SHOWN = 40
"""Characters of a key that a complaint shows."""


class Untold(Exception):
    """What a value holds cannot be said; the text is one line with the way out."""


def contents(value: Any) -> bytes:
    """What a value holds; raises Untold where that cannot be said."""
    text = plain_text(value)
    if text is not None:
        return text.encode()
    # A few calls of ours lie between a value and one of its parts; calls from Python to Python take no room of C's.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, CALLS))
    try:
        return Walk().of(value)
    finally:
        sys.setrecursionlimit(limit)


class Walk:
    """One way through a value; what lies in it twice is taken apart once."""

    def __init__(self) -> None:
        self._path: list[Any] = []
        self._above: dict[int, int] = {}
        self._reach = sys.maxsize
        """The least depth of what was met a second time inside of itself, in the value that is gone through."""
        self._known: dict[int, tuple[bytes, Any]] = {}
        """By id the contents, and the value too, or another one could get its id."""

    def of(self, value: Any) -> bytes:
        """What a value holds; raises Untold."""
        kind = type(value)
        if kind in PLAIN:
            return _atom(value)
        known = self._known.get(id(value))
        if known is not None:
            return known[0]
        depth = len(self._path)
        if id(value) in self._above:
            first = self._above[id(value)]
            self._reach = min(self._reach, first)
            return b"again%d" % (depth - first)
        self._path.append(value)
        self._above[id(value)] = depth
        outer, self._reach = self._reach, sys.maxsize
        try:
            found = _one([kind.__qualname__.encode(), *self._parts(value)])
        except RecursionError:
            raise Untold(f"{self._here()} is nested too deep to be compared: {WAY_OUT}") from None
        finally:
            self._path.pop()
            del self._above[id(value)]
        # What holds a part of what lies above it looks different from elsewhere.
        if self._reach >= depth:
            self._known[id(value)] = (found, value)
            self._reach = outer
        else:
            self._reach = min(self._reach, outer)
        return found

    def _parts(self, value: Any) -> Iterable[bytes]:
        if type(value) in (list, tuple, dict):
            text = plain_text(value)
            if text is not None:
                return [b"plain", text.encode()]
        self._check_done(value)
        if isinstance(value, type | FunctionType | BuiltinFunctionType | ModuleType):
            return self._named(value)
        plainly = library_parts(value)
        if plainly is not None:
            return [self._piece(each) for each in plainly]
        enum = sys.modules.get("enum")
        if enum is not None and isinstance(value, enum.Enum):
            return [self.of(value._value_ if value._name_ is None else value._name_)]
        fields = getattr(type(value), "__dataclass_fields__", None)
        if fields is not None:
            return self._fields(value, fields)
        return self._held(value) or buffer_parts(value) or self._reduced(value)

    def _piece(self, piece: Any) -> bytes:
        if isinstance(piece, bytes):
            return piece
        return _one([piece]) if isinstance(piece, memoryview) else self.of(piece)

    def _held(self, value: Any) -> list[bytes]:
        """The same for what holds others, and for what is a plain value of a type of its own."""
        if isinstance(value, Mapping):
            pairs = [self.of(key) + b"=" + self.of(each) for key, each in value.items()]
            parts = pairs if isinstance(value, OrderedDict) else sorted(pairs)
        elif isinstance(value, Set):
            parts = sorted([self.of(each) for each in value])
        elif isinstance(value, list | tuple):
            parts = [self.of(each) for each in value]
        elif isinstance(value, SCALARS):
            plain: Any = next(each for each in SCALARS if isinstance(value, each))
            parts = [_atom(str.__str__(value) if plain is str else plain.__new__(plain, value))]
        else:
            return []
        own = vars(value) if type(value).__module__ != "builtins" and hasattr(value, "__dict__") else {}
        builtin = isinstance(value, (dict, set, frozenset, list, tuple, *SCALARS))
        return [b"%d" % len(parts), *parts, *([self.of(own)] if own and builtin else [])]

    def _fields(self, value: Any, fields: Mapping[str, Any]) -> list[bytes]:
        """The same for a dataclass: what it compares by."""
        compared = [name for name, field in fields.items() if field.compare and hasattr(value, name)]
        return [part for name in compared for part in (name.encode(), self.of(getattr(value, name)))]

    def _named(self, value: Any) -> list[bytes]:
        """The same for what is known by a name; one without is known by its code."""
        name = str(getattr(value, "__qualname__", value.__name__))
        if isinstance(value, FunctionType) and "<" in name:
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            constants = [each for each in value.__code__.co_consts if type(each) in PLAIN]
            return [name.encode(), value.__code__.co_code, self.of(constants), self.of(cells)]
        if isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType | type(None)):
            return [name.encode(), self.of(value.__self__)]
        return [name.encode()]

    def _reduced(self, value: Any) -> list[bytes]:
        """The same for any other object: what would make it again."""
        try:
            reducer = copyreg.dispatch_table.get(type(value))
            found: Any = reducer(value) if reducer else value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception as error:
            if hasattr(value, "keys") and hasattr(value, "__getitem__"):  # a row of a database
                return [self.of({key: value[key] for key in value.keys()})]  # noqa: SIM118 - it iterates over values
            raise Untold(f"{self._here()} is {_a(value)}, which cannot be told from another: {WAY_OUT}") from error
        if isinstance(found, str):
            return [b"name", found.encode()]
        maker, args, state, listed, mapped = (*found, None, None, None)[:5]
        parts = [getattr(maker, "__qualname__", type(maker).__qualname__).encode()]
        parts += [self.of(each) for each in args]
        return [*parts, self.of(state), self.of(list(listed or ())), self.of(dict(mapped or ()))]

    def _check_done(self, value: Any) -> None:
        """Refuse what is only a promise of work (method.md, N6)."""
        if inspect.iscoroutine(value):
            value.close()
        if inspect.isawaitable(value):
            raise Untold(f"{self._here()} is {_a(value)} that nobody awaited: no work was done")
        if hasattr(value, "add_done_callback") and hasattr(value, "result"):
            raise Untold(f"{self._here()} is {_a(value)} and not what it comes to: let the op wait for its result()")
        if isinstance(value, Iterator) or inspect.isasyncgen(value):
            raise Untold(
                f"{self._here()} is {_a(value)}, whose work is done when somebody goes through it, and nobody did; "
                "let the op return a list of it"
            )

    def _here(self) -> str:
        """Where in the value the walk is, as an expression: `results[3].session`."""
        way = "".join(_step(one, other) for one, other in pairwise(self._path))
        return "results" + (way if len(way) <= 3 * SHOWN else f"{way[: 3 * SHOWN]}...")


def _step(parent: Any, child: Any) -> str:
    """How a part is got from what it lies in; empty for what only the walk sees, such as the state of an object."""
    if isinstance(parent, Sequence):
        return next((f"[{index}]" for index, each in enumerate(parent) if each is child), "")
    pairs = parent.items() if isinstance(parent, Mapping) else getattr(parent, "__dict__", {}).items()
    key = next((key for key, each in pairs if each is child), None)
    if key is None:
        return ""
    return f".{key}" if str(key).isidentifier() else f"[{repr(key)[:SHOWN]}]"


def _a(value: Any) -> str:
    return f"of type {type(value).__qualname__}"


def digest_of(data: bytes) -> str:
    """A short name for these bytes."""
    return blake2b(data, digest_size=12).hexdigest()


def _one(pieces: Iterable[Any]) -> bytes:
    hashed = blake2b(digest_size=16)
    for piece in pieces:
        hashed.update(b"%d:" % len(piece))
        hashed.update(piece)
    return hashed.digest()


def _atom(value: Any) -> bytes:
    try:
        return f"{type(value).__name__} {value!r}".encode()
    except ValueError:  # an int of more digits than may be written out
        return b"int %x" % value


def buffer_parts(value: Any) -> list[bytes]:
    """The numbers of an array or other buffer, with their type and shape; empty for what is none."""
    try:
        with memoryview(value) as view:
            if set(view.format) & set("OP&"):
                return []
            head = f"{view.format} {view.shape}".encode()
            numbers = view.tolist() if set(view.format) & set("fdg") else []
            if any(map(math.isnan, _flat(numbers))):
                return [head, b"nan", repr(numbers).encode()]
            data: Any = view.cast("B") if view.c_contiguous and view.ndim and view.nbytes else view.tobytes()
            return [head, _one([data])]
    except (TypeError, BufferError, ValueError, NotImplementedError):
        return []


def _flat(numbers: Any) -> Iterable[float]:
    if not isinstance(numbers, list):
        return [numbers]
    return numbers if not numbers or not isinstance(numbers[0], list) else [n for row in numbers for n in _flat(row)]
