"""Symbol data: packed and Huffman, and what names the coder (SPEC.md, clauses 8.2 to 8.5 and 9.4)."""

from __future__ import annotations

from conformance.generator.cases.basics import BYTES
from conformance.generator.coders import Huffman, Packed, huffman_lane
from conformance.generator.fields import bit_run, noise, varint
from conformance.generator.files import Change, File
from conformance.generator.integers import Integers
from conformance.generator.records import FLOAT32, OPAQUE1, codebook, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

PACKED = "planes-packed"
HUFFMAN = "huffman-1"
PLANE = "TENSOR[0].plane[0]"


def add(suite: Suite) -> None:
    """Add good and bad symbol data."""
    _coder(suite)
    _packed(suite)
    _huffman(suite)
    _bad_codes(suite)
    _bad_lanes(suite)


def _coder(suite: Suite) -> None:
    for value in (5, 7, 8, 0x81, 0xFF):
        suite.fault(
            f"coder-{value}", PACKED, f"{PLANE}.coder", bytes([value]), "E_RESERVED", "R-415 R-800",
            f"coder {value}",
        )  # fmt: skip
    parent = "sparse"
    gaps = "TENSOR[0].levels.gaps.coder"
    suite.fault("coder-of-gaps", parent, gaps, b"\5", "E_RESERVED", "R-415", "coder 5 of gaps")
    for name in ("length", "stream"):
        for coder in ("bzip2", "zstd"):
            field = name if name == "length" or coder == "bzip2" else "frame.block[0].content"
            place = f"planes-{coder}"
            at = f"{PLANE}.length" if name == "length" else f"{PLANE}.{field.split('.block')[0]}"
            suite.bad(
                f"{coder}-ends-in-{name}", place, "E_TRUNCATED", at, "R-011",
                f"the section ends within {name} of {coder} symbol data",
                change=Change(cut=f"{PLANE}.{field}"), features="truncated",
            )  # fmt: skip
    for coder in ("bzip2", "zstd"):
        place = f"planes-{coder}"
        suite.fault(
            f"{coder}-length-greatest", place, f"{PLANE}.length", varint(2**63 - 1), "E_TRUNCATED", "R-011",
            "the length of a stream is 2^63 - 1",
            at=suite.built(place).offset(f"{PLANE}.length") + 9, bounded=True,
        )  # fmt: skip


def _packed(suite: Suite) -> None:
    for width in range(1, 9):
        tokens = bytes(b & (1 << width) - 1 for b in noise(f"packed {width}", 13))
        suite.valid(
            f"packed-width-{width}", f"tokens of {width} bits", "R-425",
            planes(OPAQUE1, matrix(13), tokens, [Packed(width)]),
        )  # fmt: skip
    wide = planes(OPAQUE1, matrix(13), bytes(13), [Packed(8)])
    suite.valid("packed-wider", "tokens that are all 0 in 8 bits", "R-425", wide)
    long = bytes(65_536) + bytes(b & 1 for b in noise("packed long", 40))
    suite.valid(
        "packed-long", "65576 tokens of a bit", "R-425", planes(OPAQUE1, matrix(len(long)), long, [Packed()])
    )
    narrow = planes(OPAQUE1, matrix(16), bytes(16), [Packed(1)])
    suite.valid("packed-whole-bytes", "tokens that fill their bytes", "R-425 R-014", narrow)
    for width in (0, 9, 255):
        suite.fault(
            f"packed-width-{width}", PACKED, f"{PLANE}.width", bytes([width]), "E_RESERVED", "R-425 R-800",
            f"tokens of {width} bits",
        )  # fmt: skip
    parent = "packed-width-5"
    bits = next(data for name, data in suite.built(parent).fields if name == f"{PLANE}.bits")
    for bit in range(1, 8):
        wrong = bytes([*bits[:-1], bits[-1] | 1 << bit])
        suite.bad(
            f"packed-padding-{bit}", parent, "E_PADDING", f"{PLANE}.width", "R-014",
            f"padding bit {bit} is 1", {f"{PLANE}.bits": wrong},
        )  # fmt: skip
    for keep in (0, len(bits) - 1):
        suite.bad(
            f"packed-ends-after-{keep}", parent, "E_TRUNCATED", f"{PLANE}.bits", "R-011",
            f"the section ends {keep} bytes into packed tokens",
            change=Change(cut=f"{PLANE}.bits", keep=keep), features="truncated",
        )  # fmt: skip


def _huffman(suite: Suite) -> None:
    deep = {i: min(i + 1, 15) for i in range(16)}
    flat = dict.fromkeys(range(256), 8)
    uneven = {0: 1, 100: 3, 101: 3, 254: 3, 255: 3}
    descending = {3: 3, 4: 3, 5: 2, 6: 1}
    for name, tokens, coder, comment in (
        ("1", BYTES, Huffman(), "one lane"),
        ("single", b"\7" * 11, Huffman(2), "a single token: one bit each"),
        ("single-255", b"\xff" * 8, Huffman(), "the single token 255, bits that fill their byte"),
        ("two", b"\0\xff\0\0", Huffman(), "two tokens of length 1 with 254 lengths 0 between them"),
        ("deep", bytes(range(16)), Huffman(3, deep), "code lengths 1 to 15"),
        ("full", bytes(range(256)), Huffman(4, flat), "the whole alphabet, all lengths 8"),
        ("uneven", bytes([0, 100, 254, 0, 255, 101]), Huffman(1, uneven), "lengths 1, 3, 3, 3, 3"),
        ("descending", b"\3\4\5\6\6", Huffman(1, descending), "longer codes of smaller tokens"),
        ("not-used", b"\4\4", Huffman(1, descending), "tokens that never occur"),
        ("lanes-as-tokens", BYTES, Huffman(12), "as many lanes as tokens"),
        ("lanes-uneven", BYTES, Huffman(5), "lanes of three tokens and of two"),
    ):
        record = planes(OPAQUE1, matrix(len(tokens)), tokens, [coder])
        suite.valid(f"huffman-{name}", comment, "R-430 R-434 R-431 R-510", record)
    zeros = planes(OPAQUE1, matrix(8192), bytes(8192), [Huffman()])
    suite.valid("huffman-lane-8192", "as many tokens in a lane as there can be", "R-431", zeros)
    many = planes(OPAQUE1, matrix(8193), bytes(8193), [Huffman(2)])
    suite.valid("huffman-lanes-8193", "one token more, hence two lanes", "R-431", many)
    noisy = bytes(b & b >> 4 & 15 for b in noise("lanes", 3000))
    suite.valid(
        "huffman-lanes-130", "more than a hundred lanes", "R-431 R-510",
        planes(OPAQUE1, matrix(3000), noisy, [Huffman(130)]),
    )  # fmt: skip


def _description(first: int, lengths: list[int]) -> dict[str, bytes]:
    return {
        f"{PLANE}.first": bytes([first]),
        f"{PLANE}.last_index": bytes([len(lengths) - 1]),
        f"{PLANE}.lengths": bit_run((n, 4) for n in lengths),
    }


def _bad_codes(suite: Suite) -> None:
    for name, rule, first, lengths, comment in (
        ("past-255", "R-430", 254, [2, 2, 1], "first + last_index is 256"),
        ("first-0", "R-433", 0, [0, 1, 1], "the first length is 0"),
        ("last-0", "R-433", 0, [1, 1, 0, 0], "the last length is 0"),
        ("single-0", "R-433", 0, [0], "the only length is 0"),
        ("single-2", "R-434", 3, [2], "the only length is 2"),
        ("single-15", "R-434", 3, [15], "the only length is 15"),
        ("incomplete", "R-434", 0, [1, 2, 3], "a code that is not complete"),
        ("incomplete-2", "R-434", 0, [2, 2], "two codes of two bits and nothing else"),
        ("least-incomplete", "R-434", 0, [*range(1, 15), 15], "the last code of 15 bits is missing"),
        ("oversubscribed", "R-434", 0, [1, 1, 1], "three codes of one bit"),
        ("least-oversubscribed", "R-434", 0, [*range(1, 15), 15, 15, 15], "a third code of 15 bits"),
    ):
        suite.bad(
            f"huffman-code-{name}", HUFFMAN, "E_TABLE", f"{PLANE}.first", rule, comment,
            _description(first, lengths),
        )  # fmt: skip
    for bit in (4, 7):
        wrong = bit_run([(1, 4), (2, 4), (2, 4)])
        changed = _description(0, [1, 2, 2])
        changed[f"{PLANE}.lengths"] = bytes([wrong[0], wrong[1] | 1 << bit])
        suite.bad(
            f"huffman-code-padding-{bit}", HUFFMAN, "E_TABLE", f"{PLANE}.first", "R-432",
            f"bit {bit} of the last byte of lengths is not used, and 1", changed,
        )  # fmt: skip


def _bad_lanes(suite: Suite) -> None:
    lanes = f"{PLANE}.lanes"
    for parent, value, error, comment in (
        (HUFFMAN, 0, "E_LIMIT", "no lane"),
        (HUFFMAN, 13, "E_LIMIT", "more lanes than tokens"),
        (HUFFMAN, 2**63 - 1, "E_LIMIT", "2^63 - 1 lanes"),
        ("huffman-lanes-8193", 1, "E_LIMIT", "8193 tokens in a lane"),
    ):
        suite.fault(f"huffman-lanes-{value}", parent, lanes, varint(value), error, "R-431", comment)
    data = bytes(65537)
    for size in (65536, 65537):
        record = planes(OPAQUE1, matrix(size), data[:size], [Huffman(9)])
        suite.valid(f"huffman-tokens-{size}", f"{size} tokens in nine lanes", "R-431", record)
    suite.fault(
        "huffman-lanes-65537", "huffman-tokens-65537", lanes, varint(65537), "E_LIMIT", "R-431",
        "more lanes than there can be",
    )  # fmt: skip
    suite.bad(
        "huffman-lanes-65536", "huffman-tokens-65536", "E_TRUNCATED", "TENSOR[0]$", "R-431 R-011",
        "as many lanes as there can be, but no lengths of them",
        change=Change({lanes: varint(65536)}, cut=f"{PLANE}.lane_length[0]"), bounded=True,
        features="truncated",
    )  # fmt: skip
    two = "planes-huffman"
    length = f"{PLANE}.lane_length"
    size = next(len(data) for name, data in suite.built(two).fields if name == f"{PLANE}.data")
    for name, one, other, error, at, comment in (
        ("shifted", 1, size - 1, "E_ENTROPY", f"{PLANE}.first", "a byte of one lane is in the other"),
        ("empty", 0, size, "E_ENTROPY", f"{PLANE}.first", "a lane without bytes"),
        ("less", 2, size - 3, "E_TRAILING", "TENSOR[0]$-1", "lanes take a byte less than there is"),
        ("more", 1, size, "E_TRUNCATED", f"{PLANE}.data", "lanes take a byte more than there is"),
        ("greatest", 2**63 - 1, 2**63 - 1, "E_TRUNCATED", f"{PLANE}.data", "lanes take 2^64 - 2 bytes"),
    ):
        place = at if at != "TENSOR[0]$-1" else suite.built(two).offset("TENSOR[0]$") - 1
        suite.bad(
            f"huffman-lane-lengths-{name}", two, error, place, "R-510 R-011 R-950", comment,
            {f"{length}[0]": varint(one), f"{length}[1]": varint(other)}, bounded=True,
        )  # fmt: skip
    suite.fault(
        "huffman-lane-length-varint", two, f"{length}[1]", b"\x82\0", "E_VARINT", "R-013",
        "the length of a lane is not minimal",
    )  # fmt: skip
    suite.fault(
        "huffman-lane-length-long", two, f"{length}[1]", b"\x82" + b"\x80" * 8 + b"\1", "E_VARINT", "R-013",
        "the length of a lane takes ten bytes",
    )  # fmt: skip
    _bad_data(suite)
    for field, keep in (("first", 0), ("last_index", 0), ("lengths", 1), ("lanes", 0), ("lane_length[1]", 0),
                        ("data", 1)):  # fmt: skip
        suite.bad(
            f"huffman-ends-in-{field.replace('_', '-').replace('[1]', '')}", two, "E_TRUNCATED",
            f"{PLANE}.{field}", "R-011", f"the section ends within {field}",
            change=Change(cut=f"{PLANE}.{field}", keep=keep), features="truncated",
        )  # fmt: skip


def _bad_data(suite: Suite) -> None:
    """Lanes of three tokens with the codes 0, 10, 11; the parent is 0 0 10, hence 0010 and padding."""
    tokens = bytes([0, 0, 1])
    coder = Huffman(1, {0: 1, 1: 2, 2: 2})
    record = planes(OPAQUE1, matrix(3), tokens, [coder])
    suite.valid("huffman-bits", "three tokens in four bits", "R-510", record)
    for name, data, comment in (
        ("padding-first", huffman_lane(["0010", "1"]), "the first padding bit is 1"),
        ("padding-last", bytes([0b00100001]), "the last padding bit is 1"),
        ("long", bytes([0b00100000, 0]), "a whole byte is left"),
    ):
        changed = {f"{PLANE}.data": data, f"{PLANE}.lane_length[0]": varint(len(data))}
        suite.bad(f"huffman-{name}", "huffman-bits", "E_ENTROPY", f"{PLANE}.first", "R-510", comment, changed)
    suite.bad(
        "huffman-no-code", "huffman-single", "E_ENTROPY", f"{PLANE}.first", "R-510",
        "bits that begin no code, in the last lane", {f"{PLANE}.data": b"\0\x08"},
    )  # fmt: skip
    suite.bad(
        "huffman-byte-left", "huffman-single-255", "E_ENTROPY", f"{PLANE}.first", "R-510",
        "eight bits are left", {f"{PLANE}.data": bytes(2), f"{PLANE}.lane_length[0]": b"\2"},
    )  # fmt: skip
    eight = bytes([0, 0, 1, 1, 0, 1])
    suite.valid(
        "huffman-bits-9", "six tokens in nine bits", "R-510", planes(OPAQUE1, matrix(6), eight, [coder])
    )
    suite.bad(
        "huffman-short", "huffman-bits-9", "E_ENTROPY", f"{PLANE}.first", "R-510",
        "the bits run out within the last code",
        {f"{PLANE}.data": bytes([0b00101001]), f"{PLANE}.lane_length[0]": b"\1"},
    )  # fmt: skip
    bits = uniform(FLOAT32, matrix(3), [0, 0, 1], Integers(coder))
    indices = codebook(FLOAT32, matrix(3), [1, 2, 3], [0, 0, 1], Integers(coder))
    suite.valid("huffman-in-integers", "Huffman in integer blocks", "R-420 R-510", file=File([bits, indices]))
    suite.fault(
        "huffman-in-levels", "huffman-in-integers", "TENSOR[0].levels.tokens.data", b"\x21", "E_ENTROPY",
        "R-420 R-510", "padding of a lane in an integer block: reported after lo",
        at="TENSOR[0].levels.tokens.first",
    )  # fmt: skip
