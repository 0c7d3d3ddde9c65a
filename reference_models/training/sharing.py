"""Trained quantization: the weights of a tensor share few values, and these are trained.

Han et al., "Deep Compression" (ICLR 2016), section 3: clusters by k-means from linear, density-based or
random centroids; the gradient of a centroid is the sum of its weights' gradients. Pruned weights stay zero
outside the clusters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reference_models.training.recipe import Start

_STEPS = 30  # of k-means


class SharedWeights:
    """A tensor whose weights share the values of a codebook.

    Parameters
    ----------
    centroids
        float, rank 1: the values, which an optimizer may change.
    clusters
        int32, of the tensor's shape: number of each weight's centroid; one more than the last stands for a
        pruned weight, zero.
    """

    def __init__(self, centroids: Tensor, clusters: Tensor) -> None:
        self.centroids = nn.Parameter(centroids)
        self.clusters = clusters

    def weights(self) -> Tensor:
        """Return the tensor."""
        values = torch.cat([self.centroids.detach(), self.centroids.new_zeros(1)])
        return values[self.clusters]

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return the centroids' gradient: for each the sum over its cluster of the weights' gradient."""
        sums = torch.zeros(len(self.centroids) + 1, dtype=torch.float64, device=gradient.device)
        sums.index_add_(0, self.clusters.flatten(), gradient.flatten().double())
        return sums[:-1].to(gradient.dtype)


def share(weights: Tensor, bits: int, start: Start, generator: torch.Generator) -> SharedWeights:
    """Cluster a tensor's weights into at most 2^bits values; zeros, where there are any, are one of these."""
    flat = weights.detach().flatten()
    kept = flat != 0
    remaining = flat[kept]
    count = min(2**bits - int(len(remaining) < len(flat)), len(remaining))
    centroids = _lloyd(remaining.double(), _initial(remaining.double(), count, start, generator))
    clusters = torch.full(flat.shape, len(centroids), dtype=torch.int32, device=flat.device)
    clusters[kept] = torch.bucketize(remaining.double(), _middles(centroids), out_int32=True)
    return SharedWeights(centroids.to(flat.dtype), clusters.reshape(weights.shape))


def _initial(values: Tensor, count: int, start: Start, generator: torch.Generator) -> Tensor:
    """Return `count` initial centroids, ascending."""
    if count == 0:
        return values.new_zeros(0)
    if start == "linear":
        low, high = (float(end) for end in values.aminmax())
        return torch.linspace(low, high, count, dtype=values.dtype, device=values.device)
    ranked = values.sort().values
    if start == "density":
        places = (torch.arange(count) * 2 + 1) * len(ranked) // (2 * count)
    else:
        places = torch.randperm(len(ranked), generator=generator)[:count].sort().values
    return ranked[places.to(values.device)]


def _middles(centroids: Tensor) -> Tensor:
    return (centroids[1:] + centroids[:-1]) / 2


def _lloyd(values: Tensor, centroids: Tensor) -> Tensor:
    """Improve centroids, ascending, by Lloyd's algorithm; one whose cluster is empty stays where it is."""
    for _ in range(_STEPS):
        clusters = torch.bucketize(values, _middles(centroids))
        sizes = torch.bincount(clusters, minlength=len(centroids))
        sums = torch.zeros_like(centroids).index_add_(0, clusters, values)
        moved = torch.where(sizes > 0, sums / sizes.clamp(min=1), centroids)
        if torch.equal(moved, centroids):
            break
        centroids = moved
    return centroids
