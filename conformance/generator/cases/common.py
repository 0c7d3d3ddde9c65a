"""Common elements of tool planes (SPEC.md, clauses 7.3 and 9.6)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.generator.cases.basics import CODERS
from conformance.generator.coders import CODER_NAMES, Coder, Contexts, Huffman, Packed, Rans, Zstd
from conformance.generator.fields import noise, varint
from conformance.generator.files import Change
from conformance.generator.records import (
    EXACT_NAMES,
    FLOAT16,
    FLOAT32,
    OPAQUE2,
    OPAQUE4,
    OPAQUE8,
    WIDTHS,
    Record,
    planes,
)
from conformance.generator.suite import Suite
from conformance.generator.views import View, matrix, ragged

PARENT = "common-packed"
ZEROS = {0: 0, 1: 1 << 31}
PRUNED = (0, 0x3F800000, 1 << 31, 0, 0xBFC00001, 0, 0, 1 << 31, 0x3E000002, 0, 0x7F7FFFFF, 0)
"""float32 of a pruned network: zeros of both signs among others."""


def add(suite: Suite) -> None:
    """Add good and bad records of planes with common elements."""
    _good(suite)
    _bad(suite)


def _of(
    element: int,
    view: View,
    values: Sequence[int],
    common: dict[int, int],
    coders: Sequence[Coder],
    *,
    rotate: bool = False,
) -> Record:
    payload = b"".join(v.to_bytes(WIDTHS[element], "little") for v in values)
    return planes(element, view, payload, coders, common=common, rotate=rotate)


def _good(suite: Suite) -> None:
    for coder in CODERS:
        name = CODER_NAMES[coder.code]
        record = _of(FLOAT32, matrix(3, 4), PRUNED, ZEROS, [coder], rotate=True)
        suite.valid(f"common-{name}", f"zeros of both signs by plane 0 alone, {name}", "R-530 R-531", record)
    for element, name in EXACT_NAMES.items():
        width = WIDTHS[element]
        if width == 1:
            continue
        often = int.from_bytes(noise(f"common {name}", width), "little")
        others = [int.from_bytes(noise(f"{name} {i}", width), "little") >> 1 for i in range(3)]
        values = [often, others[0], often, often, others[1], others[2]]
        record = _of(element, matrix(2, 3), values, {200: often}, CODERS)
        suite.valid(f"common-{name}", "half the elements equal", "R-530 R-531", record)
    view = matrix(2, 3)
    both = {0: 7, 255: 9}
    tokens = [7, 0x1234, 9, 9, 0x0101, 7]
    suite.valid(
        "common-ends", "tokens 0 and 255, the first and the last element common", "R-324 R-531",
        _of(OPAQUE2, view, tokens, both, [Packed()]),
    )  # fmt: skip
    suite.valid(
        "common-alone", "all elements but one common", "R-325 R-531",
        _of(OPAQUE2, view, [7, 7, 7, 7, 0x1234, 7], both, [Packed()]),
    )  # fmt: skip
    suite.valid(
        "common-unused", "common elements that do not occur", "R-325 R-531",
        _of(OPAQUE2, view, [0x1200 + i for i in range(6)], both, [Packed()]),
    )  # fmt: skip
    most = {t: 0x0100 + 3 * t for t in range(255)}
    values = [most[t] for t in (0, 254, 100, 7)] + [0xFF33, 0xFF44]
    suite.valid(
        "common-255", "as many common elements as there can be", "R-323 R-531",
        _of(OPAQUE2, view, values, most, [Packed()]),
    )  # fmt: skip
    suite.valid(
        "common-as-stored", "a common element of odd bits is not rotated", "R-531",
        _of(FLOAT16, view, [0x8001, 0x3C00, 0x8001, 0x8001, 0xBC01, 0x8001], {3: 0x8001}, [Packed()],
            rotate=True),
    )  # fmt: skip
    contexts = Rans(contexts=Contexts(3, (0, 1), (0, 1, 0), (0, 0)))
    wide = [PRUNED[i % 12] for i in range(12)]
    suite.valid(
        "common-contexts", "contexts in plane 0, none in the others", "R-442 R-511 R-531",
        _of(FLOAT32, matrix(2, 3, 2), wide, ZEROS, [contexts, Rans(), Huffman(), Zstd()], rotate=True),
    )  # fmt: skip
    suite.valid(
        "common-transposed", "common elements in a transposed view", "R-531",
        _of(FLOAT32, matrix(3, 4, transposed=True), PRUNED, ZEROS, [Packed()], rotate=True),
    )  # fmt: skip
    suite.valid(
        "common-ragged", "common elements in rows of 5, 1 and 6", "R-531",
        _of(FLOAT32, ragged([5, 1, 6]), PRUNED, ZEROS, [Rans()], rotate=True),
    )  # fmt: skip
    table = [0 if i * i % 7 else 0x0102030405060708 + i for i in range(5000)]
    suite.valid(
        "common-long", "five thousand elements of eight bytes, most of them 0", "R-445 R-531",
        _of(OPAQUE8, matrix(50, 100), table, {9: 0}, [Rans(3), Rans(2), Packed(), Huffman(2)]),
    )  # fmt: skip


def _bad(suite: Suite) -> None:
    suite.fault(
        "common-of-bytes", "planes-packed", "TENSOR[0].flags", b"\2", "E_TYPE", "R-322",
        "common elements of one byte",
    )  # fmt: skip
    suite.fault(
        "common-rotate-opaque", "common-opaque4", "TENSOR[0].flags", b"\3", "E_TYPE", "R-321",
        "rotation of opaque elements, some of them common",
    )  # fmt: skip
    suite.fault(
        "common-count-0", PARENT, "TENSOR[0].common_count", b"\0", "E_LIMIT", "R-323", "no common element"
    )
    for name, order in (("equal", (1, 1)), ("descending", (5, 0))):
        entries = b"".join(bytes([token, token, 0, 0, 0]) for token in order)
        suite.fault(
            f"common-{name}", PARENT, "TENSOR[0].common", entries, "E_CODEBOOK", "R-324",
            f"tokens {order[0]} and {order[1]}",
        )  # fmt: skip
    for value in (0, 13, 2**63 - 1):
        suite.fault(
            f"common-others-{value}", PARENT, "TENSOR[0].count", varint(value), "E_LIMIT", "R-325",
            f"{value} other elements of twelve",
        )  # fmt: skip
    bits = [9, 1, 9, 0x01000100, 1, 9, 0x00010001, 0]
    narrow = _of(OPAQUE4, matrix(2, 4), bits, {7: 9}, [Packed(3), Packed(1)])
    suite.valid("common-narrow", "other elements of a bit in each later plane", "R-531", narrow)
    for value in (4, 6, 8):
        suite.fault(
            f"common-others-are-{value}", "common-narrow", "TENSOR[0].count", varint(value), "E_RANGE",
            "R-531", f"{value} elements in the later planes, 5 are not common",
        )  # fmt: skip
    many = _of(OPAQUE4, matrix(2, 80), [9] * 35 + [i & 1 for i in range(125)], {7: 9}, [Packed(3), Packed(1)])
    suite.valid("common-narrow-125", "125 other elements: a count of one byte", "R-531", many)
    suite.fault(
        "common-others-are-128", "common-narrow-125", "TENSOR[0].count", varint(128), "E_RANGE", "R-531",
        "a count of two bytes is wrong, and reported at the first of them",
    )  # fmt: skip
    suite.bad(
        "common-entropy", "common-narrow", "E_PADDING", "TENSOR[0].plane[3].width", "R-503 R-531",
        "tokens of the last plane before the number of other elements",
        {"TENSOR[0].count": varint(4), "TENSOR[0].plane[3].bits": b"\x80"}, features="precedence",
    )  # fmt: skip
    suite.fault(
        "common-view", "common-contexts", "TENSOR[0].plane[1].mode", b"\1", "E_VIEW", "R-442",
        "contexts in a plane that has not all elements",
    )  # fmt: skip
    for field, keep in (("common_count", 0), ("common", 9), ("count", 0), ("plane[1].coder", 0)):
        name = field.replace("_", "-").replace("[", "-").replace("]", "").replace(".", "-")
        suite.bad(
            f"common-ends-in-{name}", PARENT, "E_TRUNCATED", f"TENSOR[0].{field}", "R-011",
            f"the section ends {keep} bytes into {field}",
            change=Change(cut=f"TENSOR[0].{field}", keep=keep), features="truncated",
        )  # fmt: skip
