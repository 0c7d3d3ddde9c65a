"""Readers of the IMDb reviews: tab-separated files, the aclImdb folder, and Keras' `imdb.npz`.

A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011: 25,000 reviews to train on and
25,000 to test with, half of them kind.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reference_models.data.arrays import read_arrays
from reference_models.data.reviews import (
    BEGINNING,
    FIRST_WORD,
    UNKNOWN,
    Reviews,
    ReviewSplit,
    numbers,
    pad,
    tokenize,
    vocabulary,
)
from reference_models.errors import ReferenceModelError

PARTS = ("train", "test")
Texts = list[tuple[int, list[str]]]  # opinion, words


def read_imdb(source: Path, words: int, length: int) -> ReviewSplit:
    """Read the reviews, whichever form they have.

    Parameters
    ----------
    source
        Keras' `imdb.npz`; a folder with `train.tsv.xz` and `test.tsv.xz` (opinion 0 or 1, tab, text); or the
        folder aclImdb.
    words
        Size of the vocabulary, special numbers included.
    length
        Word numbers of a review.

    Raises
    ------
    ReferenceModelError
        E_DATA.
    """
    try:
        if source.is_file():
            return _from_keras(source, words, length)
        if (source / "train.tsv.xz").is_file():
            return _split([_read_table(source / f"{part}.tsv.xz") for part in PARTS], words, length)
        if (source / "train" / "pos").is_dir():
            return _split([_read_folder(source / part) for part in PARTS], words, length)
    except (OSError, ValueError, KeyError, lzma.LZMAError) as e:
        raise ReferenceModelError("E_DATA", f"{source}: {e}") from e
    raise ReferenceModelError("E_DATA", f"{source}: no form of the IMDb reviews that is known here")


def _read_table(path: Path) -> Texts:
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file]
    if any(len(row) != 2 or row[0] not in ("0", "1") for row in rows):
        raise ValueError(f"{path.name} has a line that is not 0 or 1, a tab and a text")
    return [(int(opinion), tokenize(text)) for opinion, text in rows]


def _read_folder(folder: Path) -> Texts:
    return [
        (opinion, tokenize(path.read_text(encoding="utf-8")))
        for opinion, name in enumerate(("neg", "pos"))
        for path in sorted((folder / name).glob("*.txt"))
    ]


def _from_keras(path: Path, words: int, length: int) -> ReviewSplit:
    """Read word numbers by falling frequency from 1, as Keras ships them."""
    arrays = read_arrays(path)
    return ReviewSplit(*(_ranked(arrays[f"x_{part}"], arrays[f"y_{part}"], words, length) for part in PARTS))


def _ranked(rows: Sequence[Sequence[int]], opinions: NDArray[np.int64], words: int, length: int) -> Reviews:
    if not all(type(rank) is int and rank > 0 for row in rows for rank in row):
        raise ValueError("a review is not a list of word numbers from 1")
    if len(opinions) != len(rows) or not np.isin(opinions, (0, 1)).all():
        raise ValueError(f"opinions {opinions.shape} of {len(rows)} reviews, or others than 0 and 1")
    most = words - FIRST_WORD
    texts = [[rank - 1 + FIRST_WORD if rank <= most else UNKNOWN for rank in row] for row in rows]
    return Reviews(pad([[BEGINNING, *text] for text in texts], length), opinions.astype(np.uint8))


def _split(parts: Sequence[Texts], words: int, length: int) -> ReviewSplit:
    """Give words numbers by their frequency in the first part, and these to both."""
    known = vocabulary((text for _, text in parts[0]), words)

    def part(texts: Texts) -> Reviews:
        rows = [numbers(text, known) for _, text in texts]
        return Reviews(pad(rows, length), np.array([opinion for opinion, _ in texts], np.uint8))

    return ReviewSplit(*map(part, parts))
