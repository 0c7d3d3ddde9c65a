"""Methods: which record each tensor becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nntc.encoder.methods.aside import put_aside
from nntc.encoder.methods.auto import plan_auto
from nntc.encoder.methods.deep import plan_deep
from nntc.encoder.methods.exact import plan_lossless
from nntc.encoder.methods.laude import plan_laude
from nntc.encoder.methods.plan import Overhead, Plan, PlannedRecord, PlanRequest
from nntc.encoder.options import Method

__all__ = ["METHODS", "Overhead", "Plan", "PlanRequest", "PlannedRecord", "put_aside"]

METHODS: Mapping[Method, Callable[[PlanRequest], Plan]] = {
    Method.AUTO: plan_auto,
    Method.LOSSLESS: plan_lossless,
    Method.QUANTIZATION: plan_laude,
    Method.CLUSTERING: plan_laude,
    Method.DCT: plan_laude,
    Method.DEEP: plan_deep,
}
"""Every method: a function of the tensors and what is asked, which returns a record for each of them."""
