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


class Objective(StrEnum):
    """What `auto` keeps close to the original."""

    OUTPUTS = "outputs"
    WEIGHTS = "weights"


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


@dataclass(frozen=True, slots=True)
class Options:
    """Checked encoder options.

    Parameters
    ----------
    method
        `auto`, `lossless`, or one of Laude et al.: `quantization`, `clustering`, `dct`.
    quality
        `auto`: signal-to-noise ratio of the network's weights in dB (README, "Quality").
    bits
        `auto`: bits per weight of the coded tensors to aim at; paper methods: bits n of every quantizer and
        codebook, 1..8.
    objective
        `auto`: `outputs` puts the error where the network's outputs feel it least, `weights` makes the
        squared error of the weights themselves least.
    target_size, ratio
        `auto`: size of the `.nntc` file in bytes, or original size / size, to reach.
    entropy
        Paper methods: coder of the levels.
    jobs
        Threads, or an executor that tensors are sent to one by one.
    """

    method: Method = Method.AUTO
    quality: float | None = None
    bits: float | None = None
    target_size: int | None = None
    ratio: float | None = None
    objective: Objective = Objective.OUTPUTS
    entropy: Entropy = Entropy.RANS
    jobs: int | Executor = 1

    @property
    def is_paper(self) -> bool:
        """Whether the method is one of Laude et al."""
        return self.method in (Method.QUANTIZATION, Method.CLUSTERING, Method.DCT)


def check_options(**chosen: Any) -> Options:
    """Return options from keyword arguments; ValueError for what does not go together."""
    options = replace(Options(), **{name: value for name, value in chosen.items() if value is not None})
    options = replace(
        options,
        method=Method(options.method),
        objective=Objective(options.objective),
        entropy=Entropy(options.entropy),
    )
    goals = [n for n in ("quality", "bits", "target_size", "ratio") if getattr(options, n) is not None]
    if options.method is Method.AUTO:
        if len(goals) > 1:
            raise ValueError(f"name one goal, not {' and '.join(goals)}")
        if chosen.get("entropy") is not None:
            raise ValueError("entropy is for the methods quantization, clustering and dct")
    elif options.is_paper:
        if goals not in ([], ["bits"]):
            raise ValueError(f"method {options.method} takes bits only")
        bits = 6 if options.bits is None else options.bits
        if bits not in range(1, 9):
            raise ValueError("bits must be a whole number from 1 to 8")
        options = replace(options, bits=int(bits))
    elif goals or chosen.get("entropy") is not None:
        raise ValueError("method lossless takes no goal and no entropy coder")
    if options.method is not Method.AUTO and chosen.get("objective") is not None:
        raise ValueError("objective is for method auto")
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
