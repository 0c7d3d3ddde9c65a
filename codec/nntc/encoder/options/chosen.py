"""Options as callers name them: keyword arguments of `nntc.encode`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, TypedDict

from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.options.choices import Centroids, Effort, Entropy, Integers, Method, Objective, PruneScope

if TYPE_CHECKING:
    from nntc.encoder.samples import SampleSource
    from nntc.onnx.serialized import ModelSource


class ChosenOptions(TypedDict, total=False):
    """Keyword arguments of `nntc.encode`: the fields of `Options`, enumerations by their names too."""

    method: Method | str
    objective: Objective | str | None
    effort: Effort | str | None
    entropy: Entropy | str | None
    quality: float | None
    bits: float | None
    target_size: int | None
    ratio: float | None
    max_divergence: float | None
    min_agreement: float | None
    max_drop: float | None
    metric: Metric | str | None
    confidence: float | None
    calibration: SampleSource | None
    evaluation: SampleSource | None
    trust_samples: bool | None
    integers: Integers | str | None
    exact: str | Sequence[str]
    index: bool | None
    stable: bool | None
    updatable: bool | None
    device_memory: int | None
    prune: float | None
    prune_scope: PruneScope | str | None
    centroids: Centroids | str | None
    sparse: bool | None
    biases: bool | None
    base: ModelSource | None
    base_exact: ModelSource | None
    refine: bool | None
    jobs: int | Executor
    dask: str | None
