"""Divergence of a changed network's outputs from the original's, on the same inputs.

An output that is a distribution is compared by KL(original || changed) in nats: softmax outputs and logits
by that of the classes, sigmoid outputs by that of yes and no, summed over the classes. Any other output of
floating-point numbers is compared by squared error relative to the original's mean square, and one of
integers by the share of elements that differ. Axes other than that of the classes are averaged over, and so
are several outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import (
    TINY,
    Floats,
    OutputForm,
    OutputKind,
    log_distribution,
    output_forms,
)
from nntc.encoder.network.session import Session
from nntc.encoder.network.turned import Margins, Turned
from nntc.encoder.samples import Array, Samples
from nntc.encoder.samples.samples import count_samples
from nntc.progress import Phase, Progress, Steps

_NONE: Floats = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Divergence:
    """Outputs of a changed network compared with the original's.

    Parameters
    ----------
    samples
        Batches compared.
    divergence
        Mean over batches and outputs; see this module's description.
    agreed, decided
        How many decisions (most probable class; yes or no) and integers are the original's, and how many
        there are.
    cosine
        Mean cosine of the angle between outputs, as one vector for each batch; 1 for equal ones.
    error
        Squared error of all floating-point outputs, each relative to the original's mean square.
    by_sample, error_by_sample
        Divergence and mean error of each batch, shape (samples,).
    not_finite
        Batches with an output that is not finite where the original's is.
    turned
        Decisions that become another, how many are to be expected; None without decisions.
    """

    samples: int
    divergence: float
    agreed: int
    decided: int
    cosine: float
    error: float
    by_sample: Floats
    error_by_sample: Floats
    not_finite: int = 0
    turned: Turned | None = None

    @property
    def agreement(self) -> float | None:
        """Agreed / decided; None if no output decides anything."""
        return self.agreed / self.decided if self.decided else None


class Reference:
    """Outputs of the original network, to compare others with.

    Parameters
    ----------
    network, samples
        The original and its inputs.
    jobs
        Threads.
    forms
        What the outputs are, where that is known better than can be told from graph and values.
    progress
        Called with events; batches are steps.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        *,
        jobs: int = 1,
        forms: Sequence[OutputForm] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.samples = samples
        """What the outputs belong to."""
        steps = Steps(progress, Phase.RUNNING, len(samples), "sample")
        self.outputs = list(steps.through(network.session().run_all(samples, jobs)))
        """The original's outputs for each batch."""
        self.forms = list(forms or output_forms(network, self.outputs))
        """What each output is."""
        self.not_finite = sum(not all(map(_is_finite, values)) for values in self.outputs)
        """Batches for which the original itself gives values that are not finite."""

    def measure(self, session: Session, jobs: int = 1) -> Divergence:
        """Run a changed network on the samples and compare it.

        Raises
        ------
        ModelError
            E_RUN: onnxruntime cannot run it.
        """
        return self.compare(session.run_all(self.samples, jobs))

    def compare(self, outputs: Iterable[Sequence[Array]]) -> Divergence:
        """Compare the outputs of a changed network, in the order of the samples; fewer are as good."""
        divergences, cosines, errors = [], [], []
        agreed = decided = not_finite = 0
        margins = Margins()
        for batch, original, changed in zip(self.samples, self.outputs, outputs, strict=False):
            with np.errstate(all="ignore"):  # squares of float64 outputs can overflow: infinitely far
                results = [
                    _compare(form, a, b) for form, a, b in zip(self.forms, original, changed, strict=True)
                ]
            divergences.append(float(np.mean([result.divergence for result in results])))
            cosines += [result.cosine for result in results]
            errors.append(float(np.mean([result.error for result in results])))
            agreed += sum(result.agreed for result in results)
            decided += sum(result.decided for result in results)
            not_finite += any(result.broken for result in results)
            before, after = (
                np.concatenate([margin.ravel() for margin in each])
                for each in zip(*(result.margins for result in results), strict=True)
            )
            is_graded = not any(form.kind is OutputKind.INTEGERS for form in self.forms)
            margins.add(before, after, count_samples(batch), is_graded=is_graded)
        return Divergence(
            samples=len(divergences),
            divergence=float(np.mean(divergences)),
            agreed=agreed,
            decided=decided,
            cosine=float(np.mean(cosines)),
            error=float(np.mean(errors)),
            by_sample=np.array(divergences),
            error_by_sample=np.array(errors),
            not_finite=not_finite,
            turned=margins.turned(),
        )


def _is_finite(values: Array) -> bool:
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


@dataclass(frozen=True, slots=True)
class _Result:
    divergence: float
    agreed: int
    decided: int
    cosine: float
    error: float
    broken: bool = False
    margins: tuple[Floats, Floats] = (_NONE, _NONE)
    """By how much each decision was made, and how much is left of that."""


def _compare(form: OutputForm, original: Array, changed: Array) -> _Result:
    """Compare one output; what is not finite counts as an output that says nothing."""
    if original.shape != changed.shape:
        if form.kind is OutputKind.VALUES:
            return _Result(1.0, 0, 0, 0.0, 1.0)
        return _Result(1.0, 0, 1, 0.0, 1.0, margins=(np.ones(1), -np.ones(1)))
    if not original.size:
        return _Result(0.0, 0, 0, 1.0, 0.0)
    if form.kind is OutputKind.INTEGERS:
        agreed = int((original == changed).sum())
        share = agreed / max(original.size, 1)
        margins = np.ones(original.size), np.where(original == changed, 1.0, -1.0).ravel()
        return _Result(1 - share, agreed, original.size, share, 1 - share, margins=margins)
    a, b = original.astype(np.float64), changed.astype(np.float64)
    broken = bool((np.isfinite(a) & ~np.isfinite(b)).any())
    a = np.where(np.isfinite(a), a, 0.0)
    b = np.where(np.isfinite(b), b, 0.0)
    power = float((a * a).sum())
    error = float(((a - b) ** 2).sum()) / max(power, TINY)
    norm = np.sqrt(power * float((b * b).sum()))
    cosine = float((a * b).sum() / norm) if norm > 0 else float(np.array_equal(a, b))
    if form.kind is OutputKind.VALUES:
        return _Result(error, 0, 0, cosine, error, broken)
    p, q = log_distribution(form, original), log_distribution(form, changed)
    divergence = float((np.exp(p) * (p - q)).sum(axis=-1).mean())
    if form.kind is OutputKind.CHANCES:  # classes, (yes, no)
        divergence *= p.shape[-2]
        if p.shape[-2] > 1:
            p, q = p[..., 0], q[..., 0]
    same = p.argmax(axis=-1) == q.argmax(axis=-1)
    agreed = 0 if broken else int(same.sum())
    before, after = (margins_of(each, p.argmax(axis=-1)) for each in (p, q))
    after = np.full_like(after, -np.inf) if broken else after
    return _Result(divergence, agreed, same.size, cosine, error, broken, (before, after))


def margins_of(evidence: Floats, classes: NDArray[np.intp], k: int = 1) -> Floats:
    """Return by how much classes lead, float64 (...).

    Parameters
    ----------
    evidence
        What speaks for each class, float64 (..., classes), at least two of them.
    classes
        One for each answer, shape (...).
    k
        Over the how manieth best of the others; infinite, where there are fewer.

    Returns
    -------
    Margins: above zero for classes that are among the k best.
    """
    own = np.take_along_axis(evidence, classes[..., None], axis=-1)
    others = evidence.copy()
    np.put_along_axis(others, classes[..., None], -np.inf, axis=-1)
    place = max(evidence.shape[-1] - k, 0)
    margins: Floats = own[..., 0] - np.partition(others, place, axis=-1)[..., place]
    return margins
