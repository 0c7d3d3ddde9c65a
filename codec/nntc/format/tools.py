"""Fields of the tools planes, codebook and uniform, up to their first block.

Implements SPEC.md 7.3 to 7.5 (R-320 to R-325, R-330 to R-332, R-340 to R-348).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.dct import MAX_MIX
from nntc.format.fields import Layout, Named, Raw, VarInt, f32, u8
from nntc.format.integers import MAX_LEVEL
from nntc.format.rans import MAX_STEPS
from nntc.format.registry import ViewKind
from nntc.format.steps import MIN_STEP
from nntc.format.transform import Transform
from nntc.format.trellis import Trellis
from nntc.format.varints import VarInts

# Planes


MAX_COMMON = 255
"""Common elements of a record."""


class PlanesFlags(IntFlag):
    """How planes are put together."""

    ROTATE = 1
    COMMON = 2


@dataclass(frozen=True, slots=True)
class PlanesHead:
    """The fields as they are stored, None where they are absent."""

    flags: PlanesFlags
    common_count: int | None = None
    common: bytes | None = None
    count: int | None = None


def common_entries(data: bytes, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return tokens, uint8 [entries], and elements, uint8 [entries, width], of stored common elements."""
    entries = np.frombuffer(data, np.uint8).reshape(-1, 1 + width)
    return entries[:, 0], entries[:, 1:]


def _is_rotatable(flags: int, _fields: Named, given: Named) -> bool:
    return not flags & 1 or given["element"].is_float


def _has_more_planes(flags: int, _fields: Named, given: Named) -> bool:
    return not flags & 2 or given["element"].width > 1


def _has_common(fields: Named, _given: Named) -> bool:
    return PlanesFlags.COMMON in fields["flags"]


def _is_count(count: int, _fields: Named, given: Named) -> bool:
    return bool(1 <= count <= given["size"])


def _tokens_ascend(data: bytes, _fields: Named, given: Named) -> bool:
    tokens, _ = common_entries(data, given["element"].width)
    return bool(np.all(tokens[1:] > tokens[:-1]))


PLANES_HEAD = Layout(
    PlanesHead,
    # Given: `element` type, `size` of the view.
    flags=u8()
    .within("R-320", 0, 3, "E_RESERVED", "planes flags")
    .must("R-321", "E_TYPE", "only floating-point elements are rotated", _is_rotatable)
    .must("R-322", "E_TYPE", "common elements have more than one byte", _has_more_planes)
    .becomes(PlanesFlags),
    common_count=u8()
    .within("R-323", 1, MAX_COMMON, "E_LIMIT", "number of common elements")
    .when(_has_common),
    common=Raw(lambda fields, given: fields["common_count"] * (1 + given["element"].width), "common elements")
    .must("R-324", "E_CODEBOOK", "tokens of common elements do not ascend", _tokens_ascend)
    .when(_has_common),
    count=VarInt().must("R-325", "E_LIMIT", "elements in later planes", _is_count).when(_has_common),
)

# Codebook

MAX_CODEBOOK = 1 << 16


@dataclass(frozen=True, slots=True)
class CodebookHead:
    """The fields as they are stored."""

    entry_width: int
    count: int
    entries: bytes


def codebook_entries(data: bytes, stored: int, width: int) -> NDArray[Any]:
    """Return stored entries of `stored` bytes as unsigned integers of `width` bytes, at their upper end."""
    memory = np.zeros((len(data) // stored, width), np.uint8)
    memory[:, width - stored :] = np.frombuffer(data, np.uint8).reshape(-1, stored)
    return memory.view(f"<u{width}").ravel()


def _ascend(data: bytes, fields: Named, given: Named) -> bool:
    entries = codebook_entries(data, fields["entry_width"], given["width"])
    return bool(np.all(entries[1:] > entries[:-1]))


CODEBOOK_HEAD = Layout(
    CodebookHead,
    # Given: `width` of an element.
    entry_width=u8().must("R-330", "E_CODEBOOK", "entry width", lambda v, _, given: 1 <= v <= given["width"]),
    count=VarInt().within("R-331", 1, MAX_CODEBOOK, "E_LIMIT", "codebook size"),
    entries=Raw(lambda fields, _: fields["count"] * fields["entry_width"], "codebook entries").must(
        "R-332", "E_CODEBOOK", "codebook entries do not ascend", _ascend
    ),
)

# Uniform


class UniformFlags(IntFlag):
    """What a uniform record has; its two lowest bits are the code of the trellis."""

    FOUR_STATES = Trellis.FOUR_STATES
    EIGHT_STATES = Trellis.EIGHT_STATES
    MANY_STATES = Trellis.MANY_STATES
    TRANSFORM = 4
    ROW_CODES = 8
    COLUMN_CODES = 16
    OFFSET = 32
    ROW_BASES = 64

    @property
    def trellis(self) -> Trellis:
        """The trellis."""
        return _TRELLISES[int(self) & _TRELLIS]


_TRELLIS = 3
_TRELLISES = tuple(Trellis)
_NOT_RAGGED = UniformFlags.TRANSFORM | UniformFlags.COLUMN_CODES
_ALL = UniformFlags.ROW_BASES * 2 - 1


@dataclass(frozen=True, slots=True)
class UniformHead:
    """The fields as they are stored, None where they are absent."""

    flags: UniformFlags
    step: float
    offset: float | None = None
    block: int | None = None
    mix: int | None = None


def _goes_with_view(flags: int, _fields: Named, given: Named) -> bool:
    ragged = given["view"].kind is ViewKind.RAGGED
    return not flags & int(_NOT_RAGGED if ragged else UniformFlags.ROW_BASES)


def _has_transform(fields: Named, _given: Named) -> bool:
    return UniformFlags.TRANSFORM in fields["flags"]


def _fills_period(mix: int, fields: Named, given: Named) -> bool:
    return bool(Transform.of(fields["block"], mix).period == given["view"].period)


UNIFORM_HEAD = Layout(
    UniformHead,
    # Given: `view`.
    flags=u8()
    .must("R-340", "E_RESERVED", "uniform flags", lambda v, *_: v <= _ALL)
    .must("R-342", "E_VIEW", "flags do not go with the view", _goes_with_view)
    .becomes(UniformFlags),
    step=f32().must("R-343", "E_STEP", "quantization step", lambda v, *_: MIN_STEP <= v < float("inf")),
    offset=f32()
    .must("R-344", "E_STEP", "offset", lambda v, *_: v != 0 and abs(v) < float("inf"))
    .when(lambda fields, _: UniformFlags.OFFSET in fields["flags"]),
    block=u8().when(_has_transform),
    mix=u8()
    .within("R-348", 0, MAX_MIX, "E_RESERVED", "mix")
    .must("R-345", "E_VIEW", "transform block does not fit the view's period", _fills_period)
    .when(_has_transform),
)
ROW_BASES = VarInts(lambda _, given: given["rows"], signed=True).must(
    "R-346", "E_LIMIT", "row base is too large", lambda v, *_: abs(v) <= MAX_LEVEL
)
SEGMENT = VarInt().within("R-347", 1, MAX_STEPS, "E_LIMIT", "trellis segment length")
