"""Headers (SPEC.md, clause 5.1)."""

from __future__ import annotations

from dataclasses import replace

from conformance.generator.fields import u32
from conformance.generator.files import FULL, MAIN, SIGNATURE, Change
from conformance.generator.suite import Suite

PARENT = "planes-packed"
FIELDS = "signature major minor reader profile section_count directory_length working_memory header_crc"


def add(suite: Suite) -> None:
    """Add good and bad headers."""
    plain = suite.file(PARENT)
    later = replace(plain, minor=255)
    suite.valid("minor-255", "written by version 1.255 for readers of 1.0", "R-102 R-103", file=later)
    main = replace(plain, profile=MAIN)
    suite.valid("main-unused", "profile Main, though Device would do", "R-104 R-109", file=main)
    full = replace(plain, profile=FULL)
    suite.valid("full-unused", "profile Full, though Device would do", "R-104 R-109", file=full)
    newlines = SIGNATURE.replace(b"\r\n", b"\n")
    for name, signature in (
        ("bit-7", b"\x0e" + SIGNATURE[1:]),
        ("newline", newlines + b"\n"),
        ("last-byte", SIGNATURE[:7] + b"\0"),
        ("zip", b"PK\3\4" + SIGNATURE[4:]),
    ):
        comment = f"signature is wrong: {name}"
        suite.fault(
            f"signature-{name}", PARENT, "header.signature", signature, "E_SIGNATURE", "R-100", comment
        )
    for name, value, error, rule in (
        ("major", b"\0", "E_VERSION", "R-101"),
        ("major", b"\2", "E_VERSION", "R-101"),
        ("major", b"\xff", "E_VERSION", "R-101"),
        ("reader", b"\1", "E_RESERVED", "R-102"),
        ("reader", b"\xff", "E_RESERVED", "R-102"),
        ("profile", b"\3", "E_PROFILE", "R-104"),
        ("profile", b"\xff", "E_PROFILE", "R-104"),
        ("section_count", u32(0), "E_LIMIT", "R-105"),
        ("section_count", u32(2**20 + 1), "E_LIMIT", "R-105"),
        ("section_count", u32(2**32 - 1), "E_LIMIT", "R-105"),
        ("directory_length", u32(2**25 + 1), "E_LIMIT", "R-106"),
        ("directory_length", u32(2**32 - 1), "E_LIMIT", "R-106"),
    ):
        shown = f"{name} {int.from_bytes(value, 'little')}"
        own = shown.replace("_", "-").replace(" ", "-")
        suite.fault(own, PARENT, f"header.{name}", value, error, rule, shown)
    for reader, minor in ((1, 1), (1, 255), (255, 255)):
        suite.bad(
            f"reader-{reader}-of-{minor}", PARENT, "E_VERSION", "header.reader", "R-103",
            f"written by version 1.{minor}, needs a reader of 1.{reader}",
            {"header.reader": bytes([reader]), "header.minor": bytes([minor])},
        )  # fmt: skip
    _crcs(suite)
    _cuts(suite)
    _sizes(suite)


def _crcs(suite: Suite) -> None:
    crc = suite.built(PARENT).data[24:28]
    for bit in (0, 31):
        wrong = u32(int.from_bytes(crc, "little") ^ 1 << bit)
        suite.bad(
            f"header-crc-bit-{bit}", PARENT, "E_CRC", 24, "R-107", f"bit {bit} of header_crc is wrong",
            {"header.header_crc": wrong},
        )  # fmt: skip
    for name, value in (
        ("major", b"\3"), ("minor", b"\1"), ("profile", b"\1"), ("section_count", u32(1)),
        ("directory_length", u32(13)),
    ):  # fmt: skip
        suite.bad(
            f"header-crc-{name.replace('_', '-')}", PARENT, "E_CRC", 24, "R-107 R-108",
            f"{name} is damaged, which header_crc shows before any field is looked at",
            {f"header.{name}": value, "header.header_crc": crc},
        )  # fmt: skip


def _cuts(suite: Suite) -> None:
    """Files that end in the header: at the first byte of a field, and within it."""
    data = suite.built(PARENT)
    for name in FIELDS.split():
        place = f"header.{name}"
        size = next(len(own) for full, own in data.fields if full == place)
        for keep in sorted({0, size - 1}):
            suite.bad(
                f"ends-in-{name.replace('_', '-')}-{keep}", PARENT, "E_TRUNCATED", place, "R-011 R-108",
                f"the file ends {keep} bytes into {name}",
                change=Change(truncate=place, keep=keep), features="truncated",
            )  # fmt: skip


def _sizes(suite: Suite) -> None:
    """Add directory lengths that are within limits but not those of the file."""
    size = len(suite.built(PARENT).data)
    place = "header.directory_length"
    for name, value, error, at, rules, comment in (
        ("past-end", size - 27, "E_TRUNCATED", 28, "R-011 R-152", "one field, which does not fit"),
        ("to-end", size - 28, "E_TRUNCATED", size, "R-011 R-152", "fits in the file, its CRC does not"),
        ("greatest", 2**25, "E_TRUNCATED", 28, "R-011 R-106", "of the greatest length, in a small file"),
        ("and-crc", 42, "E_CRC", 70, "R-151 R-152", "takes directory_crc in, and no CRC follows"),
        ("0", 0, "E_CRC", 28, "R-106 R-151", "is said to be empty"),
    ):
        suite.fault(
            f"directory-length-{name}", PARENT, place, u32(value), error, rules, f"the directory: {comment}",
            at=at, bounded=True,
        )  # fmt: skip
    suite.fault(
        "section-count-greatest", PARENT, "header.section_count", u32(2**20), "E_DIRECTORY", "R-105 R-150",
        "section_count is the greatest allowed, the directory has two entries", at="directory_crc",
        bounded=True,
    )  # fmt: skip
