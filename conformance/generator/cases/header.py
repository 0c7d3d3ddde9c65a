"""Bad headers (SPEC.md, clause 5.1)."""

from __future__ import annotations

from conformance.generator.fields import u32
from conformance.generator.files import SIGNATURE
from conformance.generator.suite import Suite

PARENT = "planes-packed"


def add(suite: Suite) -> None:
    """Add bad headers and what is valid but unusual in one."""
    newlines = SIGNATURE.replace(b"\r\n", b"\n")
    for name, signature in (
        ("bit-7", b"\x0e" + SIGNATURE[1:]),
        ("newline", newlines + b"\n"),
        ("last-byte", SIGNATURE[:7] + b"\0"),
        ("zip", b"PK\3\4" + SIGNATURE[4:]),
    ):
        suite.bad(
            f"signature-{name}", PARENT, "E_SIGNATURE", 0, "R-100", f"signature is wrong: {name}",
            {"header.signature": signature},
        )  # fmt: skip
    for name, value, error, rule in (
        ("major", b"\0", "E_VERSION", "R-101"),
        ("major", b"\2", "E_VERSION", "R-101"),
        ("major", b"\xff", "E_VERSION", "R-101"),
        ("profile", b"\2", "E_PROFILE", "R-104"),
        ("profile", b"\xff", "E_PROFILE", "R-104"),
        ("section_count", u32(0), "E_LIMIT", "R-105"),
        ("section_count", u32(2**20 + 1), "E_LIMIT", "R-105"),
        ("section_count", u32(2**32 - 1), "E_LIMIT", "R-105"),
        ("directory_length", u32(2**25 + 1), "E_LIMIT", "R-106"),
        ("directory_length", u32(2**32 - 1), "E_LIMIT", "R-106"),
    ):
        shown = int.from_bytes(value, "little")
        suite.bad(
            f"{name.replace('_', '-')}-{shown}", PARENT, error, f"header.{name}", rule, f"{name} {shown}",
            {f"header.{name}": value},
        )  # fmt: skip
