"""Enumerations that options of the encoder choose from."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from nntc.format.registry import Coder

if TYPE_CHECKING:
    from nntc.format.trellis import Machine


class Method(StrEnum):
    """How tensors are coded."""

    AUTO = "auto"
    LOSSLESS = "lossless"
    QUANTIZATION = "quantization"
    CLUSTERING = "clustering"
    DCT = "dct"
    DEEP = "deep"


class Integers(StrEnum):
    """What a float model is made into before it is coded."""

    INT8 = "int8"
    INT4 = "int4"


class Objective(StrEnum):
    """What `auto` keeps close to the original."""

    OUTPUTS = "outputs"
    WEIGHTS = "weights"


class Effort(StrEnum):
    """How hard `auto` searches for levels."""

    FAST = "fast"
    BEST = "best"

    @property
    def machine(self) -> Machine:
        """The trellis that is searched."""
        # Help should not wait for numpy.
        from nntc.format.trellis import EIGHT_STATES, MANY_STATES

        return MANY_STATES if self is Effort.BEST else EIGHT_STATES


class Entropy(StrEnum):
    """Entropy coder of the paper methods."""

    RANS = "rans"
    BZIP2 = "bzip2"
    HUFFMAN = "huffman"
    ZSTD = "zstd"

    @property
    def coder(self) -> Coder:
        """The format's coder."""
        return Coder[self.name]


class PruneScope(StrEnum):
    """What magnitudes are compared with each other when weights are pruned."""

    LAYER = "layer"
    GLOBAL = "global"


class Centroids(StrEnum):
    """Initial centroids of k-means."""

    LINEAR = "linear"
    DENSITY = "density"
    RANDOM = "random"


PAPER_METHODS = (Method.QUANTIZATION, Method.CLUSTERING, Method.DCT)
"""Those of Laude et al."""

LEAST_DEVICE_MEMORY = 1 << 14
"""Bytes of working memory: with fewer, hardly anything can be coded well."""
