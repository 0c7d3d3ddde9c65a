"""Readers of the IMDb reviews: tab-separated files, the aclImdb folder, and Keras' `imdb.npz`.

A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011: 25,000 reviews to train on and
25,000 to test with, half of them kind.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np

from reference_models.data.reviews import Reviews, ReviewSplit, numbers, pad, tokenize, vocabulary
from reference_models.errors import ReferenceModelError

Texts = list[tuple[int, list[str]]]  # opinion, words


def read_imdb(source: Path, words: int, length: int) -> ReviewSplit:
    """Read the reviews, whichever form they have.

    Parameters
    ----------
    source
        Folder with `train.tsv.xz` and `test.tsv.xz` (opinion 0 or 1, tab, text), or the folder aclImdb.
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
        if (source / "train.tsv.xz").is_file():
            return _split(*(_read_table(source / f"{part}.tsv.xz") for part in ("train", "test")), words, length)
        if (source / "train" / "pos").is_dir():
            return _split(*(_read_folder(source / part) for part in ("train", "test")), words, length)
    except (OSError, ValueError, lzma.LZMAError) as e:
        raise ReferenceModelError("E_DATA", f"{source}: {e}") from e
    raise ReferenceModelError("E_DATA", f"{source}: neither tsv.xz files nor aclImdb")


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


def _split(training: Texts, test: Texts, words: int, length: int) -> ReviewSplit:
    known = vocabulary((text for _, text in training), words)

    def part(texts: Texts) -> Reviews:
        rows = [numbers(text, known) for _, text in texts]
        return Reviews(pad(rows, length), np.array([opinion for opinion, _ in texts], np.uint8))

    return ReviewSplit(part(training), part(test))
