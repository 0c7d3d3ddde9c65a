"""Names of output files (SPEC.md, clause 6.3)."""

from __future__ import annotations

from conformance.generator.files import File, Output
from conformance.generator.suite import Suite

PARENT = "names"
FORBIDDEN = '/\\:*?"<>|'
GOOD = (
    ("letter", "x"),
    ("255-bytes", "x" * 255),
    ("utf-8", "größe-тензор-重み-🧠"),
    ("space-inside", " model data"),
    ("dots-inside", "a..b.c"),
    ("marks", "~!@#$%^&()[]{};',+=-_`"),
    ("device", "CON"),
)
BAD = (
    ("256-bytes", b"x" * 256),
    ("dot-first", b".hidden"),
    ("dot", b"."),
    ("dots", b".."),
    ("dot-last", b"name."),
    ("space-last", b"name "),
    ("parent", b"../name"),
    ("delete", b"a\x7fb"),
    ("nul", b"name\0"),
    ("newline", b"a\nb"),
    ("last-control", b"a\x1fb"),
    ("utf-8-alone", b"a\x80b"),
    ("utf-8-cut", b"abc\xc3"),
    ("utf-8-overlong", b"a\xc0\xafb"),
    ("utf-8-surrogate", b"a\xed\xa0\x80b"),
    ("utf-8-too-large", b"a\xf4\x90\x80\x80"),
    ("latin-1", b"gr\xf6\xdfe"),
)


def add(suite: Suite) -> None:
    """Add names that are allowed and names that are not."""
    for name, text in GOOD:
        suite.valid(f"name-{name}", f"an output file's name: {name}", "R-221 R-602", file=_named(text))
    suite.valid(PARENT, "two output files with names", "R-220 R-221 R-222", file=_named("first", "second"))
    two = File(outputs=[Output(None, (b"abc",)), Output("abc", ()), Output("bc", ()), Output("c", (b"!",))])
    suite.valid("names-overlap", "names that lie within each other, one at the end", "R-220", file=two)
    cases = _named("Äx", "äx", "Kx", "\u212ax", "@x", "`x", "[x", "{x")
    suite.valid("names-differ", "names that differ only beyond A to Z", "R-222", file=cases)
    bad = [*BAD, *((f"character-{ord(c):02x}", f"a{c}b".encode()) for c in FORBIDDEN)]
    for name, data in bad:
        suite.bad(
            f"name-{name}", PARENT, "E_FILE_NAME", "GRAPH", "R-221 R-207",
            f"a name that is not allowed: {name}", file=_named("first", data),
        )  # fmt: skip
    for name, one, two_, comment in (
        ("same", "first", "first", "two names are the same"),
        ("same-folded", "First.bin", "fIRST.BIN", "two names are the same when folded"),
        ("same-a", "A", "a", "two names differ in the case of the first letter there is"),
        ("same-z", "Z", "z", "two names differ in the case of the last letter there is"),
    ):
        suite.bad(
            f"name-{name}", PARENT, "E_FILE_NAME", "GRAPH", "R-222 R-207", comment, file=_named(one, two_)
        )


def _named(*names: str | bytes) -> File:
    """Return a file whose output files have these names, in a row in the graph bytes."""
    text = b"\t".join(n.encode() if isinstance(n, str) else n for n in names)
    others = [Output(name, (bytes([65 + i]),)) for i, name in enumerate(names)]
    return File(outputs=[Output(None, (text,)), *others])
