"""Whether samples are such that a network has something to tell them apart by.

A network's answers to noise, or to inputs of a wrong kind or scale, are nearly all the same: statistics of
such inputs would spoil it for real ones.
"""

from __future__ import annotations

import numpy as np

from codec.encoder.calibration.divergence import OutputKind, Reference

_LEAST_NATS = 0.5
"""Mean divergence between answers to different samples; classifiers of 2 to 1,000 classes have 1 to 15 nats
on real inputs, 0.1 on noise."""
_LEAST_ERROR = 0.02
"""The same for outputs that are no scores, relative to their power."""


def lack_of_variety(reference: Reference) -> str:
    """Return what is wrong with the answers to samples, "" if nothing is.

    Parameters
    ----------
    reference
        The network's outputs for the samples.
    """
    outputs = reference.outputs
    if len(outputs) < 2:
        return "there is only one sample"
    between = reference.compare(outputs[1:] + outputs[:1])
    is_scores = any(form.kind in (OutputKind.PROBABILITIES, OutputKind.LOGITS) for form in reference.forms)
    least = _LEAST_NATS if is_scores else _LEAST_ERROR
    if np.isfinite(between.divergence) and between.divergence >= least:
        return ""
    return "the model's answers to the samples hardly differ"
