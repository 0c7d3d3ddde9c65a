"""A small network, and samples for it."""

from __future__ import annotations

import numpy as np

from tests import networks

MODEL = networks.classifier(width=16).SerializeToString()


def samples(*, labelled: bool = False) -> list[dict[str, object]]:
    draw = np.random.default_rng(2)
    found: list[dict[str, object]] = []
    for number in range(12):
        sample: dict[str, object] = {"image": draw.normal(size=(1, 3, 12, 12)).astype(np.float32)}
        found.append({**sample, "labels": number} if labelled else sample)
    return found
