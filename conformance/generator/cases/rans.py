"""rANS symbol data and its contexts (SPEC.md, clauses 8.6 and 9.4)."""

from __future__ import annotations

import struct
from dataclasses import replace

from conformance.generator.cases.basics import BYTES, CODERS, LEVELS
from conformance.generator.coders import CODER_NAMES, Contexts, Packed, Rans
from conformance.generator.fields import noise, u32, varint
from conformance.generator.files import MAIN, Change, File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import FLOAT32, OPAQUE1, Codes, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.tables import Table, spread
from conformance.generator.views import matrix, ragged

PARENT = "planes-rans"
PLANE = "TENSOR[0].plane[0]"
CONTEXTS = "contexts"
WORDS = "rans-word-each"
"""Three lanes."""


def add(suite: Suite) -> None:
    """Add good and bad rANS symbol data."""
    _lanes(suite)
    _contexts(suite)
    _mode(suite)
    _classes(suite)
    _bad_lanes(suite)
    _bad_words(suite)


def _lanes(suite: Suite) -> None:
    noisy = bytes(b & b >> 4 & 15 for b in noise("lanes", 3000))
    for name, tokens, lanes, comment in (
        ("1", noisy[:40], 1, "one lane"),
        ("as-tokens", noisy[:12], 12, "as many lanes as tokens"),
        ("uneven", noisy[:40], 7, "lanes of six tokens and of five"),
        ("750", noisy, 750, "750 lanes"),
        ("one-token", b"\5", 1, "one token in one lane"),
    ):
        suite.valid(
            f"rans-lanes-{name}", comment, "R-445 R-511",
            planes(OPAQUE1, matrix(len(tokens)), tokens, [Rans(lanes)]),
        )  # fmt: skip
    deep = planes(OPAQUE1, matrix(8192), bytes(8192), [Rans(1)])
    suite.valid("rans-lane-8192", "as many tokens in a lane as there can be", "R-445", deep)
    two = planes(OPAQUE1, matrix(8193), bytes(8193), [Rans(2)])
    suite.valid("rans-lanes-8193", "one token more, hence two lanes", "R-445", two)
    suite.valid(
        "rans-no-words", "tokens of frequency 4096: states stay 2^16 and there are no words", "R-446 R-511",
        planes(OPAQUE1, matrix(30), b"\7" * 30, [Rans(3)]),
    )  # fmt: skip
    rare = Table(0, (1, 4095), 1, 11)
    suite.valid(
        "rans-word-each", "rarest tokens only: nearly a word for each", "R-511",
        planes(OPAQUE1, matrix(20), bytes(20), [Rans(3, [rare])]),
    )  # fmt: skip
    large = planes(OPAQUE1, matrix(65537), bytes(65537), [Rans(9)])
    suite.valid("rans-tokens-65537", "65537 tokens in nine lanes", "R-445", large)


def _contexts(suite: Suite) -> None:
    view = matrix(2, 3, 2)
    for name, contexts, comment in (
        ("none-present", Contexts(2), "two contexts, but all classes are 0"),
        ("rows", Contexts(2, rows=[1, 0]), "a class for each row"),
        ("channels", Contexts(3, channels=[2, 0, 1]), "a class for each channel"),
        ("positions", Contexts(2, positions=[0, 1]), "a class for each position"),
        ("capped", Contexts(3, [1, 0], [1, 2, 3], [0, 1]), "sums of classes above the last context"),
        ("zeros", Contexts(2, [0, 0], [0, 0, 0], [0, 0]), "class lists that are present, but all 0"),
        ("classes-63", Contexts(64, [63, 0], [63, 1, 0], [63, 0]), "greatest classes, their sum 189"),
        ("64", Contexts(64, [32, 0], [16, 8, 0], [15, 0]), "64 contexts"),
    ):
        record = planes(OPAQUE1, view, BYTES, [Rans(2, contexts=contexts)])
        suite.valid(f"contexts-{name}", comment, "R-443 R-450 R-451", record)
    for coder in CODERS:
        kind = CODER_NAMES[coder.code]
        contexts = Contexts(4, [0, 1], [0, 2, 1], [1, 0], coder)
        record = planes(OPAQUE1, view, BYTES, [Rans(2, contexts=contexts)])
        suite.valid(f"contexts-classes-{kind}", f"class lists under {kind}", "R-450 R-451", record)
    tables = [spread(0, 4), spread(0, 8), spread(0, 16)]
    shared = Contexts(2, [0, 1], None, [1, 0], Rans(base=0))
    record = planes(OPAQUE1, view, BYTES, [Rans(2, base=1, contexts=shared)], shared=tables)
    suite.valid(
        "contexts-shared", "contexts with shared tables, class lists with one of them", "R-444 R-451",
        file=File([record], tables=tables),
    )  # fmt: skip
    suite.valid(
        "contexts-ragged", "a class for each row of a ragged view", "R-443",
        planes(OPAQUE1, ragged([5, 1, 6]), BYTES, [Rans(2, contexts=Contexts(3, [2, 0, 1]))]),
    )  # fmt: skip
    suite.valid(
        "contexts-transposed", "contexts of a transposed view", "R-443",
        planes(OPAQUE1, matrix(2, 3, 2, transposed=True), BYTES,
               [Rans(2, contexts=Contexts(4, [0, 1], [0, 2, 1], [1, 0]))]),
    )  # fmt: skip


def _mode(suite: Suite) -> None:
    mode = f"{PLANE}.mode"
    for value in (4, 8, 0x80, 0xFC):
        suite.fault(
            f"rans-mode-{value}", PARENT, mode, bytes([value]), "E_RESERVED", "R-440 R-800", f"mode {value}"
        )
    for value in (0, 1, 65, 2**63 - 1):
        comment = f"{value} contexts"
        suite.fault(
            f"context-count-{value}",
            CONTEXTS,
            f"{PLANE}.context_count",
            varint(value),
            "E_LIMIT",
            "R-443",
            comment,
        )
    _side_blocks(suite)
    sparse = "sparse-main"
    main = replace(suite.file("sparse-rans"), profile=MAIN)
    suite.valid(sparse, "a sparse block in a file of profile Main", "R-522", file=main)
    for name, parent, place in (
        ("gaps", sparse, "TENSOR[0].levels.gaps"),
        ("sparse-tokens", sparse, "TENSOR[0].levels.tokens"),
        ("row-codes", "step-codes-rans", "TENSOR[0].row_codes"),
        ("column-codes", "step-codes-rans", "TENSOR[0].column_codes"),
        ("classes", "contexts-classes-rans", f"{PLANE}.channel_classes"),
    ):
        suite.fault(
            f"contexts-of-{name}", parent, f"{place}.mode", b"\1", "E_VIEW", "R-442",
            f"contexts of {name}, which are no block of the view",
        )  # fmt: skip


def _side_blocks(suite: Suite) -> None:
    """Add row codes, column codes and gaps under every coder."""
    for coder in CODERS:
        name = CODER_NAMES[coder.code]
        codes = uniform(
            FLOAT32, matrix(3, 4), LEVELS, row_codes=Codes((0, 9, 17), coder),
            column_codes=Codes((1, 2, 3, 5), coder), step=2.0**-9,
        )  # fmt: skip
        suite.valid(f"step-codes-{name}", f"row and column codes under {name}", "R-540", codes)
        few = Sparse(0, (1, 3, 7, 9), coder)
        sparse = uniform(FLOAT32, matrix(3, 4), [0, 1, 0, 2, 0, 0, 0, 1, 0, 3, 0, 0],
                         Integers(coder, sparse=few))  # fmt: skip
        suite.valid(f"sparse-{name}", f"gaps and tokens of a sparse block under {name}", "R-522", sparse)


def _classes(suite: Suite) -> None:
    for name in ("row", "channel", "position"):
        place = f"{PLANE}.{name}_classes"
        for value in (2, 0xFF):
            suite.fault(
                f"classes-{name}-present-{value}", "contexts-classes-packed", f"{place}.present",
                bytes([value]),
                "E_RESERVED", "R-450 R-800", f"present {value} of the {name} classes",
            )  # fmt: skip
    view = matrix(2, 3, 2)
    for name, contexts in (
        ("row", Contexts(4, [0, 64], [0, 0, 0], [0, 0], Packed(8))),
        ("channel", Contexts(4, [0, 0], [64, 0, 0], [0, 0], Packed(8))),
        ("position", Contexts(4, [0, 0], [0, 0, 0], [0, 255], Packed(8))),
    ):
        record = planes(OPAQUE1, view, BYTES, [Rans(2, contexts=contexts)])
        good = Contexts(4, [0, 0], [0, 0, 0], [0, 0], Packed(8))
        parent = f"contexts-of-{name}-classes"
        suite.valid(
            parent,
            "class lists of eight bits",
            "R-451",
            planes(OPAQUE1, view, BYTES, [Rans(2, contexts=good)]),
        )
        suite.bad(
            f"classes-{name}-too-large", parent, "E_RANGE", f"{PLANE}.{name}_classes.present", "R-451",
            f"a class of {name}s above 63", file=File([record]),
        )  # fmt: skip


def _bad_lanes(suite: Suite) -> None:
    lanes = f"{PLANE}.lanes"
    for parent, value, comment in (
        (PARENT, 0, "no lane"),
        (PARENT, 13, "more lanes than tokens"),
        (PARENT, 2**63 - 1, "2^63 - 1 lanes"),
        ("rans-lanes-8193", 1, "8193 tokens in a lane"),
        ("rans-tokens-65537", 65537, "more lanes than there can be"),
    ):
        suite.fault(f"rans-lane-count-{value}", parent, lanes, varint(value), "E_LIMIT", "R-445", comment)
    suite.bad(
        "rans-lanes-65536", "rans-tokens-65537", "E_TRUNCATED", f"{PLANE}.state", "R-445 R-011",
        "as many lanes as there can be, but few states", {lanes: varint(65536)}, bounded=True,
    )  # fmt: skip


def _bad_words(suite: Suite) -> None:
    built = suite.built(WORDS)
    fields = dict(built.fields)
    states = struct.unpack("<3I", fields[f"{PLANE}.state"])
    words = fields[f"{PLANE}.word"]
    count = len(words) // 2
    for name, value in (("0", 0), ("below", 2**16 - 1)):
        for lane in (0, 2):
            own = list(states)
            own[lane] = value
            suite.fault(
                f"rans-state-{name}-lane-{lane}", WORDS, f"{PLANE}.state", b"".join(map(u32, own)),
                "E_ENTROPY",
                "R-446", f"the state of lane {lane} is {value}: reported at the first state",
            )  # fmt: skip
    for lane in (0, 2):
        for name, change in (("higher", 4096), ("bit", 1)):
            own = list(states)
            own[lane] = own[lane] + change if name == "higher" else own[lane] ^ 1
            suite.fault(
                f"rans-state-{name}-lane-{lane}", WORDS, f"{PLANE}.state", b"".join(map(u32, own)),
                "E_ENTROPY",
                "R-511 R-420", f"lane {lane} does not end in 2^16", at=f"{PLANE}.mode",
            )  # fmt: skip
    for name, number, data, at, error, rule, comment in (
        ("more", count + 1, words + b"\0\0", "mode", "E_ENTROPY", "R-511", "a word that is not used"),
        ("less", count - 1, words[:-2], "mode", "E_ENTROPY", "R-511", "a word less than is needed"),
        ("none", 0, b"", "mode", "E_ENTROPY", "R-511", "no words where some are needed"),
        ("changed", count, bytes([words[0] ^ 1]) + words[1:], "mode", "E_ENTROPY", "R-511", "a wrong bit"),
        ("cut", count + 1, words, "word", "E_TRUNCATED", "R-011", "a word more than there is"),
        ("greatest", 2**63 - 1, words, "word", "E_TRUNCATED", "R-011 R-950", "2^63 - 1 words"),
    ):
        changed = {f"{PLANE}.words": varint(number), f"{PLANE}.word": data}
        suite.bad(f"rans-words-{name}", WORDS, error, f"{PLANE}.{at}", rule, comment, changed, bounded=True)
    for state in (2**16 + 1, 2**32 - 1):
        suite.fault(
            f"rans-single-state-{state}", "rans-no-words", f"{PLANE}.state", u32(2**16) * 2 + u32(state),
            "E_ENTROPY", "R-511", "tokens of frequency 4096 leave the last state as it is, not 2^16",
            at=f"{PLANE}.mode",
        )  # fmt: skip
    inside = ("mode", "context_count", "row_classes.present")
    for source, own_fields in ((CONTEXTS, inside), (WORDS, ("lanes", "words", "state", "word"))):
        for field in own_fields:
            name = f"{PLANE}.{field}"
            suite.bad(
                f"rans-ends-in-{field.replace('_', '-').replace('.', '-')}", source, "E_TRUNCATED", name,
                "R-011", f"the section ends before {field}", change=Change(cut=name), features="truncated",
            )  # fmt: skip
