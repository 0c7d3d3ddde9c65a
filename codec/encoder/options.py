"""What a user may ask of the encoder."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Any

from codec.format.registry import Coder

DEFAULT_QUALITY = 30.0


class Method(StrEnum):
    """How tensors are coded."""

    AUTO = "auto"
    LOSSLESS = "lossless"
    QUANTIZATION = "quantization"
    CLUSTERING = "clustering"
    DCT = "dct"
    DEEP = "deep"


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


@dataclass(frozen=True, slots=True)
class Options:
    """Checked encoder options.

    Parameters
    ----------
    method
        `auto`, `lossless`, one of Laude et al.: `quantization`, `clustering`, `dct`, or `deep` of Han et al.
    quality
        `auto`: signal-to-noise ratio of the network's weights in dB (README, "Quality").
    bits
        `auto`: bits per weight of the coded tensors to aim at; paper methods: bits n of every quantizer and
        codebook, 1..8; for `deep`, None is no quantization.
    target_size, ratio
        `auto`: size of the `.nntc` file in bytes, or original size / size, to reach.
    entropy
        Paper methods: coder of the levels; None is rANS, or Huffman for `deep`.
    prune, prune_scope
        `deep`: share of the weights to prune, 0 <= prune < 1, and whether of each layer or of all together.
    centroids
        `deep`: initial centroids.
    sparse
        `deep`: code all weights as sparse rows, or none; None for what is smaller.
    biases
        `deep`: prune and quantize biases and normalizations too.
    jobs
        Threads, or an executor that tensors are sent to one by one.
    """

    method: Method = Method.AUTO
    quality: float | None = None
    bits: float | None = None
    target_size: int | None = None
    ratio: float | None = None
    entropy: Entropy = Entropy.RANS
    prune: float = 0.0
    prune_scope: PruneScope = PruneScope.LAYER
    centroids: Centroids = Centroids.LINEAR
    sparse: bool | None = None
    biases: bool = False
    jobs: int | Executor = 1

    @property
    def is_paper(self) -> bool:
        """Whether the method is one of Laude et al."""
        return self.method in (Method.QUANTIZATION, Method.CLUSTERING, Method.DCT)

    @property
    def is_lossless(self) -> bool:
        """Whether every bit is to be kept."""
        is_idle = self.method is Method.DEEP and not self.prune and self.bits is None
        return is_idle or self.method is Method.LOSSLESS


def check_options(**chosen: Any) -> Options:
    """Return options from keyword arguments; ValueError for what does not go together."""
    options = replace(Options(), **{name: value for name, value in chosen.items() if value is not None})
    options = replace(options, method=Method(options.method), entropy=Entropy(options.entropy))
    options = _check_deep(options, chosen)
    goals = [n for n in ("quality", "bits", "target_size", "ratio") if getattr(options, n) is not None]
    if options.method is Method.AUTO:
        if len(goals) > 1:
            raise ValueError(f"name one goal, not {' and '.join(goals)}")
        if chosen.get("entropy") is not None:
            raise ValueError("entropy is for the methods quantization, clustering, dct and deep")
    elif options.method is Method.DEEP:
        if goals not in ([], ["bits"]):
            raise ValueError("method deep takes bits and prune only")
        options = replace(options, bits=None if options.bits is None else _whole_bits(options.bits))
    elif options.is_paper:
        if goals not in ([], ["bits"]):
            raise ValueError(f"method {options.method} takes bits only")
        options = replace(options, bits=_whole_bits(6 if options.bits is None else options.bits))
    elif goals or chosen.get("entropy") is not None:
        raise ValueError("method lossless takes no goal and no entropy coder")
    if options.quality is not None and not 0 < options.quality <= 140:
        raise ValueError("quality must be between 0 and 140 dB")
    if options.method is Method.AUTO and options.bits is not None and not 0.1 <= options.bits <= 32:
        raise ValueError("bits must be between 0.1 and 32")
    if options.target_size is not None and options.target_size < 1:
        raise ValueError("target size must be at least one byte")
    if options.ratio is not None and not 0 < options.ratio < inf:
        raise ValueError("ratio must be above 0")
    if isinstance(options.jobs, int) and options.jobs < 1:
        raise ValueError("jobs must be at least 1")
    return options


def _whole_bits(bits: float) -> int:
    """Return the bits of a quantizer or codebook."""
    if bits not in range(1, 9):
        raise ValueError("bits must be a whole number from 1 to 8")
    return int(bits)


def _check_deep(options: Options, chosen: dict[str, Any]) -> Options:
    """Return the options with those of method deep checked, which no other method takes."""
    options = replace(
        options, prune_scope=PruneScope(options.prune_scope), centroids=Centroids(options.centroids)
    )
    if options.method is not Method.DEEP:
        own = ("prune", "prune_scope", "centroids", "sparse", "biases")
        given = [name for name in own if getattr(options, name) != getattr(Options(), name)]
        if given:
            raise ValueError(f"{given[0].replace('_', ' ')} is for the method deep")
        return options
    if not 0 <= options.prune < 1:
        raise ValueError("prune must be at least 0 and below 1")
    return replace(options, entropy=Entropy(chosen.get("entropy") or Entropy.HUFFMAN))
