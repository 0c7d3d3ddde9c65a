"""Magnitude pruning: the smallest weights become zero and stay so.

Han et al., "Deep Compression" (ICLR 2016), section 2; the gradual schedule is that of Zhu and Gupta, "To
prune, or not to prune" (2017), equation 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from reference_models.training.recipe import Scope


def sparsity_at(final: float, initial: float, progress: float, ramp: float) -> float:
    """Return the sparsity due at a point of the stage.

    Parameters
    ----------
    final, initial
        Sparsity after and before the stage, in 0..1.
    progress
        Share of the stage that is over, in 0..1.
    ramp
        Share of the stage that the rise takes; 0 for a constant sparsity from the start.
    """
    remaining = max(0.0, 1 - progress / ramp) if ramp > 0 else 0.0
    return final + (initial - final) * remaining**3


def prune(weights: Mapping[str, Tensor], sparsity: Mapping[str, float], scope: Scope) -> dict[str, Tensor]:
    """Choose the weights to keep.

    Parameters
    ----------
    weights
        Tensors by name.
    sparsity
        Share of each tensor's weights to prune, in 0..1.
    scope
        tensor: every tensor loses its share. network: together they lose as many weights, but the smallest
        of all.

    Returns
    -------
    Masks by name, bool, of the tensors' shapes: true where a weight is kept. Of weights of equal magnitude
    at the limit none is kept.
    """
    magnitudes = {name: tensor.detach().abs() for name, tensor in weights.items()}
    pruned = {name: round(sparsity[name] * tensor.numel()) for name, tensor in weights.items()}
    if scope == "network":
        limit = _limit(torch.cat([each.flatten() for each in magnitudes.values()]), sum(pruned.values()))
        return {name: each > limit for name, each in magnitudes.items()}
    return {name: each > _limit(each.flatten(), pruned[name]) for name, each in magnitudes.items()}


def _limit(magnitudes: Tensor, pruned: int) -> float:
    """Return the largest magnitude that is pruned, -1 if none is."""
    return float(torch.kthvalue(magnitudes, pruned).values) if pruned else -1.0
