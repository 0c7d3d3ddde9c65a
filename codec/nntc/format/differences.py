"""Fields of tool difference, up to the first block or to those of another tool.

Implements SPEC.md 7.6 (R-350 to R-354, R-356, R-357).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.format.fields import Layout, Named, VarInt, f32, u8
from nntc.format.registry import ElementType, Method, ViewKind
from nntc.format.steps import MIN_STEP

MAX_RANK = 64
MAX_RANK_CODE = 95
"""Largest step code of a rank: it stands for 15 * 2**11."""
MAX_FACTOR = (1 << 15) - 1
"""Largest magnitude of an integer of either matrix."""
_METHODS, _ELEMENT_TYPES = frozenset(Method), frozenset(ElementType)


def _goes_with_type(method: int, _fields: Named, given: Named) -> bool:
    return method == Method.PLANES or given["element"].is_float


def _goes_with_view(method: int, _fields: Named, given: Named) -> bool:
    return method != Method.PRODUCT or given["view"].kind is not ViewKind.RAGGED


def _converts(code: int, _fields: Named, given: Named) -> bool:
    element: ElementType = given["element"]
    return code == element or (element.is_float and ElementType(code).is_float)


def _is_low_rank(rank: int, _fields: Named, given: Named) -> bool:
    view = given["view"]
    return 1 <= rank <= MAX_RANK and rank * (view.rows + view.columns) <= 2 * view.size


# Given: `element` and `view` of the record.
METHOD = (
    u8()
    .must("R-350", "E_RESERVED", "method of a difference", lambda v, *_: v in _METHODS)
    .must("R-351", "E_TYPE", "method does not take the element type", _goes_with_type)
    .must("R-352", "E_VIEW", "a product has no ragged view", _goes_with_view)
    .becomes(Method)
)
# Given: `element` of the record.
BASE_TYPE = (
    u8()
    .must("R-353", "E_RESERVED", "unknown element type of the base", lambda v, *_: v in _ELEMENT_TYPES)
    .must("R-354", "E_TYPE", "the base has elements of another type", _converts)
    .becomes(ElementType)
)


@dataclass(frozen=True, slots=True)
class ProductHead:
    """The fields before the blocks of a product."""

    step: float
    rank: int


PRODUCT_HEAD = Layout(
    ProductHead,
    # Given: `view`.
    step=f32().must("R-356", "E_STEP", "step of a product", lambda v, *_: MIN_STEP <= v < float("inf")),
    rank=VarInt().must("R-357", "E_LIMIT", "rank of a product", _is_low_rank),
)
