"""What arrays, tables and tensors of the usual libraries hold, told without importing any of them.

How such a value lies in memory (its order, its chunks and blocks) says nothing of it; its type, shape, labels and
numbers do. A part that is told is bytes or a view of some; any other part is a value to be taken apart in its turn.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

Parts = list[Any]

NUMBERS = "biumMSUV"
"""Kinds of NumPy types whose bytes are what they hold."""
TENSORS = frozenset({"torch", "jax", "jaxlib", "tensorflow"})
COLUMNS = frozenset({"polars", "pyarrow"})


@cache
def tops(kind: type) -> frozenset[str]:
    """The packages that a type and those it is built on come from."""
    return frozenset(str(each.__module__).partition(".")[0] for each in kind.__mro__)


def library_parts(value: Any) -> Parts | None:
    """What a value of a library known here holds; None for any other."""
    packages = tops(type(value))  # type: ignore[arg-type]
    found: Parts | None = None
    if "numpy" in packages:
        found = _numpy(value, sys.modules["numpy"])
    elif "pandas" in packages:
        found = _pandas(value, sys.modules["pandas"])
    elif packages & TENSORS:
        found = _tensor(value)
    elif packages & COLUMNS:
        found = _columns(value)
    return found


def _numpy(value: Any, numpy: Any) -> Parts | None:
    if not isinstance(value, numpy.ndarray | numpy.generic):
        return None
    array = numpy.asarray(value)
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(value, masked.MaskedArray):
        # What lies below the mask is no part of it.
        return [masked.getmaskarray(value), value.filled(numpy.zeros((), value.dtype)[()])]
    ours = type(value).__module__.partition(".")[0] != "numpy"
    own = [vars(value)] if ours and getattr(value, "__dict__", None) else []
    return [f"{array.dtype.str} {array.shape}".encode(), *own, *_numbers(array, numpy)]


def _numbers(array: Any, numpy: Any) -> Parts:
    kind = array.dtype.kind
    if array.dtype.names:
        return [part for name in array.dtype.names for part in (name.encode(), array[name])]
    if array.dtype.hasobject or kind not in f"fc{NUMBERS}":
        return [array.tolist()]
    if array.dtype.char in "gG":  # some of its bytes are padding, which may hold anything
        return [[str(each) for each in array.ravel()]]
    array = numpy.ascontiguousarray(array)
    if kind in "fc":
        halves = array.view(array.real.dtype)
        missing = numpy.isnan(halves)
        if missing.any():
            halves = halves.copy()
            halves[missing] = numpy.nan
        array = halves
    return [memoryview(array.reshape(-1).view(numpy.uint8)) if array.nbytes else b""]


def _pandas(value: Any, pandas: Any) -> Parts | None:
    if isinstance(value, pandas.DataFrame):
        columns = [part for index in range(value.shape[1]) for part in _column(value.iloc[:, index].array)]
        return [*_labels(value.columns), *_labels(value.index), *columns]
    if isinstance(value, pandas.Series):
        return [value.name, *_labels(value.index), *_column(value.array)]
    if isinstance(value, pandas.Index):
        return _labels(value)
    return _column(value) if isinstance(value, pandas.api.extensions.ExtensionArray) else None


def _labels(index: Any) -> Parts:
    levels = [index.get_level_values(level).array for level in range(index.nlevels)]
    return [list(index.names), *(part for level in levels for part in _column(level))]


def _column(array: Any) -> Parts:
    head = f"{array.dtype} {len(array)}".encode()
    if hasattr(array, "asi8"):
        return [head, array.asi8]
    if type(array).__name__ in ("NumpyExtensionArray", "PandasArray"):
        return [head, array.to_numpy()]
    categories = getattr(array.dtype, "categories", None)
    told = [] if categories is None else [bool(array.dtype.ordered), categories.tolist()]
    return [head, *told, list(array)]


def _tensor(value: Any) -> Parts | None:
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return None
    head = f"{value.dtype} {tuple(value.shape)}".encode()
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.to_dense() if value.layout is not sys.modules["torch"].strided else value
        # NumPy has no bfloat16; each of them is a float.
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    numpy = sys.modules.get("numpy")
    return [head, numpy.asarray(value)] if numpy is not None else None


def _columns(value: Any) -> Parts | None:
    kind = str(getattr(value, "schema", getattr(value, "dtype", getattr(value, "type", "")))).encode()
    if hasattr(value, "rows"):
        return [kind, value.rows()]
    for tell in ("to_pylist", "to_list", "as_py"):
        if hasattr(value, tell):
            return [kind, getattr(value, "name", None), getattr(value, tell)()]
    return None
