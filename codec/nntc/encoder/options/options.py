"""Options of the encoder, each declared once.

The check of options, the command's `--help`, the keyword arguments of `nntc.encode` and the page's list of
what was chosen all come from the fields of `Options`. What each is, is declared in `declared/`.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.goals.goal import CONFIDENCE
from nntc.encoder.goals.kinds import GOALS
from nntc.encoder.options.choices import (
    PAPER_METHODS,
    Centroids,
    Effort,
    Entropy,
    Integers,
    Method,
    Objective,
    PruneScope,
)
from nntc.encoder.options.declaration import declarations
from nntc.encoder.options.declared import aim, deep, how, run, samples, update

if TYPE_CHECKING:
    from nntc.encoder.goals.goal import Goal
    from nntc.encoder.samples import SampleSource
    from nntc.onnx.serialized import ModelSource

DEFAULT_QUALITY = 30.0
DEFAULT_BITS = 6
"""Of the methods of Laude et al."""


@dataclass(frozen=True, slots=True)
class Options:
    """Checked encoder options.

    Parameters
    ----------
    method
        `auto`, `lossless`, one of Laude et al.: `quantization`, `clustering`, `dct`, or `deep` of Han et al.
    objective
        `auto`: `outputs` puts the error where the network's outputs feel it least, `weights` makes the
        squared error of the weights themselves least.
    effort
        `auto`: `fast`, or `best` for a file about 1 % smaller at the same quality, whose levels are searched
        with 128 states of the trellis in place of eight. Decoding takes no longer.
    entropy
        Paper methods: coder of the levels; None is rANS, or Huffman for `deep`.
    quality
        `auto`: signal-to-noise ratio of the network's weights in dB (README, "Quality"), above 0 to 140.
    bits
        `auto`: bits per weight of the coded tensors to aim at; paper methods: bits n of every quantizer and
        codebook, 1..8; for `deep`, None is no quantization.
    target_size, ratio
        `auto`: size of the `.nntc` file in bytes, or original size / size, to reach.
    max_divergence, min_agreement, max_drop
        `auto`: how alike the decoded network's outputs must be: the smallest file that is is looked for.
        Nats (or relative squared error, where outputs are no scores of classes), above 0; share of samples
        with the same top answer, above 0 and up to 1; percentage points of accuracy, 0 to 100.
    metric
        Accuracy that `max_drop` is about: `top1` or `top5`.
    confidence
        How sure one of these three must be met on as many samples to come (`nntc.encoder.goals.chance`), 0.5
        to 0.999. What is measured must meet it, too.
    evaluation
        Samples to measure on, in the forms of `calibration`; with an array `labels`, int [samples], for
        `max_drop`. Without them, a goal is measured on a fourth of the calibration samples, held out.
    calibration
        `auto`: samples of the model's inputs to encode it by: `.npz` file, folder, `nntc.ImageFolder`, or
        dictionaries of input name -> array; 32 to 256, no labels. Needs onnxruntime. `quality` is then that
        of the layers' outputs.
    trust_samples
        Calibrate even with samples that contradict what the model stores of those it was trained on; else
        they are only measured on, with a remark that says what is wrong.
    integers
        `int8` or `int4`: a model of integers is made of the float model first, by onnxruntime's tools, and is
        what is coded. Outputs are compared with those of the float model, and the size with its size.
    exact
        Patterns of names of tensors, as of files (`*`, `?`, `[...]`), that are coded exactly.
    prune, prune_scope
        `deep`: share of the weights to prune, 0 <= prune < 1, and whether of each layer or of all together.
    centroids
        `deep`: initial centroids.
    sparse
        `deep`: code all weights as sparse rows, or none; None for what is smaller.
    biases
        `deep`: prune and quantize biases too, and what normalizations add.
    index
        Write an INDEX section: names, types, shapes and places of all tensors (SPEC.md 6.7).
    stable
        `auto`, a quality: tensors share no tables, so that what is the same in two versions of a model takes
        the same bytes in both.
    updatable
        `auto`: code weights without trellis, each to the nearest level of a grid that updates have, too.
    device_memory
        `auto`, `lossless`: bytes of working memory of the decoder that the file is for, at least 16 KiB
        (README, "On a device"); None where it has any.
    base, base_exact
        The version before, as whoever decodes has it: an update is made, which is decoded with its help. And
        the model that it was encoded from, where that is known. ONNX models by path or in memory, or a
        `.nntc` file as base.
    refine
        `auto`: update to the weights themselves, and not to what the base's coding noise is added to.
    jobs
        Threads, or an executor that tensors are sent to one by one.
    dask
        Address of a Dask scheduler: its workers encode tensors, `jobs` threads here do what else there is.
    """

    method: Method = field(default=Method.AUTO, metadata=how.METHOD)
    objective: Objective = field(default=Objective.OUTPUTS, metadata=how.OBJECTIVE)
    effort: Effort = field(default=Effort.FAST, metadata=how.EFFORT)
    entropy: Entropy = field(default=Entropy.RANS, metadata=how.ENTROPY)
    quality: float | None = field(default=None, metadata=aim.QUALITY)
    bits: float | None = field(default=None, metadata=aim.BITS)
    target_size: int | None = field(default=None, metadata=aim.TARGET_SIZE)
    ratio: float | None = field(default=None, metadata=aim.RATIO)
    max_divergence: float | None = field(default=None, metadata=aim.MAX_DIVERGENCE)
    min_agreement: float | None = field(default=None, metadata=aim.MIN_AGREEMENT)
    max_drop: float | None = field(default=None, metadata=aim.MAX_DROP)
    metric: Metric = field(default=Metric.TOP1, metadata=aim.METRIC)
    confidence: float = field(default=CONFIDENCE, metadata=aim.CONFIDENCE)
    calibration: SampleSource | None = field(default=None, metadata=samples.CALIBRATION)
    evaluation: SampleSource | None = field(default=None, metadata=samples.EVALUATION)
    trust_samples: bool = field(default=False, metadata=samples.TRUST_SAMPLES)
    integers: Integers | None = field(default=None, metadata=how.INTEGERS)
    exact: tuple[str, ...] = field(default=(), metadata=how.EXACT)
    index: bool = field(default=False, metadata=how.INDEX)
    stable: bool = field(default=False, metadata=how.STABLE)
    updatable: bool = field(default=False, metadata=how.UPDATABLE)
    device_memory: int | None = field(default=None, metadata=how.DEVICE_MEMORY)
    prune: float = field(default=0.0, metadata=deep.PRUNE)
    prune_scope: PruneScope = field(default=PruneScope.LAYER, metadata=deep.PRUNE_SCOPE)
    centroids: Centroids = field(default=Centroids.LINEAR, metadata=deep.CENTROIDS)
    sparse: bool | None = field(default=None, metadata=deep.SPARSE)
    biases: bool = field(default=False, metadata=deep.BIASES)
    base: ModelSource | None = field(default=None, metadata=update.BASE)
    base_exact: ModelSource | None = field(default=None, metadata=update.BASE_EXACT)
    refine: bool = field(default=False, metadata=update.REFINE)
    jobs: int | Executor = field(default=1, metadata=run.JOBS)
    dask: str | None = field(default=None, metadata=run.DASK)

    @property
    def is_paper(self) -> bool:
        """Whether the method is one of Laude et al."""
        return self.method in PAPER_METHODS

    @property
    def is_lossless(self) -> bool:
        """Whether every bit is to be kept."""
        is_idle = self.method is Method.DEEP and not self.prune and self.bits is None
        return is_idle or self.method is Method.LOSSLESS

    @property
    def threads(self) -> int:
        """Threads for what an executor is of no use to."""
        return self.jobs if isinstance(self.jobs, int) else 1

    @property
    def goal(self) -> Goal | None:
        """What the decoded network's outputs must reach."""
        for kind in GOALS:
            limit = getattr(self, kind.kind)
            if limit is not None:
                return kind(limit, self.metric, self.confidence)
        return None

    def at(self, quality: float) -> Options:
        """Return these options with a quality in place of whatever was aimed at."""
        return self._aimed("quality", quality)

    def at_size(self, size: int) -> Options:
        """Return these options with a size in bytes in place of whatever was aimed at."""
        return self._aimed("target_size", size)

    def _aimed(self, aim: str, value: float) -> Options:
        chosen: dict[str, Any] = {**dict.fromkeys(aims()), aim: value}
        return replace(self, **chosen)


def aims() -> list[str]:
    """Return the names of the options that say how small or how close."""
    return [name for name, declared in declarations(Options) if declared.is_aim]
