"""Draws pairs from a trace in contiguous blocks, so that the drift between neighbours stays in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCK = 7
"""Pairs in a row; a gate's pairs of one cell are neighbours as those of a trace are."""


def draw(length: int, draws: int, pairs: int, random: np.random.Generator, block: int = BLOCK) -> npt.NDArray[np.int64]:
    """Indices of shape (draws, pairs): blocks of neighbours, each from a random place (moving-block bootstrap).

    Source: Künsch, Annals of Statistics 17, 1989. Raises ValueError where the trace is shorter than a block.
    """
    if length < block:
        raise ValueError(f"a trace of {length} pairs has no block of {block}")
    count = -(-pairs // block)
    starts = random.integers(0, length - block + 1, size=(draws, count))
    indices = (starts[:, :, None] + np.arange(block)).reshape(draws, count * block)
    return indices[:, :pairs].astype(np.int64)
