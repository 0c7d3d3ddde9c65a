"""Records of tool difference (SPEC.md, clauses 7.6 and 9.9), and sections of several records."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.generator.coders import PACKED, Around, Coder, symbol_block
from conformance.generator.fields import Fields, f32, svarint
from conformance.generator.integers import DENSE, Integers, integer_block
from conformance.generator.records import DIFFERENCE, Record, record_features, record_head
from conformance.generator.views import View

OF_PLANES, OF_UNIFORM, OF_PRODUCT = range(3)


def difference(
    change: Record, method: int, offsets: Sequence[int] | None = None, base_type: int | None = None
) -> Record:
    """Return a record that changes elements.

    Parameters
    ----------
    change
        What is added, a record of tool planes, of folded differences, or uniform; or a `product`.
    offsets
        base_offset of each part; None in a record that is not the first of its section.
    base_type
        None for that of the record.
    """
    out = record_head(DIFFERENCE, change.element, change.view)
    start = len(list(out))
    out.u8("method", method)
    if offsets is not None:
        out.u8("base_type", change.element if base_type is None else base_type)
        for part, offset in enumerate(offsets):
            out.add(f"base_offset[{part}]", svarint(offset))
    for name, data in list(change.fields)[start:]:
        out.add(name, data)
    return Record(out, change.element, change.view, change.features | {"difference"})


def product(
    element: int,
    view: View,
    codes: Sequence[int],
    left: Sequence[int],
    right: Sequence[int],
    *,
    step: float | bytes = 1.0,
    how: tuple[Integers, Integers] = (DENSE, DENSE),
    coder: Coder = PACKED,
) -> Record:
    """Return the fields of a product as a record, to be given to `difference`.

    Parameters
    ----------
    codes
        Step codes of the rank.
    left, right
        Integers [rows, rank] and [rank, columns], row after row.
    """
    out = record_head(DIFFERENCE, element, view)
    out.add("step", step if isinstance(step, bytes) else f32(step))
    out.varint("rank", len(codes))
    out.nest("rank_codes", symbol_block(coder, codes, Around(())))
    for name, own, integers in (("left", how[0], left), ("right", how[1], right)):
        out.nest(name, integer_block(own, integers, Around(())).fields)
    return Record(out, element, view, record_features(DIFFERENCE, element, view, [coder], "product"))


def section(first: Record, *later: Record) -> Record:
    """Return a section of several records."""
    out = Fields(first.fields)
    features = set(first.features) | {"records"}
    for number, record in enumerate(later):
        out.nest(f"then[{number}]", record.fields)
        features |= record.features
    return Record(out, first.element, first.view, frozenset(features))
