"""Tools planes and codebook (SPEC.md, clauses 7.3, 7.4 and 9.6)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from conformance.generator.cases.basics import CODERS
from conformance.generator.coders import CODER_NAMES, Packed
from conformance.generator.fields import noise, svarint, varint
from conformance.generator.files import Change
from conformance.generator.integers import Integers
from conformance.generator.records import (
    BFLOAT16,
    EXACT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    OPAQUE1,
    OPAQUE2,
    OPAQUE16,
    WIDTHS,
    codebook,
    planes,
)
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

PLANES = "planes-float16"
CODEBOOK = "codebook-packed"
SPECIAL = {
    FLOAT16: (0x0000, 0x8000, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFE55, 0x0001, 0x83FF, 0x7BFF, 0x3C00),
    BFLOAT16: (0x0000, 0x8000, 0x7F80, 0xFF80, 0x7FC0, 0x7F81, 0xFFD5, 0x0001, 0x807F, 0x7F7F, 0x3F80),
    FLOAT32: (0, 1 << 31, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFD55555, 1, 0x807FFFFF),
    FLOAT64: (0, 1 << 63, 0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, (0x7FF << 52) + 1, 1, (1 << 63) + 1),
}
"""Zeros, infinities, quiet and signalling NaNs, subnormals, and others."""


def add(suite: Suite) -> None:
    """Add good and bad records of planes and codebooks."""
    _planes(suite)
    _codebook(suite)
    _bad_codebook(suite)


def _bytes(values: Sequence[int], width: int) -> bytes:
    return b"".join(v.to_bytes(width, "little") for v in values)


def _planes(suite: Suite) -> None:
    for element, name in EXACT_NAMES.items():
        width = WIDTHS[element]
        data = noise(name, 6 * width)
        suite.valid(
            f"planes-{name}", "six elements, each byte of an element in its plane", "R-530",
            planes(element, matrix(2, 3), data, CODERS),
        )  # fmt: skip
        if element < FLOAT16:
            suite.fault(
                f"planes-{name}-rotate", f"planes-{name}", "TENSOR[0].flags", b"\1", "E_TYPE", "R-321",
                f"rotation of {name}",
            )  # fmt: skip
            continue
        suite.valid(
            f"planes-{name}-rotate", "six elements, rotated by a bit", "R-530",
            planes(element, matrix(2, 3), data, CODERS, rotate=True),
        )  # fmt: skip
        values = SPECIAL[element]
        for rotate in (False, True):
            record = planes(element, matrix(len(values)), _bytes(values, width), rotate=rotate)
            suite.valid(
                f"planes-{name}-special{'-rotate' * rotate}",
                "zeros, infinities, NaNs, subnormals: exact bits",
                "R-530", record,
            )  # fmt: skip
    for value in (4, 5, 0x80, 0xFC):
        suite.fault(
            f"planes-flags-{value}", PLANES, "TENSOR[0].flags", bytes([value]), "E_RESERVED", "R-320 R-800",
            f"flags {value}",
        )  # fmt: skip
    suite.fault(
        "planes-flags-opaque", "planes-opaque2", "TENSOR[0].flags", b"\5", "E_RESERVED", "R-320 R-010",
        "a reserved bit and rotation of opaque elements: the reserved bit first", features="precedence",
    )  # fmt: skip
    huge = struct.pack("<6f", 1e-38, -3e38, 1.0, -1e-45, 2.5e20, 7e-12)
    suite.valid(
        "planes-huge-range", "float32 elements from 1e-45 to 3e38", "R-530",
        planes(FLOAT32, matrix(2, 3), huge, CODERS, rotate=True),
    )  # fmt: skip
    padded = planes(OPAQUE2, matrix(3), bytes([1, 2, 3, 4, 5, 31]), [Packed(5)])
    suite.valid("planes-padding", "planes that end with a padding bit", "R-014 R-530", padded)
    for coder in CODERS:
        name = CODER_NAMES[coder.code]
        record = planes(OPAQUE2, matrix(5, 4), b"\x12\x34" * 20, [coder])
        suite.valid(f"planes-constant-{name}", f"twenty equal elements, {name}", "R-530", record)
    for field in ("flags", "plane[0].coder", "plane[0].width", "plane[1].coder", "plane[1].bits"):
        parent = "planes-constant-packed"
        suite.bad(
            f"planes-end-before-{field.replace('.', '-').replace('[', '-').replace(']', '')}", parent,
            "E_TRUNCATED", f"TENSOR[0].{field}", "R-011", f"the section ends before {field}",
            change=Change(cut=f"TENSOR[0].{field}"), features="truncated",
        )  # fmt: skip


def _codebook(suite: Suite) -> None:
    indices = [2, 0, 1, 1, 0, 2]
    view = matrix(2, 3)
    for element, name in EXACT_NAMES.items():
        width = WIDTHS[element]
        if element == OPAQUE16:
            continue
        for stored in range(1, width + 1):
            entries = [0, 1 << 8 * stored - 1, (1 << 8 * stored) - 1]
            suite.valid(
                f"codebook-{name}-{stored}", f"entries of {stored} bytes: least, middle, greatest",
                "R-330 R-332 R-530",
                codebook(element, view, entries, indices, entry_width=stored),
            )  # fmt: skip
        if element >= FLOAT16:
            values = sorted(SPECIAL[element])
            record = codebook(element, matrix(len(values)), values, list(range(len(values)))[::-1])
            suite.valid(
                f"codebook-{name}-special", "zeros, infinities, NaNs, subnormals: exact bits", "R-530", record
            )
    one = codebook(FLOAT32, view, [0x40490FDB], [0] * 6)
    suite.valid("codebook-1", "one entry", "R-331", one)
    alphabet = list(range(256))
    full = codebook(OPAQUE1, matrix(16, 16), alphabet, alphabet[::-1], Integers(Packed(8)))
    suite.valid("codebook-256", "every byte an entry, every entry used", "R-331 R-332", full)
    many = codebook(OPAQUE2, matrix(3), [7 * i for i in range(300)], [299, 0, 256], Integers(low_bits=4))
    suite.valid("codebook-300", "indices with low bits", "R-333", many)
    below = codebook(OPAQUE2, matrix(3), [3, 5, 9], [2, 0, 1], Integers(lo=-5))
    suite.valid("codebook-lo", "tokens far above the indices, lo negative", "R-333 R-402", below)
    from_1 = codebook(OPAQUE2, matrix(3), [3, 5, 9], [2, 1, 2], Integers(lo=1))
    suite.valid("codebook-lo-1", "tokens below the indices, lo 1", "R-333 R-402", from_1)
    above = codebook(OPAQUE2, matrix(4), list(range(600)), [599, 0, 260, 3], Integers(lo=2, escape=True))
    suite.valid("codebook-escapes", "indices by escapes on both sides of lo", "R-333 R-405", above)


def _bad_codebook(suite: Suite) -> None:
    for value in (0, 5, 255):
        suite.fault(
            f"entry-width-{value}", CODEBOOK, "TENSOR[0].entry_width", bytes([value]), "E_CODEBOOK", "R-330",
            f"entries of {value} bytes of float32",
        )  # fmt: skip
    for value in (0, 65537, 2**63 - 1):
        suite.fault(
            f"codebook-count-{value}", CODEBOOK, "TENSOR[0].count", varint(value), "E_LIMIT", "R-331",
            f"{value} entries",
        )  # fmt: skip
    suite.fault(
        "codebook-count-65536", CODEBOOK, "TENSOR[0].count", varint(65536), "E_TRUNCATED", "R-331 R-011",
        "as many entries as there can be, but three of them",
        at=suite.built(CODEBOOK).offset("TENSOR[0].entry") + 2, bounded=True,
    )  # fmt: skip
    for name, entries, comment in (
        ("equal", (5, 5, 9), "two equal entries"),
        ("equal-last", (5, 9, 9), "two equal entries, the last ones"),
        ("descending", (9, 5, 12), "entries that do not ascend"),
        ("bytes", (0x0102, 0x0201, 0x0200), "entries that ascend by their first bytes only"),
        ("signed", (0x8000, 0, 1), "entries that ascend as signed numbers only"),
    ):
        suite.fault(
            f"entries-{name}", CODEBOOK, "TENSOR[0].entry", _bytes(entries, 2), "E_CODEBOOK", "R-332", comment
        )
    wrong = {"next": 1, "above": 2, "below": -1, "far-above": 2**31 - 200, "far-below": -(2**31) + 1}
    for name, lo in wrong.items():
        suite.fault(
            f"index-{name}", CODEBOOK, "TENSOR[0].indices.lo", svarint(lo), "E_RANGE", "R-333 R-503",
            f"lo {lo} makes an index that has no entry", at="TENSOR[0].indices.flags",
        )  # fmt: skip
    fields = ("entry_width", "count", "entry", "indices.flags", "indices.lo")
    for field, keep in zip(fields, (0, 0, 5, 0, 0), strict=True):
        suite.bad(
            f"codebook-ends-in-{field.replace('_', '-').replace('.', '-')}", CODEBOOK, "E_TRUNCATED",
            f"TENSOR[0].{field}", "R-011", f"the section ends {keep} bytes into {field}",
            change=Change(cut=f"TENSOR[0].{field}", keep=keep), features="truncated",
        )  # fmt: skip
