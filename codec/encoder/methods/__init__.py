"""Methods: which record each tensor becomes."""

from __future__ import annotations

from codec.encoder.methods.auto import plan_auto
from codec.encoder.methods.deep import plan_deep
from codec.encoder.methods.exact import plan_lossless
from codec.encoder.methods.known import Known, known_of
from codec.encoder.methods.laude import plan_laude
from codec.encoder.methods.plan import Coded, Overhead, Plan
from codec.encoder.options import Method, Options
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers

__all__ = ["Coded", "Known", "Overhead", "Plan", "known_of", "plan_tensors"]


def plan_tensors(
    tensors: list[Tensor],
    options: Options,
    workers: Workers,
    overhead: Overhead,
    known: Known | None = None,
) -> Plan:
    """Return a record for every tensor under the method that `options` names.

    Parameters
    ----------
    known
        What calibration samples tell about the tensors.
    """
    if options.method is Method.LOSSLESS:
        return plan_lossless(tensors, workers)
    if options.method is Method.DEEP:
        return plan_deep(tensors, options, workers)
    if options.is_paper:
        return plan_laude(tensors, options, workers)
    return plan_auto(tensors, options, workers, overhead, known)
