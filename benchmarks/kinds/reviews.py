"""English text: sentences of the film reviews of the IMDb data set."""

from __future__ import annotations

import lzma
import re
from pathlib import Path
from typing import Literal

import numpy as np

SplitName = Literal["train", "test"]
_LEAST_WORDS = 5
_TAG = re.compile(r"<[^>]*>")
_END = re.compile(r"(?<=[.!?])\s+")


def read_sentences(data: Path, split: SplitName, count: int, seed: int = 0) -> list[str]:
    """Return sentences of reviews of a split, each of another review, chosen by chance."""
    rng = np.random.default_rng(seed)
    with lzma.open(data / "imdb" / f"{split}.tsv.xz", "rt", encoding="utf-8") as file:
        reviews = [line.split("\t", 1)[1].strip() for line in file]
    sentences: list[str] = []
    for index in rng.permutation(len(reviews)):
        found = _END.split(_TAG.sub(" ", reviews[index]))
        found = [sentence for sentence in found if len(sentence.split()) >= _LEAST_WORDS]
        if found:
            sentences.append(found[rng.integers(len(found))])
        if len(sentences) == count:
            break
    return sentences
