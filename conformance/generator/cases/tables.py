"""Frequency tables and TABLES (SPEC.md, clauses 6.4 and 8.7)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.generator.cases.basics import BYTES
from conformance.generator.coders import Rans
from conformance.generator.fields import bit_run, noise, varint
from conformance.generator.files import Change, File
from conformance.generator.records import OPAQUE1, Record, planes
from conformance.generator.suite import Suite
from conformance.generator.tables import Table, spread, table_for, write_tables
from conformance.generator.views import matrix

PARENT = "planes-rans"
PLACE = "TENSOR[0].plane[0].tables"
SHARED = "shared-tables"
ALL = bytes(range(256))


def add(suite: Suite) -> None:
    """Add good and bad tables, own and shared."""
    _valid(suite)
    _bad(suite)
    _shared(suite)


def _coded(tokens: bytes, table: Table, lanes: int = 1) -> Record:
    return planes(OPAQUE1, matrix(len(tokens)), tokens, [Rans(lanes, tables=[table])])


def _valid(suite: Suite) -> None:
    flat = (1,) * 255
    for name, tokens, table, comment in (
        ("single-0", bytes(9), Table(0, (4096,), 0, 0), "one token, 0, of frequency 4096"),
        ("single-255", b"\xff" * 9, Table(255, (4096,), 0, 11), "one token, 255, at precision 11"),
        ("equal-2", b"\7\x08" * 5, spread(7, 2), "two tokens of equal frequency"),
        ("equal-256", ALL, spread(0, 256), "the whole alphabet with equal frequencies"),
        ("full", ALL, Table(0, (*flat, 3841), 255, 0), "the whole alphabet, all but the last token rare"),
        ("full-first", ALL, Table(0, (3841, *flat), 0, 0), "the same with the first token common"),
        ("rarest", b"\0\1\1\0", Table(0, (1, 4095), 1, 11), "a token of frequency 1, and one of 4095"),
        ("rarest-peak", b"\0\1\1\0", Table(0, (4095, 1), 1, 11), "4095 is coded, 1 is not"),
        ("peak-least", b"\0\1\2", Table(0, (2048, 1, 2047), 1, 10), "the peak is the least frequency"),
        ("gap", b"\0\xff\0", Table(0, (2048, *(0,) * 254, 2048), 0, 0), "unused tokens between two"),
        ("gaps", b"\0\3\6", Table(0, (1024, 0, 0, 1024, 0, 0, 2048), 6, 0), "frequencies 0 between others"),
        ("length-steps", b"\0\2\3", Table(0, (2048, 0, 2047, 1), 3, 10), "bit lengths 12, 0, 11"),
        ("not-used", b"\3\3", spread(0, 4), "tokens that never occur"),
    ):  # fmt: skip
        suite.valid(f"table-{name}", comment, "R-460 R-511", _coded(tokens, table))
    for precision in range(12):
        # The finest mantissa that so many bits can hold, at every bit length that has one.
        held = (1 << precision + 1) - 1
        small = [1, held << 11 - precision if precision < 11 else 2047, 2, held]
        small = [f for f in small if f < 2048] + [1] * 3
        while sum(small) >= 4096:
            small.remove(max(small))
        table = Table(10, (*small, 4096 - sum(small)), len(small), precision)
        tokens = bytes(10 + b % (len(small) + 1) for b in noise(f"precision {precision}", 12))
        suite.valid(
            f"table-precision-{precision}", f"frequencies with {precision} mantissa bits", "R-460",
            _coded(tokens, table, 2),
        )  # fmt: skip


def _raw(
    first: int, last: int, peak: int, precision: int, codes: Sequence[tuple[int, int, int]] = ()
) -> list[tuple[int, int]]:
    """Return the fields of a table: its head, then for each frequency z, and a mantissa and its width."""
    fields = [(first, 8), (last, 8), (peak, 8), (precision, 4)]
    for z, mantissa, width in codes:
        fields += [((1 << z) - 1, z + 1), (mantissa, width)]
    return fields


def _bad(suite: Suite) -> None:
    # z = 2 * length from 0; one frequency of 2^(length - 1).
    half = (24, 0, 0)
    for name, fields, comment in (
        ("head-past-255", _raw(254, 2, 0, 0), "first + last_index is 256"),
        ("head-greatest", _raw(255, 255, 255, 11), "first and last_index are 255"),
        ("peak", _raw(0, 1, 2, 0, [half, half]), "peak is last_index + 1"),
        ("precision-12", _raw(0, 1, 0, 12, [(24, 0, 11)]), "precision 12"),
        ("precision-15", _raw(0, 1, 0, 15, [(24, 0, 11)]), "precision 15"),
        ("unary-27", _raw(0, 1, 0, 0, [(27, 0, 0)]), "a unary code of 27 ones"),
        ("unary-long", [*_raw(0, 1, 0, 0), (2**63 - 1, 64)], "a unary code of 63 ones"),
        ("length-13", _raw(0, 1, 0, 0, [(26, 0, 0)]), "bit length 13"),
        ("length-13-later", _raw(0, 2, 0, 0, [half, (2, 0, 0)]), "bit length 13 of a later frequency"),
        ("length-negative", _raw(0, 1, 0, 0, [(1, 0, 0)]), "bit length -1"),
        ("length-minus-13", _raw(0, 1, 0, 0, [(25, 0, 0)]), "bit length -13"),
        ("sum-4096", _raw(0, 2, 1, 0, [half, (0, 0, 0)]), "the frequencies leave nothing for the peak"),
        ("sum-more", _raw(0, 3, 1, 0, [half, (0, 0, 0), (0, 0, 0)]), "the frequencies exceed 4096"),
        ("first-0", _raw(0, 2, 2, 0, [(0, 0, 0), half]), "the first frequency is 0"),
        ("last-0", _raw(0, 2, 0, 0, [half, (23, 0, 0)]), "the last frequency is 0"),
        ("last-0-of-two", _raw(0, 1, 0, 0, [(0, 0, 0)]), "the last of two frequencies is 0"),
    ):
        suite.fault(f"table-{name}", PARENT, PLACE, bit_run(fields), "E_TABLE", "R-460", comment)
    past = write_tables([Table(254, (2048, 1024, 1024), 0, 0)])
    suite.fault(
        "table-past-255", PARENT, PLACE, past, "E_TABLE", "R-460",
        "first + last_index is 256, and all frequencies are valid",
    )  # fmt: skip
    ones = bit_run([*_raw(0, 2, 0, 0), (0, 1), (2**27 - 1, 27)])
    suite.bad(
        "table-unary-27-at-end", PARENT, "E_TABLE", PLACE, "R-460 R-011",
        "the section ends with the last of 27 ones", change=Change({PLACE: ones}, cut=PLACE, keep=len(ones)),
        features="precedence truncated",
    )  # fmt: skip
    # Eight frequencies of bit length 1 in front, so that the last of 26 ones is that of a byte.
    ones = bit_run([*_raw(0, 9, 9, 0, [(2, 0, 0), *[(0, 0, 0)] * 7]), (2**26 - 1, 26)])
    suite.bad(
        "table-unary-26-at-end", PARENT, "E_TRUNCATED", "TENSOR[0]$", "R-460 R-011",
        "the section ends with the last of 26 ones", change=Change({PLACE: ones}, cut=PLACE, keep=len(ones)),
        features="truncated",
    )  # fmt: skip
    good = table_for(list(BYTES))
    run = write_tables([good])
    used = sum(width for _, width in good.fields())
    for name, bit in (("first", used), ("last", 8 * len(run) - 1)):
        wrong = (int.from_bytes(run, "little") | 1 << bit).to_bytes(len(run), "little")
        suite.bad(
            f"table-padding-{name}", PARENT, "E_PADDING", suite.built(PARENT).offset(PLACE) + len(run) - 1,
            "R-014", f"the {name} padding bit of a bit run of tables is 1", {PLACE: wrong},
        )  # fmt: skip
    for keep in range(len(run)):
        suite.bad(
            f"table-ends-after-{keep}", PARENT, "E_TRUNCATED", "TENSOR[0]$", "R-011",
            f"the section ends {keep} bytes into the bit run of a table", change=Change(cut=PLACE, keep=keep),
            features="truncated",
        )  # fmt: skip


def _shared(suite: Suite) -> None:
    many = [Table(i % 256, (4096,), 0, 0) for i in range(1023)] + [spread(0, 4)]
    last = planes(OPAQUE1, matrix(3, 4), BYTES, [Rans(2, base=1023)], shared=many)
    suite.valid(
        "tables-1024", "the last of 1024 shared tables", "R-250 R-444", file=File([last], tables=many)
    )
    some = [Table(i, (4096,), 0, 0) for i in range(254)] + [spread(0, 4)]
    ends = [planes(OPAQUE1, matrix(3), bytes(3), [Rans(base=0)], shared=some),
            planes(OPAQUE1, matrix(3, 4), BYTES, [Rans(2, base=254)], shared=some)]  # fmt: skip
    suite.valid(
        "tables-255", "the first and the last of 255 shared tables", "R-250 R-444",
        file=File(ends, tables=some),
    )  # fmt: skip
    unused = File(suite.file("planes-packed").records, tables=[spread(0, 2)])
    suite.valid("tables-unused", "shared tables that nothing refers to", "R-250", file=unused)
    first = planes(OPAQUE1, matrix(3, 4), BYTES, [Rans(base=0)], shared=many[1023:])
    suite.valid("tables-1", "one shared table", "R-250 R-444", file=File([first], tables=many[1023:]))
    for value in (0, 1025, 2**63 - 1):
        comment = f"{value} shared tables"
        suite.fault(
            f"table-count-{value}", SHARED, "TABLES.count", varint(value), "E_LIMIT", "R-250", comment
        )
    run = next(data for name, data in suite.built(SHARED).fields if name == "TABLES.tables")
    suite.fault(
        "table-count-1", SHARED, "TABLES.count", varint(1), "E_TRAILING", "R-250 R-012",
        "a table less than there are: the bit run ends after 55 bits",
        at=suite.built(SHARED).offset("TABLES.tables") + 7,
    )  # fmt: skip
    suite.fault(
        "table-count-1024", SHARED, "TABLES.count", varint(1024), "E_TRUNCATED", "R-250 R-011",
        "1024 tables are announced, two are there", at="TABLES$", bounded=True,
    )  # fmt: skip
    suite.fault(
        "tables-trailing", SHARED, "TABLES.trailing", b"\0", "E_TRAILING", "R-012", "a byte after the tables"
    )
    for keep in (0, 1, len(run) - 1):
        suite.bad(
            f"tables-end-after-{keep}", SHARED, "E_TRUNCATED", "TABLES$", "R-011",
            f"TABLES ends {keep} bytes into its bit run", change=Change(cut="TABLES.tables", keep=keep),
            features="truncated",
        )  # fmt: skip
    suite.bad(
        "tables-end-before-count", SHARED, "E_TRUNCATED", "TABLES", "R-011", "TABLES is empty",
        change=Change(cut="TABLES.count"), features="truncated",
    )  # fmt: skip
    second = bit_run([*spread(0, 8).fields(), *_raw(0, 1, 2, 0)])
    suite.fault(
        "tables-second", SHARED, "TABLES.tables", second, "E_TABLE", "R-460",
        "the second of two tables is wrong: reported where the first begins",
    )  # fmt: skip
    padded = bytes([*run[:-1], run[-1] | 0x80])
    suite.bad(
        "tables-padding", SHARED, "E_PADDING", suite.built(SHARED).offset("TABLES$") - 1, "R-014",
        "a padding bit after the shared tables is 1", {"TABLES.tables": padded},
    )  # fmt: skip
    base = "TENSOR[0].levels.tokens.base"
    for value in (2, 3, 2**63 - 1):
        comment = f"base {value} of two shared tables"
        suite.fault(f"base-{value}", SHARED, base, varint(value), "E_TABLE", "R-444", comment)
    context = "TENSOR[0].plane[0].mode"
    suite.fault(
        "base-without-tables", PARENT, context, b"\2\0", "E_TABLE", "R-444",
        "a shared table where there are none", at=suite.built(PARENT).offset(context) + 1,
    )  # fmt: skip
