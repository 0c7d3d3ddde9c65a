"""Methods: which record each tensor becomes."""

from __future__ import annotations

from nntc.encoder.methods.auto import plan_auto
from nntc.encoder.methods.calibration_data import CalibrationData, calibration_data_of
from nntc.encoder.methods.deep import plan_deep
from nntc.encoder.methods.exact import plan_lossless
from nntc.encoder.methods.laude import plan_laude
from nntc.encoder.methods.plan import Overhead, Plan, PlannedRecord
from nntc.encoder.options import Method, Options
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers

__all__ = ["CalibrationData", "Overhead", "Plan", "PlannedRecord", "calibration_data_of", "plan_tensors"]


def plan_tensors(
    tensors: list[Tensor],
    options: Options,
    workers: Workers,
    overhead: Overhead,
    known: CalibrationData | None = None,
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
