"""TENSOR sections (SPEC.md, clause 7) with every choice that an encoder has.

With the bytes goes what a decoder finds on its way to the elements, stage by stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nntc.format.dct import basis

from conformance.generator.coders import CODER_NAMES, PACKED, Around, Coder, Rans, symbol_block
from conformance.generator.fields import Fields, f32
from conformance.generator.integers import DENSE, Integers, integer_block
from conformance.generator.tables import Table
from conformance.generator.trellis import STATES, Trellis
from conformance.generator.views import VIEW_NAMES, View

PLANES, CODEBOOK, UNIFORM, DIFFERENCE = range(4)
TOOL_NAMES = ("planes", "codebook", "uniform", "difference")
OPAQUE1, OPAQUE2, OPAQUE4, OPAQUE8, OPAQUE16 = range(5)
INT8, UINT8 = 5, 6
FLOAT16, BFLOAT16, FLOAT32, FLOAT64 = range(8, 12)
WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 5: 1, 6: 1, 8: 2, 9: 2, 10: 4, 11: 8}
ELEMENT_NAMES = {
    OPAQUE1: "opaque1", OPAQUE2: "opaque2", OPAQUE4: "opaque4", OPAQUE8: "opaque8", OPAQUE16: "opaque16",
    INT8: "int8", UINT8: "uint8",
    FLOAT16: "float16", BFLOAT16: "bfloat16", FLOAT32: "float32", FLOAT64: "float64",
}  # fmt: skip

EXACT_NAMES = {element: name for element, name in ELEMENT_NAMES.items() if element not in (INT8, UINT8)}
"""Those of the types that exact tools have."""
STAGED_ELEMENTS = 64
"""The most elements of which the manifest shows the stages of decoding."""
Stages = dict[str, list[int] | list[list[int]]]


@dataclass(frozen=True)
class Record:
    """A TENSOR section.

    Parameters
    ----------
    features
        Names of the tools in it.
    stages
        What a decoder has after each stage: `planes` (tokens of each plane); or `tokens`, `integers`
        (clause 9.5), for tool uniform also `scaled` (X of clause 9.7) and, with a transform,
        `transformed` (Y).
    """

    fields: Fields
    element: int
    view: View
    features: frozenset[str]
    stages: Stages = field(default_factory=dict)

    @property
    def part_bytes(self) -> tuple[int, ...]:
        """Bytes of each part."""
        return tuple(n * WIDTHS[self.element] for n in self.view.part_sizes)


def record_head(tool: int, element: int, view: View) -> Fields:
    """Return the head of a record."""
    out = Fields()
    out.u8("tool_and_type", tool << 4 | element)
    for name, data in view.fields():
        out.add(name, data)
    return out


def record_features(
    tool: int, element: int, view: View, coders: Sequence[Coder], *more: str
) -> frozenset[str]:
    """Return the features of a record."""
    out = {TOOL_NAMES[tool], ELEMENT_NAMES[element], VIEW_NAMES[view.kind], *more}
    for coder in coders:
        out.add(CODER_NAMES[coder.code])
        if isinstance(coder, Rans):
            out |= {"contexts"} if coder.contexts else set()
            out |= {"shared-tables"} if coder.base is not None else set()
        if getattr(coder, "lanes", 1) > 1:
            out.add("lanes")
    return frozenset(out)


def planes(
    element: int,
    view: View,
    payload: bytes,
    coders: Sequence[Coder] = (PACKED,),
    *,
    rotate: bool = False,
    common: Mapping[int, int] | None = None,
    shared: Sequence[Table] = (),
) -> Record:
    """Return a record that codes elements, given in coded order, byte plane for byte plane.

    Parameters
    ----------
    coders
        One for each plane; the last one is repeated.
    common
        By token of plane 0 the element that is coded by it alone.
    """
    width = WIDTHS[element]
    values = [int.from_bytes(payload[i : i + width], "little") for i in range(0, len(payload), width)]
    by_element = {v: token for token, v in (common or {}).items()}
    marks = [by_element.get(v) for v in values]
    if rotate:
        values = [v << 1 & (1 << 8 * width) - 1 | v >> (8 * width - 1) for v in values]
    first = [v >> 8 * (width - 1) if mark is None else mark for v, mark in zip(values, marks, strict=True)]
    others = [v for v, mark in zip(values, marks, strict=True) if mark is None]
    out = record_head(PLANES, element, view)
    out.u8("flags", rotate | (common is not None) << 1)
    if common is not None:
        out.u8("common_count", len(common))
        out.add("common", b"".join(bytes([t]) + v.to_bytes(width, "little") for t, v in common.items()))
        out.varint("count", len(others))
    tokens = [first, *([v >> 8 * (width - 1 - k) & 255 for v in others] for k in range(1, width))]
    used = [coders[min(k, len(coders) - 1)] for k in range(width)]
    for k, coder in enumerate(used):
        of_view = k == 0 or common is None
        around = Around(shared, view) if of_view else Around(shared)
        out.nest(f"plane[{k}]", symbol_block(coder, tokens[k], around))
    more = ["rotate"] * rotate + ["common"] * (common is not None)
    features = record_features(PLANES, element, view, used, *more)
    return Record(out, element, view, features, {"planes": tokens})


def _integer_features(how: Integers, tokens: Fields) -> list[str]:
    names = {name for name, _ in tokens}
    found = {"escapes": "escape_count", "low-bits": "low_bits", "sparse": "background"}
    return [feature for feature, name in found.items() if name in names] + (
        [f"gaps-{CODER_NAMES[how.sparse.gaps.code]}"] if how.sparse else []
    )


def codebook(
    element: int,
    view: View,
    entries: Sequence[int],
    indices: Sequence[int],
    how: Integers = DENSE,
    *,
    entry_width: int = 0,
    shared: Sequence[Table] = (),
) -> Record:
    """Return a record of indices, in coded order, into ascending entries of `entry_width` bytes."""
    width = entry_width or WIDTHS[element]
    out = record_head(CODEBOOK, element, view)
    out.u8("entry_width", width)
    out.varint("count", len(entries))
    out.add("entry", b"".join(e.to_bytes(width, "little") for e in entries))
    block = integer_block(how, indices, Around(shared, view))
    out.nest("indices", block.fields)
    features = record_features(CODEBOOK, element, view, [how.coder], *_integer_features(how, block.fields))
    stages: Stages = {"tokens": block.tokens, "integers": list(indices)}
    return Record(out, element, view, features, stages)


@dataclass(frozen=True)
class Transform:
    """Blocks of 2**t planes of h rows and w columns."""

    h: int
    w: int
    t: int = 0

    @property
    def period(self) -> int:
        """Elements of a block."""
        return self.h * self.w << self.t

    def inverse(self, x: Sequence[int]) -> list[int]:
        """Return clause 9.8 of all blocks, which follow each other."""
        b_h, b_w = basis(self.h).astype(int).tolist(), basis(self.w).astype(int).tolist()
        size, planes = self.h * self.w, 1 << self.t
        out = []
        for start in range(0, len(x), self.period):
            block = [x[start + m * size : start + (m + 1) * size] for m in range(planes)]
            for n in range(planes):
                mixed = [
                    sum(block[m][i] * (-1) ** (n & m).bit_count() for m in range(planes)) for i in range(size)
                ]
                z = [
                    [sum(mixed[u * self.w + k] * b_w[k][j] for k in range(self.w)) for j in range(self.w)]
                    for u in range(self.h)
                ]
                out += [
                    sum(b_h[u][i] * z[u][j] for u in range(self.h))
                    for i in range(self.h)
                    for j in range(self.w)
                ]
        return out


@dataclass(frozen=True)
class Codes:
    """Step codes of rows or columns and their coder."""

    values: tuple[int, ...]
    coder: Coder = PACKED


def step_code(b: int) -> int:
    """Return the number that a step code stands for."""
    return (8 + (b & 7)) << (b >> 3)


def uniform(
    element: int,
    view: View,
    levels: Sequence[int],
    how: Integers = DENSE,
    *,
    step: float | bytes = 1.0,
    offset: float | bytes | None = None,
    transform: Transform | None = None,
    row_codes: Codes | None = None,
    column_codes: Codes | None = None,
    bases: Sequence[int] | None = None,
    trellis: Trellis | None = None,
    shared: Sequence[Table] = (),
) -> Record:
    """Return a record of levels, in coded order and without their row bases."""
    machine = 0 if trellis is None else trellis.machine
    present = {"transform": transform, "row-codes": row_codes, "column-codes": column_codes,
               "offset": offset, "row-bases": bases}  # fmt: skip
    out = record_head(UNIFORM, element, view)
    bits = sum((value is not None) << bit for bit, value in enumerate(present.values(), 2))
    out.u8("flags", machine | bits)
    out.add("step", step if isinstance(step, bytes) else f32(step))
    if offset is not None:
        out.add("offset", offset if isinstance(offset, bytes) else f32(offset))
    if transform is not None:
        out.u8("block", (transform.h - 1) << 4 | transform.w - 1)
        out.u8("mix", transform.t)
    side = Around(shared)
    for name, codes in (("row_codes", row_codes), ("column_codes", column_codes)):
        if codes is not None:
            out.nest(name, symbol_block(codes.coder, codes.values, side))
    for r, base in enumerate(bases or ()):
        out.svarint(f"row_base[{r}]", base)
    if trellis is not None:
        out.varint("segment", trellis.segment)
    block = integer_block(how, levels, Around(shared, view, trellis))
    out.nest("levels", block.fields)
    stages: Stages = {"tokens": block.tokens, "integers": list(levels)}
    if view.size <= STAGED_ELEMENTS:
        x = _scaled(view, levels, block.tokens, bases, trellis, column_codes)
        stages["scaled"] = x
        if transform is not None:
            stages["transformed"] = transform.inverse(x)
    more = [name for name, value in present.items() if value is not None]
    more += [f"trellis-{STATES.get(machine)}"] * (machine > 0) + ["mix"] * bool(transform and transform.t)
    more += _integer_features(how, block.fields)
    features = record_features(UNIFORM, element, view, [how.coder], *more)
    return Record(out, element, view, features, stages)


def _scaled(
    view: View,
    levels: Sequence[int],
    tokens: Sequence[int],
    bases: Sequence[int] | None,
    trellis: Trellis | None,
    column_codes: Codes | None,
) -> list[int]:
    """Return X of clause 9.7."""
    k = [v + bases[r] if bases else v for v, r in zip(levels, view.row_of(), strict=True)]
    if trellis is not None:
        quantizers = trellis.quantizers(tokens)
        k = [2 * v - q * ((v > 0) - (v < 0)) for v, q in zip(k, quantizers, strict=True)]
    if column_codes is None:
        return k
    return [v * step_code(column_codes.values[i % view.columns]) for i, v in enumerate(k)]
