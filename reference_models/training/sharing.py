"""Trained quantization: the weights of a tensor share few values, and these are trained.

Han et al., "Deep Compression" (ICLR 2016), section 3: clusters are the encoder's, by k-means from linear,
density or random centroids; the gradient of a centroid is the sum of its weights' gradients. Pruned weights
stay zero outside the clusters.
"""

from __future__ import annotations

import numpy as np
import torch
from nntc.encoder.options import Centroids
from nntc.encoder.quantize.clustering import cluster, nearest
from torch import Tensor, nn


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


def share(weights: Tensor, bits: int, start: Centroids) -> SharedWeights:
    """Cluster a tensor's weights into at most 2^bits values; zeros, where there are any, are one of these."""
    flat = weights.detach().flatten().double().cpu().numpy()
    kept = flat != 0
    count = max(1, 2**bits - int(not kept.all()))
    centroids = cluster(flat[kept], count, start=start, restarts=1) if kept.any() else np.zeros(0)
    clusters = np.full(flat.shape, len(centroids), np.int32)
    clusters[kept] = nearest(flat[kept], centroids)
    return SharedWeights(
        torch.from_numpy(centroids).to(weights),
        torch.from_numpy(clusters).to(weights.device).reshape(weights.shape),
    )
