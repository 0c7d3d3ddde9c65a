"""Signatures, and callers that demand them (SPEC.md, clause 6.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.generator.files import NOTES, Change, File
from conformance.generator.records import OPAQUE1, planes
from conformance.generator.signing import KEYS, ORDER, SIGNATURE, content, signature_of, signed
from conformance.generator.suite import Suite
from conformance.generator.vector import CallerKeys, Fault
from conformance.generator.views import matrix

PARENT = "signed"
NO = Fault("E_SIGNED", 28)
_A, _B, _C = KEYS
BY_A = CallerKeys((_A,), 1, None)
NOT_BY_A = CallerKeys((_A,), 1, NO)
_NOTES = b"\0\2" + bytes(5) + b"\6nntc 1"


def add(suite: Suite) -> None:
    """Add files with signatures, right and wrong ones."""
    records = [planes(OPAQUE1, matrix(4), bytes(data)) for data in ([1, 2, 3, 4], [5, 6, 7, 7])]
    unsigned = File(records, others=[(NOTES, _NOTES), (0xF0, b"private")])
    _trusted(suite, unsigned)
    _content(suite, unsigned)
    _covered(suite, unsigned)
    _order(suite)


def _one(suite: Suite, name: str, comment: str, file: File, *keys: CallerKeys, rules: str = "R-280") -> None:
    suite.valid(name, comment, f"{rules} R-270", file=file, caller_keys=keys, features="signature")


def _demand(keys: Sequence[bytes], threshold: int, fault: Fault | None) -> CallerKeys:
    return CallerKeys(tuple(keys), threshold, fault)


def _trusted(suite: Suite, unsigned: File) -> None:
    """Add files that some keys have signed."""
    _one(
        suite, PARENT, "a signature by key A", signed(unsigned, _A), BY_A, _demand([_B], 1, NO),
        _demand([_B, _A], 1, None), _demand([_A, _B], 2, NO), _demand([_A, _A, _B], 1, None),
    )  # fmt: skip
    _one(suite, "signed-by-nobody", "the file without its signature", unsigned, NOT_BY_A)
    _one(
        suite, "signed-twice", "signatures by keys B and A", signed(unsigned, _B, _A), BY_A,
        _demand([_B], 1, None), _demand([_A, _B], 2, None), _demand([_C], 1, NO), _demand([_A, _C], 2, NO),
        _demand([_A, _B, _C], 3, NO), _demand([_C, _B, _A], 2, None),
    )  # fmt: skip
    _one(
        suite, "signed-twice-by-one", "two signatures by key A count once", signed(unsigned, _A, _A), BY_A,
        _demand([_A, _B], 2, NO),
    )  # fmt: skip
    wrong = content(_A, bytes(64))
    for count in (15, 16):
        others = [(SIGNATURE, wrong)] * count + [(SIGNATURE, signature_of(unsigned, _A))]
        comment = f"{count} wrong signatures and a right one: sixteen are looked at"
        file = replace(unsigned, others=[*others, *unsigned.others])
        _one(suite, f"signed-after-{count}", comment, file, BY_A if count < 16 else NOT_BY_A)
    ignored = [(SIGNATURE, b"")] * 16
    file = replace(unsigned, others=[*ignored, (SIGNATURE, signature_of(unsigned, _A)), *unsigned.others])
    _one(suite, "signed-after-16-empty", "those of another size are among the sixteen", file, NOT_BY_A)


def _content(suite: Suite, unsigned: File) -> None:
    """Add files whose section holds something else."""
    right = signature_of(unsigned, _A)
    number = int.from_bytes(right[41:], "little")
    above = right[:41] + (number + ORDER).to_bytes(32, "little")
    later, crc = signature_of(unsigned, _A, domain=b"nntc SIGNATURE 2"), signature_of(unsigned, _A, head=28)
    for name, comment, data, rules in (
        ("empty", "an empty section", b"", "R-280"),
        ("cut", "a byte is missing at the end of the signature", right[:-1], "R-280"),
        ("long", "a byte after the signature", right + b"\0", "R-280"),
        ("algorithm-0", "algorithm 0, which is not assigned", b"\0" + right[1:], "R-280"),
        ("algorithm-2", "algorithm 2, which is not assigned", b"\2" + right[1:], "R-280"),
        ("key-id", "the key_id of key B over a signature by key A", content(_B, right[9:]), "R-280"),
        ("key-id-bit", "a bit of key_id is wrong", right[:8] + bytes([right[8] ^ 1]) + right[9:], "R-280"),
        ("r-bit", "a bit of R is wrong", right[:9] + bytes([right[9] ^ 1]) + right[10:], "R-281"),
        ("s-bit", "a bit of S is wrong", right[:41] + bytes([right[41] ^ 1]) + right[42:], "R-281"),
        ("s-order", "the order of the group is added to S", above, "R-281"),
        ("s-negative", "the first bit of S is set", right[:72] + bytes([right[72] | 0x80]), "R-281"),
        ("zero", "R and S are zero", right[:9] + bytes(64), "R-281"),
        ("no-domain", "the message lacks its beginning", signature_of(unsigned, _A, domain=b""), "R-280"),
        ("other-domain", "the message begins otherwise", later, "R-280"),
        ("with-crc", "header_crc is signed too", crc, "R-280"),
    ):
        file = replace(unsigned, others=[(SIGNATURE, data), *unsigned.others])
        _one(suite, f"signed-{name}", comment, file, NOT_BY_A, rules=rules)
    unknown = [(SIGNATURE, b"\2anything"), (SIGNATURE, right), (SIGNATURE, b"")]
    file = replace(unsigned, others=[*unknown, *unsigned.others])
    _one(suite, "signed-beside-unknown", "signatures that nothing is known about are no matter", file, BY_A)


def _covered(suite: Suite, unsigned: File) -> None:
    """Add files with the signature of another file."""
    notes, private = unsigned.others
    others = list(unsigned.others)

    def among(*sections: tuple[int, bytes]) -> File:
        return replace(unsigned, others=sections)

    turned = replace(unsigned, records=unsigned.records[::-1])
    for name, comment, changed in (
        ("other-file", "the signature of another file", replace(unsigned, records=unsigned.records[:1])),
        ("other-memory", "working_memory has become larger", replace(unsigned, memory=100000)),
        ("other-minor", "minor has become 1", replace(unsigned, minor=1)),
        ("other-profile", "the profile has become Full", replace(unsigned, profile=2)),
        ("swapped-tensors", "two TENSOR sections have been exchanged", turned),
        ("notes-changed", "a byte of NOTES is another", among((NOTES, _NOTES[:-1] + b"2"), private)),
        ("notes-removed", "NOTES have been taken away", among(private)),
        ("private-changed", "a section that nobody knows is another", among(notes, (0xF0, b"other"))),
        ("private-type", "a section that nobody knows has another type", among(notes, (0xF1, b"private"))),
        ("private-added", "a section that nobody knows has been added", among(*others, (0xFF, b""))),
        ("leading-added", "a leading section has been added", among((0x8F, b""), *others)),
    ):
        file = replace(changed, others=[(SIGNATURE, signature_of(unsigned, _A)), *changed.others])
        _one(suite, f"signed-{name}", f"{comment} since it was signed", file, NOT_BY_A)
    leading = replace(unsigned, others=[(0x84, b"index"), *others], minor=3, memory=2**32 - 1, profile=2)
    _one(suite, "signed-leading", "a signature before another leading section", signed(leading, _A), BY_A)
    bits = bytes(i % 2 for i in range(20000))
    many = File([planes(OPAQUE1, matrix(20000), bits)], others=[(0xF0, bytes(200))])
    comment = "lengths of two and three bytes are in what is signed"
    _one(suite, "signed-lengths", comment, signed(many, _A), BY_A)
    alone = suite.file("graph-only")
    by_b = _demand([_B], 1, None)
    _one(suite, "signed-graph-only", "a signature of a file without tensors", signed(alone, _B), by_b)


def _order(suite: Suite) -> None:
    """Add files with faults, of which one is that of what is demanded."""
    own = suite.built(PARENT)
    digests = dict(own.fields)

    def wrong(entry: int) -> dict[str, bytes]:
        digest = digests[f"directory[{entry}].digest"]
        return {f"directory[{entry}].digest": bytes([digest[0] ^ 1]) + digest[1:]}

    suite.bad(
        "signed-digest-of-signature", PARENT, "E_DIGEST", "IGNORABLE[0]", "R-163 R-271 R-280",
        "the digest of a signature is wrong", wrong(0), caller_keys=[((_A,), 1, "E_DIGEST", "IGNORABLE[0]")],
    )  # fmt: skip
    suite.bad(
        "signed-digest-of-graph", PARENT, "E_DIGEST", "GRAPH", "R-163 R-280",
        "the digest of GRAPH is wrong, which is found before where signatures are demanded", wrong(1),
        caller_keys=[((_A,), 1, "E_SIGNED", 28)],
    )  # fmt: skip
    suite.bad(
        "signed-trailing-byte", PARENT, "E_TRAILING", "trailing", "R-162 R-280",
        "a byte after the last section, which is found before signatures are looked at", {"trailing": b"\0"},
        caller_keys=[((_A,), 1, "E_TRAILING", "trailing"), ((_B,), 1, "E_TRAILING", "trailing")],
    )  # fmt: skip
    suite.bad(
        "signed-cut-off", PARENT, "E_TRUNCATED", "IGNORABLE[2]", "R-161 R-280",
        "the file ends within its last section",
        change=Change(truncate="IGNORABLE[2].content", keep=3), features="truncated",
        caller_keys=[((_B,), 1, "E_TRUNCATED", "IGNORABLE[2]")],
    )  # fmt: skip
    suite.bad(
        "signed-damaged-tensor", PARENT, "E_DIGEST", "TENSOR[1]", "R-163",
        "a TENSOR section is damaged: the signature stays right, and the digest is not",
        {"TENSOR[1].view_kind": b"\2", "directory[3].digest": digests["directory[3].digest"]},
        caller_keys=[((_A,), 1, "E_DIGEST", "TENSOR[1]"), ((_B,), 1, "E_SIGNED", 28)],
    )  # fmt: skip
