"""Text recognition and text direction: PP-OCR's networks, convolutions and two layers of attention.

Inputs are pictures of one to five words of film reviews (`pictures.py`). The recognizer (2.7 million weights)
is measured by the characters that it reads as the original did: one minus the edit distance over the number
of the original's. The direction classifier (134 thousand) gets half of the pictures upside down, cut to 192
pixels; it is measured by equal answers. Beside both: KL divergence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from .pictures import Pixels, cut_lines, draw, network_input
from .reviews import SplitName, read_sentences
from .task import Array, Batch, Fidelity, Outputs, Task, divergence

RECOGNIZER, DIRECTION = "ch_PP-OCRv4_rec_infer", "ch_ppocr_mobile_v2.0_cls_infer"
WIDTH, DIRECTION_WIDTH = 320, 192


def recognition(data: Path, calibration: int, evaluation: int) -> Task:
    """Return the text recognizer's task."""
    model = data / "models" / f"{RECOGNIZER}.onnx"
    properties = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    # CTC's blank comes first, the space last.
    characters = ["", *properties["character"].splitlines(), " "]

    def compare(original: Outputs, other: Outputs) -> Fidelity:
        before, after = ([_read(output, characters) for output in outputs] for outputs in (original, other))
        wrong = sum(edit_distance(a, b) for a, b in zip(before, after, strict=True))
        kl = float(np.mean([divergence(a, b) for a, b in zip(original, other, strict=True)]))
        lines = float(np.mean([a == b for a, b in zip(before, after, strict=True)]))
        return Fidelity(1 - wrong / sum(map(len, before)), kl, {"same lines": lines})

    def batches(split: SplitName, count: int) -> list[Batch]:
        return [{"x": network_input(picture, WIDTH)} for picture in _pictures(data, split, count)]

    return Task(
        RECOGNIZER,
        model,
        "characters read alike",
        batches("train", calibration),
        batches("test", evaluation),
        compare,
    )


def direction(data: Path, calibration: int, evaluation: int) -> Task:
    """Return the direction classifier's task."""

    def batches(split: SplitName, count: int) -> list[Batch]:
        pictures = _pictures(data, split, count)
        turned = [picture[:: 1 - i % 2 * 2, :: 1 - i % 2 * 2] for i, picture in enumerate(pictures)]
        return [{"x": network_input(picture[:, :DIRECTION_WIDTH], DIRECTION_WIDTH)} for picture in turned]

    def compare(original: Outputs, other: Outputs) -> Fidelity:
        a, b = np.concatenate(original), np.concatenate(other)
        return Fidelity(float(np.mean(a.argmax(axis=1) == b.argmax(axis=1))), divergence(a, b), {})

    return Task(
        DIRECTION,
        data / "models" / f"{DIRECTION}.onnx",
        "same direction",
        batches("train", calibration),
        batches("test", evaluation),
        compare,
    )


def _pictures(data: Path, split: SplitName, count: int) -> list[Pixels]:
    rng = np.random.default_rng(len(split))
    return [draw(text, rng) for text in cut_lines(read_sentences(data, split, count))]


def _read(output: Array, characters: list[str]) -> str:
    """Return the text in the recognizer's output: the best path of Graves et al.'s CTC (2006)."""
    classes = np.nan_to_num(output[0]).argmax(axis=1)
    changes = np.flatnonzero(np.diff(classes, prepend=0))
    return "".join(characters[number] for number in classes[changes])


def edit_distance(a: str, b: str) -> int:
    """Return the least number of characters to insert, delete or replace (Levenshtein, 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]
