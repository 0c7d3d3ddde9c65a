"""What a user may ask of the encoder."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.goals.goal import Goal, GoalKind
from nntc.format.registry import Coder

if TYPE_CHECKING:
    from nntc.encoder.samples import SampleSource

DEFAULT_QUALITY = 30.0
_SAMPLES = ("evaluation", "calibration")
_DEEP = ("prune", "prune_scope", "centroids", "sparse", "biases")
_AIMS = ("quality", "bits", "target_size", "ratio", *GoalKind)


class Method(StrEnum):
    """How tensors are coded."""

    AUTO = "auto"
    LOSSLESS = "lossless"
    QUANTIZATION = "quantization"
    CLUSTERING = "clustering"
    DCT = "dct"
    DEEP = "deep"


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
    objective
        `auto`: `outputs` puts the error where the network's outputs feel it least, `weights` makes the
        squared error of the weights themselves least.
    target_size, ratio
        `auto`: size of the `.nntc` file in bytes, or original size / size, to reach.
    max_divergence, min_agreement, max_drop
        `auto`: how alike the decoded network must answer; the smallest file that does is looked for. Nats (or
        relative squared error, where outputs are no scores of classes), above 0; share of samples with the
        same top answer, above 0 and up to 1; percentage points of accuracy, 0 to 100.
    metric
        Accuracy that `max_drop` is about: `top1` or `top5`.
    evaluation
        Samples to measure on, in the forms of `calibration`; with an array `labels`, int [samples], for
        `max_drop`. Without them, a goal is measured on a fourth of the calibration samples, held out.
    calibration
        `auto`: samples of the model's inputs to encode it by: `.npz` file, folder, `nntc.ImageFolder`, or
        dictionaries of input name -> array; 32 to 256, no labels. Needs onnxruntime. `quality` is then that
        of the layers' outputs.
    exact
        Patterns of names of tensors, as of files (`*`, `?`, `[...]`), that are coded exactly.
    entropy
        Paper methods: coder of the levels; None is rANS, or Huffman for `deep`.
    prune, prune_scope
        `deep`: share of the weights to prune, 0 <= prune < 1, and whether of each layer or of all together.
    centroids
        `deep`: initial centroids.
    sparse
        `deep`: code all weights as sparse rows, or none; None for what is smaller.
    biases
        `deep`: prune and quantize biases too, and what normalizations add.
    jobs
        Threads, or an executor that tensors are sent to one by one.
    """

    method: Method = Method.AUTO
    quality: float | None = None
    bits: float | None = None
    target_size: int | None = None
    ratio: float | None = None
    objective: Objective = Objective.OUTPUTS
    max_divergence: float | None = None
    min_agreement: float | None = None
    max_drop: float | None = None
    metric: Metric = Metric.TOP1
    evaluation: SampleSource | None = None
    calibration: SampleSource | None = None
    exact: tuple[str, ...] = ()
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
    def goal(self) -> Goal | None:
        """What the decoded network's answers must reach."""
        for kind in GoalKind:
            limit = getattr(self, kind)
            if limit is not None:
                return Goal(kind, limit, self.metric)
        return None

    def described(self) -> list[tuple[str, str]]:
        """Return what was chosen, for people: names of options with their values; `jobs` changes nothing."""
        described = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or not self._has(field.name):
                continue
            if field.name == "exact":
                value = ", ".join(value)
            if isinstance(value, str | os.PathLike) and field.name in _SAMPLES:
                value = Path(value).name
            elif field.name in _SAMPLES:
                value = value if hasattr(value, "preprocess") else "given in memory"
            described.append((field.name.replace("_", " "), str(value)))
        if self.method is Method.AUTO and all(getattr(self, name) is None for name in _AIMS):
            described.insert(1, ("quality", f"{DEFAULT_QUALITY:g} dB"))
        return described

    def _has(self, name: str) -> bool:
        """Return whether an option says anything about this method and the other options."""
        is_deep = self.method is Method.DEEP
        others = {
            "jobs": False,
            "exact": bool(self.exact),
            "entropy": self.is_paper or is_deep,
            "metric": self.max_drop is not None,
            "objective": self.method is Method.AUTO and self.calibration is None,
            "prune_scope": is_deep and self.prune > 0,
            "centroids": is_deep and self.bits is not None,
        }
        return others.get(name, is_deep or name not in _DEEP)

    def at(self, quality: float) -> Options:
        """Return these options with a quality in place of whatever was aimed at."""
        aims: dict[str, Any] = {**dict.fromkeys(_AIMS), "quality": quality}
        return replace(self, **aims)

    @property
    def is_lossless(self) -> bool:
        """Whether every bit is to be kept."""
        is_idle = self.method is Method.DEEP and not self.prune and self.bits is None
        return is_idle or self.method is Method.LOSSLESS


def check_options(**chosen: Any) -> Options:
    """Return options from keyword arguments; ValueError for what does not go together."""
    options = replace(Options(), **{name: value for name, value in chosen.items() if value is not None})
    options = replace(
        options,
        exact=_patterns(options.exact),
        method=Method(options.method),
        objective=Objective(options.objective),
        metric=Metric(options.metric),
        entropy=Entropy(options.entropy),
    )
    options = _check_deep(options, chosen)
    goals = [str(n) for n in _AIMS if getattr(options, n) is not None]
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
    if options.method is not Method.AUTO and chosen.get("objective") is not None:
        raise ValueError("objective is for method auto")
    if options.calibration is not None:
        if options.method is not Method.AUTO:
            raise ValueError("calibration is for method auto")
        if options.objective is not Objective.OUTPUTS:
            raise ValueError("calibration keeps outputs close, not weights")
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
    _check_goal(options, is_metric_chosen=chosen.get("metric") is not None)
    return options


class PatternError(ValueError):
    """A pattern of names that no tensor of the model has."""


def _patterns(exact: Any) -> tuple[str, ...]:
    """Return patterns of names, one or several; TypeError for anything else."""
    patterns = (exact,) if isinstance(exact, str) else tuple(exact)
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError("exact is a pattern of names, or several")
    return patterns


def _check_goal(options: Options, *, is_metric_chosen: bool) -> None:
    """Raise ValueError for a goal that is none."""
    if options.max_divergence is not None and not 0 < options.max_divergence < inf:
        raise ValueError("max divergence must be above 0")
    if options.min_agreement is not None and not 0 < options.min_agreement <= 1:
        raise ValueError("min agreement must be above 0 and at most 1")
    if options.max_drop is not None and not 0 <= options.max_drop <= 100:
        raise ValueError("max drop must be 0 to 100 percentage points")
    if options.max_drop is None and is_metric_chosen:
        raise ValueError("metric is for max drop")
    if options.max_drop is not None and options.evaluation is None:
        raise ValueError("max drop needs evaluation samples with labels")
    if options.goal is not None and options.evaluation is None and options.calibration is None:
        kind = options.goal.kind.replace("_", " ")
        raise ValueError(f"{kind} needs samples to measure on: evaluation or calibration")


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
        given = [name for name in _DEEP if getattr(options, name) != getattr(Options(), name)]
        if given:
            raise ValueError(f"{given[0].replace('_', ' ')} is for the method deep")
        return options
    if not 0 <= options.prune < 1:
        raise ValueError("prune must be at least 0 and below 1")
    return replace(options, entropy=Entropy(chosen.get("entropy") or Entropy.HUFFMAN))
