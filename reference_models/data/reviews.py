"""Film reviews as rows of word numbers.

The numbers are those of Keras' `imdb.npz`: words by falling frequency in the training part, after three
special ones. A review is cut or padded in front to its last `length` words, as Keras does by default, so
that what an LSTM reads last is the end of the review.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PADDING, BEGINNING, UNKNOWN = range(3)
FIRST_WORD = 4  # number of the most frequent word; Keras leaves 3 unused

_WORD = re.compile(r"[a-z0-9']+")


class Reviews(NamedTuple):
    """Word numbers, int32 (N, length), and opinions, uint8 (N,): 1 kind, 0 unkind."""

    words: NDArray[np.int32]
    labels: NDArray[np.uint8]


class ReviewSplit(NamedTuple):
    """Reviews to train on, and others to measure with."""

    training: Reviews
    test: Reviews


def tokenize(text: str) -> list[str]:
    """Cut a text into words: lower case, letters, digits and apostrophes; marks of line breaks are none."""
    return _WORD.findall(text.lower().replace("<br />", " "))


def vocabulary(texts: Iterable[Sequence[str]], size: int) -> dict[str, int]:
    """Give numbers to the most frequent words of texts; among equally frequent ones the alphabet decides.

    Numbers are in 4..size-1, so that with the special ones there are `size`.
    """
    counts = Counter(word for text in texts for word in text)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: FIRST_WORD + rank for rank, word in enumerate(ranked[: size - FIRST_WORD])}


def numbers(text: Sequence[str], words: dict[str, int]) -> list[int]:
    """Return a text's word numbers after the mark of the beginning."""
    return [BEGINNING, *(words.get(word, UNKNOWN) for word in text)]


def pad(rows: Sequence[Sequence[int]], length: int) -> NDArray[np.int32]:
    """Return int32 (rows, length): the last `length` numbers of each row, zeros in front of shorter ones."""
    result = np.full((len(rows), length), PADDING, np.int32)
    for target, row in zip(result, rows, strict=True):
        kept = row[-length:]
        target[length - len(kept) :] = kept
    return result
