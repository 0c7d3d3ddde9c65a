"""Write planes records: exact, the cheapest coder for each byte plane (SPEC.md, "Tool planes").

Elements that are as common as the zeros of a pruned network are coded by plane 0 alone, under tokens that no
other element has there, where that is smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.compressed import with_length, write_zstd
from nntc.encoder.entropy.contexts import Classes, Model
from nntc.encoder.entropy.fragments import Fragment, count_tokens
from nntc.encoder.entropy.general import gain, zstd
from nntc.encoder.entropy.symbols import symbol_data
from nntc.encoder.entropy.tables import costs, make_table
from nntc.encoder.tensor.record import Record, record_head
from nntc.format.registry import Coder, ElementType, Tool
from nntc.format.symbols import CODER
from nntc.format.tools import PLANES_HEAD, PlanesFlags, PlanesHead
from nntc.format.view import View

_SAMPLE = 1 << 17  # bytes on which zstd is tried before it is tried on all
_SMALL = 1 << 19  # bytes up to which zstd's highest level is tried on all
_QUICK_LEVEL = 3
_NEAR = 1 / 500  # by which two estimates of sizes are as good as equal
_TABLE_BITS = 300.0  # about what a table of a plane costs
_MOST_COMMON = 8  # elements that may be coded by plane 0 alone
_COMMON_SAMPLE = 1 << 13  # elements among which common ones are looked for
_COMMON_SHARE = 1 / 64
_MOST_COMMON_DIFFERENCES = 1, _MOST_COMMON, 60, 240
_RARER = 8
"""How much rarer the many common ones of differences may be: each saves a byte or more where it is."""


@dataclass(frozen=True, slots=True, eq=False)
class _Common:
    """Elements that are coded by plane 0 alone.

    Parameters
    ----------
    tokens
        uint8, ascending: what stands for each.
    elements
        Bit patterns of them.
    plane
        uint8 [elements]: plane 0.
    others
        bool [elements]: which are in the other planes.
    """

    tokens: NDArray[np.uint8]
    elements: NDArray[Any]
    plane: NDArray[np.uint8]
    others: NDArray[np.bool_]

    def head(self, flags: PlanesFlags) -> PlanesHead:
        """Return the head of a record that has them, and `flags` besides."""
        memory = self.elements.view(np.uint8).reshape(self.tokens.size, -1)
        entries = np.concatenate([self.tokens[:, None], memory], axis=1)
        others = int(np.count_nonzero(self.others))
        return PlanesHead(flags | PlanesFlags.COMMON, self.tokens.size, entries.tobytes(), others)


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """Tokens of a plane, the coder for them, and about how many bits it takes.

    Parameters
    ----------
    frame
        Its tokens by zstd.
    otherwise
        What it is without zstd, where a frame of the highest level, not made yet, is what `bits` are about.
    """

    tokens: NDArray[np.uint8]
    coder: Coder
    classes: Classes | None
    bits: float
    frame: bytes | None = None
    otherwise: _Plane | None = None

    def finished(self) -> _Plane:
        """Return the plane with a frame of the highest level, if one is wanted and pays."""
        return self if self.otherwise is None else _by_zstd(self.otherwise)

    def fragments(self, view: View) -> list[Fragment]:
        """Return the plane as a symbol block."""
        if self.frame is not None:
            return [CODER.put(self.coder) + with_length(self.frame)]
        return [
            CODER.put(self.coder),
            *symbol_data(self.tokens, self.coder, Model(view, self.classes)),
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A way to code all elements: the head of the record, and the planes."""

    head: bytes
    planes: list[_Plane]

    @property
    def size(self) -> float:
        """Bytes it takes, about."""
        return len(self.head) + sum(plane.bits for plane in self.planes) / 8

    def finished(self) -> _Way:
        """Return it with each plane as small as it gets."""
        return _Way(self.head, [plane.finished() for plane in self.planes])


def planes_record(
    element: ElementType,
    view: View,
    bits: NDArray[Any],
    classes: Classes | None = None,
    device: Device = ANY_DEVICE,
    below: float = inf,
    *,
    is_difference: bool = False,
) -> Record:
    """Return an exact record.

    Parameters
    ----------
    bits
        Unsigned integers of the element's width, or 16-byte voids; rank 1, in coded order.
    classes
        Contexts to try on the most significant plane.
    device
        The decoder that it is for.
    below
        Bytes of the smallest record of another kind: a larger one is not made as small as it could be.
    is_difference
        Whether these are differences, of which small ones are common: they are not rotated, as patterns of
        floating-point elements are for their exponents to be plane 0, and every plane may have contexts.
    """
    rotated = bits
    rotate = element.is_float and not is_difference
    if rotate:
        kind = bits.dtype.type
        rotated = bits << kind(1) | bits >> kind(8 * element.width - 1)
    memory = np.ascontiguousarray(rotated).view(np.uint8).reshape(-1, element.width)
    flags = PlanesFlags.ROTATE if rotate else PlanesFlags(0)
    all_classes = classes if is_difference else None
    planes = _planes(memory, memory[:, -1], view, classes, device, all_classes)
    ways = [_Way(PLANES_HEAD.write(PlanesHead(flags)), planes)]
    for most in _MOST_COMMON_DIFFERENCES if is_difference else (_MOST_COMMON,):
        common = _find_common(bits, memory[:, -1], most) if 1 < element.width <= 8 else None
        if common is None:
            break
        others = _planes(memory[common.others], common.plane, view, classes, device)
        ways.append(_Way(PLANES_HEAD.write(common.head(flags)), others))
        if common.tokens.size < most:
            break
    least = min(way.size for way in ways)
    if least < (1 + _NEAR) * below:
        ways = [way.finished() for way in ways if way.size < (1 + _NEAR) * least]
    way = min(ways, key=lambda way: way.size)
    fragments: list[Fragment] = [record_head(Tool.PLANES, element, view) + way.head]
    for plane in way.planes:
        fragments += plane.fragments(view)
    return Record(fragments, element, Tool.PLANES, view)


def bytes_record(view: View, payload: bytes) -> Record:
    """Return a record of bytes, in coded order, by zstd; `view` is one of bytes."""
    data = write_zstd(np.frombuffer(payload, np.uint8))
    head = record_head(Tool.PLANES, ElementType.OPAQUE1, view) + PLANES_HEAD.write(PlanesHead(PlanesFlags(0)))
    fragments: list[Fragment] = [head + CODER.put(Coder.ZSTD) + data]
    return Record(fragments, ElementType.OPAQUE1, Tool.PLANES, view)


def _find_common(bits: NDArray[Any], first: NDArray[np.uint8], most: int) -> _Common | None:
    """Return the most common elements with tokens of their own in plane 0, if there are any."""
    step = -(-bits.size // (_COMMON_SAMPLE * max(most // _MOST_COMMON, 1)))
    entries, counts = np.unique(bits[::step], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    share = _COMMON_SHARE * _MOST_COMMON / max(most, _MOST_COMMON) / (1 if most <= _MOST_COMMON else _RARER)
    often = np.sort(entries[order[counts[order] >= max(2, share * bits[::step].size)]])
    if not often.size:
        return None
    others = ~np.isin(bits, often)
    if not others.any():
        return None
    used = np.unique(first[others])
    free = np.setdiff1d(np.arange(256), used)
    # Next to the tokens of others: a table holds all from the first to the last.
    distance = np.maximum(used[0] - free, free - used[-1])
    tokens = np.sort(free[np.argsort(distance, kind="stable")[: often.size]]).astype(np.uint8)
    often = often[: tokens.size]
    if not often.size:
        return None
    others = ~np.isin(bits, often)
    plane = first.copy()
    plane[~others] = tokens[np.searchsorted(often, bits[~others])]
    return _Common(tokens, often, plane, others)


def _planes(
    memory: NDArray[np.uint8],
    first: NDArray[np.uint8],
    view: View,
    classes: Classes | None,
    device: Device,
    others: Classes | None = None,
) -> list[_Plane]:
    """Return plane 0 and the others, from the bytes, uint8 [elements, width], of what is in the others.

    `classes` are contexts to try on plane 0, `others` on the others.
    """
    width = memory.shape[1]
    rest = [np.ascontiguousarray(memory[:, width - 1 - place]) for place in range(1, width)]
    return [
        _choose(np.ascontiguousarray(first), view, device, classes),
        *(_choose(plane, view, device, others) for plane in rest),
    ]


def _choose(tokens: NDArray[np.uint8], view: View, device: Device, classes: Classes | None = None) -> _Plane:
    """Return a plane under the coder that makes it smallest, with contexts where these do."""
    counts = count_tokens(tokens, None, 1)[0]
    width = max(int(tokens.max()).bit_length(), 1)
    packed = _Plane(tokens, Coder.PACKED, None, 8 + 8.0 * -(-tokens.size * width // 8))
    choices = [packed, _Plane(tokens, Coder.RANS, None, 72 + _TABLE_BITS + _coded_bits(counts))]
    if classes is not None:
        split = count_tokens(tokens, classes.contexts(view).astype(np.uint16), classes.count)
        lists = 8.0 * len(classes.write(view))
        bits = 72 + lists + sum(_TABLE_BITS + _coded_bits(row) for row in split if row.any())
        choices.append(_Plane(tokens, Coder.RANS, classes, bits))
    best = min(choices, key=lambda plane: plane.bits)
    if not device.has(Coder.ZSTD):
        return best
    middle = max(0, tokens.size - _SAMPLE) // 2
    sample = tokens[middle : middle + _SAMPLE]
    expected = best.bits / 8 * sample.size / tokens.size
    # What quick zstd makes nothing of is noise, such as the low bits of most weights.
    if len(zstd(sample.tobytes(), 9)) >= 1.02 * expected + 32:
        return best
    if tokens.size <= _SAMPLE:
        return _by_zstd(best)
    data = tokens.tobytes()
    frame = zstd(data, _QUICK_LEVEL)
    if len(frame) >= tokens.size:
        return best
    if tokens.size <= _SMALL:
        return _by_zstd(best)
    saved = gain(data, _QUICK_LEVEL)
    bits = (1 - saved) * _frame_bits(frame)
    if bits >= (1 + _NEAR) * best.bits:
        return best
    return _Plane(tokens, Coder.ZSTD, None, bits, frame, best if saved else None)


def _by_zstd(otherwise: _Plane) -> _Plane:
    """Return a plane by zstd at its highest level, if that is smaller."""
    frame = zstd(otherwise.tokens.tobytes())
    bits = _frame_bits(frame)
    return _Plane(otherwise.tokens, Coder.ZSTD, None, bits, frame) if bits < otherwise.bits else otherwise


def _frame_bits(frame: bytes) -> float:
    return 8.0 * len(with_length(frame))


def _coded_bits(counts: NDArray[np.int64]) -> float:
    used = counts > 0
    return float(counts[used] @ costs(make_table(counts)[0])[used])
