"""Output variation: how much a network's outputs differ from sample to sample.

A network's answers to noise, or to inputs of a wrong kind or scale, are nearly all the same: statistics of
such inputs would spoil it for real ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.output_form import OutputKind

_LEAST_NATS = 0.5
"""Mean divergence between answers to different samples; classifiers of 2 to 1,000 classes have 1 to 15 nats
on real inputs, 0.1 on noise."""
_LEAST_ERROR = 0.02
"""The same for outputs that are no scores, relative to their power."""


def lack_of_variation(reference: Reference) -> str:
    """Return what is wrong with the answers to samples, "" if nothing is or they cannot be compared.

    Parameters
    ----------
    reference
        The network's outputs for the samples.
    """
    outputs = reference.outputs
    if len(outputs) < 2:
        return "there is only one sample"
    shapes = [[np.shape(value) for value in values] for values in outputs]
    pairs = {i: j for i in range(len(outputs)) if (j := _next(shapes, i)) != i}
    if not pairs:
        return ""  # answers of unlike shape differ, whatever they say
    compared = reference.compare(outputs[pairs.get(i, i)] for i in range(len(outputs)))
    between = compared.by_sample[list(pairs)].mean()
    is_scores = any(form.kind in (OutputKind.PROBABILITIES, OutputKind.LOGITS) for form in reference.forms)
    least = _LEAST_NATS if is_scores else _LEAST_ERROR
    if np.isfinite(between) and between >= least:
        return ""
    if reference.not_finite == len(outputs):
        return "the model's outputs for the samples are not finite"
    return "the model's outputs hardly differ from sample to sample"


def _next(shapes: Sequence[object], index: int) -> int:
    """Return the next index, around the end, that has an equal element; `index` itself if none has."""
    around = (*range(index + 1, len(shapes)), *range(index))
    return next((other for other in around if shapes[other] == shapes[index]), index)
