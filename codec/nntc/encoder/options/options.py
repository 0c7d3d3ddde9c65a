"""Options of the encoder, each declared once.

The check of options, the command's `--help`, the keyword arguments of `nntc.encode` and the page's list of
what was chosen all come from the fields of `Options`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.goals.kinds import GOALS
from nntc.encoder.options.choices import PAPER_METHODS, Centroids, Entropy, Method, Objective, PruneScope
from nntc.encoder.options.declaration import Group, declarations, declare

if TYPE_CHECKING:
    from nntc.encoder.goals.goal import Goal
    from nntc.encoder.samples import SampleSource

DEFAULT_QUALITY = 30.0
DEFAULT_BITS = 6
"""Of the methods of Laude et al."""
_AUTO = (Method.AUTO,)
_DEEP = (Method.DEEP,)
_SAMPLES_HELP = "n .npz file with an array for each of the model's inputs, samples along the first axis"


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
    evaluation
        Samples to measure on, in the forms of `calibration`; with an array `labels`, int [samples], for
        `max_drop`. Without them, a goal is measured on a fourth of the calibration samples, held out.
    calibration
        `auto`: samples of the model's inputs to encode it by: `.npz` file, folder, `nntc.ImageFolder`, or
        dictionaries of input name -> array; 32 to 256, no labels. Needs onnxruntime. `quality` is then that
        of the layers' outputs.
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
    jobs
        Threads, or an executor that tensors are sent to one by one.
    dask
        Address of a Dask scheduler: its workers encode tensors, `jobs` threads here do what else there is.
    """

    method: Method = field(
        default=Method.AUTO,
        metadata=declare(
            Group.HOW,
            "auto chooses for every tensor what costs least; lossless keeps every bit; quantization, "
            "clustering and dct are the methods of Laude et al., deep that of Han et al., as published."
            "  [default: auto]",
            kind=Method,
            short="-m",
        ),
    )
    objective: Objective = field(
        default=Objective.OUTPUTS,
        metadata=declare(
            Group.HOW,
            "auto: what to keep close: the network's outputs, or the weights themselves.  [default: outputs]",
            methods=_AUTO,
            kind=Objective,
        ),
    )
    entropy: Entropy = field(
        default=Entropy.RANS,
        metadata=declare(
            Group.HOW,
            "Entropy coder of the methods as published.  [default: huffman for deep, rans for the others]",
            methods=(*PAPER_METHODS, Method.DEEP),
            kind=Entropy,
        ),
    )
    quality: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "How close the weights stay, in dB: 20 is coarse, 30 the default, 40 fine.",
            methods=_AUTO,
            kind=float,
            valid=lambda value: 0 < value <= 140,
            range="between 0 and 140 dB",
            metavar="DB",
            short="-q",
            is_aim=True,
        ),
    )
    bits: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Bits per weight: aimed at by auto; 1 to 8 for the others.",
            methods=(Method.AUTO, *PAPER_METHODS, Method.DEEP),
            kind=float,
            metavar="N",
            is_aim=True,
        ),
    )
    target_size: int | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Reach this file size, such as 500k.",
            methods=_AUTO,
            kind=int,
            valid=lambda value: value >= 1,
            range="at least one byte",
            metavar="SIZE",
            is_size=True,
            is_aim=True,
        ),
    )
    ratio: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Make the file this many times smaller.",
            methods=_AUTO,
            kind=float,
            valid=lambda value: 1 <= value < math.inf,
            range="at least 1: how many times smaller the file is to be",
            metavar="X",
            is_aim=True,
        ),
    )
    max_divergence: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Let outputs differ by a KL divergence of at most D nats, or a relative squared error where they "
            "are no scores of classes: 0.01 is close, 0.1 is not.",
            methods=_AUTO,
            kind=float,
            valid=lambda value: 0 < value < math.inf,
            range="above 0",
            metavar="D",
            is_aim=True,
        ),
    )
    min_agreement: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Keep this share of top answers the same as the original's, such as 0.99. Needs no labels.",
            methods=_AUTO,
            kind=float,
            valid=lambda value: 0 < value <= 1,
            range="above 0 and at most 1",
            metavar="SHARE",
            is_aim=True,
        ),
    )
    max_drop: float | None = field(
        default=None,
        metadata=declare(
            Group.AIM,
            "Lose at most this many percentage points of accuracy. Needs --evaluation with labels.",
            methods=_AUTO,
            kind=float,
            valid=lambda value: 0 <= value <= 100,
            range="0 to 100 percentage points",
            metavar="POINTS",
            is_aim=True,
        ),
    )
    metric: Metric = field(
        default=Metric.TOP1,
        metadata=declare(
            Group.AIM,
            "Accuracy that --max-drop is about.  [default: top1]",
            methods=_AUTO,
            kind=Metric,
        ),
    )
    calibration: SampleSource | None = field(
        default=None,
        metadata=declare(
            Group.SAMPLES,
            "auto: encode for inputs like these, 32 to 256 of them, without labels: smaller at the same "
            f"accuracy. A{_SAMPLES_HELP}; a folder of .npy or .npz files; or with --preprocess a folder of "
            "images.",
            methods=_AUTO,
            metavar="SAMPLES",
        ),
    )
    evaluation: SampleSource | None = field(
        default=None,
        metadata=declare(
            Group.SAMPLES,
            f"Run the result on these and tell how alike its outputs are: a{_SAMPLES_HELP}, and perhaps "
            "`labels`, class numbers from 0; a folder of .npy or .npz files; or with --preprocess a folder "
            "of images, perhaps in sub-folders by class.",
            metavar="SAMPLES",
        ),
    )
    exact: tuple[str, ...] = field(
        default=(),
        metadata=declare(
            Group.HOW,
            "Code tensors with such names exactly, as with 'head.*'; may be given several times.",
            metavar="GLOB",
        ),
    )
    prune: float = field(
        default=0.0,
        metadata=declare(
            Group.DEEP,
            "Set this share of the weights to zero, such as 0.5.",
            methods=_DEEP,
            kind=float,
            valid=lambda value: 0 <= value < 1,
            range="at least 0 and below 1",
            metavar="X",
        ),
    )
    prune_scope: PruneScope = field(
        default=PruneScope.LAYER,
        metadata=declare(
            Group.DEEP,
            "Prune every layer alike, or all weights together.  [default: layer]",
            methods=_DEEP,
            kind=PruneScope,
        ),
    )
    centroids: Centroids = field(
        default=Centroids.LINEAR,
        metadata=declare(
            Group.DEEP,
            "Where the search for shared values starts.  [default: linear]",
            methods=_DEEP,
            kind=Centroids,
        ),
    )
    sparse: bool | None = field(
        default=None,
        metadata=declare(
            Group.DEEP,
            "Store only weights that are not zero, or all.  [default: what is smaller]",
            methods=_DEEP,
            kind=bool,
        ),
    )
    biases: bool = field(
        default=False,
        metadata=declare(
            Group.DEEP,
            "Prune and quantize biases too.",
            methods=_DEEP,
            kind=bool,
        ),
    )
    jobs: int | Executor = field(
        default=1,
        metadata=declare(
            Group.RUN,
            "Threads to use. Never changes the result.",
            metavar="N",
            short="-j",
        ),
    )
    dask: str | None = field(
        default=None,
        metadata=declare(
            Group.RUN,
            "Let the workers of a Dask cluster encode tensors, such as tcp://10.0.0.1:8786. Never changes "
            "the result.",
            kind=str,
            metavar="ADDRESS",
        ),
    )

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
                return kind(limit, self.metric)
        return None

    def described(self) -> list[tuple[str, str]]:
        """Return what was chosen, for people: options that the method takes, with their values."""
        described = []
        for name, declared in declarations(Options):
            value = getattr(self, name)
            if value is None or self.method not in declared.methods or not self._matters(name):
                continue
            if name == "exact":
                value = ", ".join(value)
            if isinstance(value, float):
                value = f"{value:g}"
            if isinstance(value, str | os.PathLike) and declared.group is Group.SAMPLES:
                value = Path(value).name
            elif declared.group is Group.SAMPLES:
                value = value if hasattr(value, "preprocess") else "given in memory"
            described.append((name.replace("_", " "), str(value)))
        if self.method is Method.AUTO and all(getattr(self, name) is None for name in aims()):
            described.append(("quality", f"{DEFAULT_QUALITY:g} (default)"))
        return described

    def _matters(self, name: str) -> bool:
        """Return whether an option says anything beside the other options."""
        matters = {
            "jobs": False,
            "dask": False,
            "exact": bool(self.exact),
            "metric": self.max_drop is not None,
            "objective": self.calibration is None,
            "prune_scope": self.prune > 0,
            "centroids": self.bits is not None,
        }
        return matters.get(name, True)

    def at(self, quality: float) -> Options:
        """Return these options with a quality in place of whatever was aimed at."""
        chosen: dict[str, Any] = {**dict.fromkeys(aims()), "quality": quality}
        return replace(self, **chosen)

    def at_size(self, size: int) -> Options:
        """Return these options with a size in bytes in place of whatever was aimed at."""
        chosen: dict[str, Any] = {**dict.fromkeys(aims()), "target_size": size}
        return replace(self, **chosen)


def aims() -> list[str]:
    """Return the names of the options that say how small or how close."""
    return [name for name, declared in declarations(Options) if declared.is_aim]


class ChosenOptions(TypedDict, total=False):
    """Keyword arguments of `nntc.encode`: the fields of `Options`, enumerations by their names too."""

    method: Method | str
    objective: Objective | str | None
    entropy: Entropy | str | None
    quality: float | None
    bits: float | None
    target_size: int | None
    ratio: float | None
    max_divergence: float | None
    min_agreement: float | None
    max_drop: float | None
    metric: Metric | str | None
    calibration: SampleSource | None
    evaluation: SampleSource | None
    exact: str | Sequence[str]
    prune: float | None
    prune_scope: PruneScope | str | None
    centroids: Centroids | str | None
    sparse: bool | None
    biases: bool | None
    jobs: int | Executor
    dask: str | None
