"""Names of output files (SPEC.md, clause 6.3)."""

from __future__ import annotations

from conformance.generator.files import File, Output
from conformance.generator.suite import Suite

PARENT = "names"
SYSTEM = "system-names"
"""Feature of vectors whose names not every system has (SPEC.md, R-603 and R-606)."""
GOOD = (
    ("letter", "x"),
    ("255-bytes", "x" * 255),
    ("folder", "folder/x"),
    ("16-components", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p"),
    ("hidden", ".hidden"),
    ("hidden-folder", ".a/.b/..c"),
    ("three-dots", "..."),
    ("utf-8", "größe-тензор-重み-🧠"),
    ("space-inside", " model data"),
    ("dots-inside", "a..b.c"),
    ("marks", "~!@#$%^&()[]{};',+=-_`"),
)
ONLY_SOMEWHERE = (
    ("device", "CON"),
    ("1024-bytes", "/".join(["d" * 255, "e" * 255, "f" * 255, "g" * 254, "h"])),
    ("device-in-folder", "a/com1.bin"),
    ("ends-with-dot", "name."),
    ("ends-with-space", "name "),
    ("folder-ends-with-dot", "name./x"),
    *((f"with-{ord(c):02x}", f"a{c}b") for c in ':*?"<>|'),
)
BAD = (
    ("256-bytes", b"x" * 256),
    ("256-bytes-of-folder", b"x" * 256 + b"/y"),
    ("17-components", b"a/" * 16 + b"a"),
    ("dot", b"."),
    ("dots", b".."),
    ("parent", b"../name"),
    ("parent-inside", b"a/../name"),
    ("parent-last", b"a/.."),
    ("dot-inside", b"a/./name"),
    ("dot-in-front", b"./name"),
    ("dot-at-end", b"a/."),
    ("absolute", b"/name"),
    ("slash", b"/"),
    ("slash-last", b"a/"),
    ("slash-twice", b"a//b"),
    ("backslash", b"a\\b"),
    ("backslash-parent", b"..\\name"),
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
    for name, text in ONLY_SOMEWHERE:
        comment = f"an output file's name that not every system has: {name}"
        suite.valid(f"name-{name}", comment, "R-221 R-602", file=_named(text), features=SYSTEM)
    suite.valid(PARENT, "two output files with names", "R-220 R-221 R-222", file=_named("first", "second"))
    two = File(outputs=[Output(None, (b"abc",)), Output("abc", ()), Output("bc", ()), Output("c", (b"!",))])
    suite.valid("names-overlap", "names that lie within each other, one at the end", "R-220", file=two)
    tree = _named("a/b/c", "a/b/d", "a/e", "b/b", "a.b", "a/bc")
    suite.valid("names-tree", "names in the same folders, and some that begin alike", "R-222", file=tree)
    cases = _named("\u00c4x", "\u00e4x", "Kx", "\u212ax", "First", "fIRST", "A/x", "a/X")
    comment = "names that differ in case, which not every system tells apart"
    suite.valid("names-case", comment, "R-222", file=cases, features=SYSTEM)
    for name, data in BAD:
        suite.bad(
            f"name-{name}", PARENT, "E_FILE_NAME", "GRAPH", "R-221 R-207",
            f"a name that is not allowed: {name}", file=_named("first", data),
        )  # fmt: skip
    for name, one, two_, comment in (
        ("same", "first", "first", "two names are the same"),
        ("same-path", "a/b/c", "a/b/c", "two names in folders are the same"),
        ("folder-of-another", "a/b/c", "a/b", "a name is a folder of the one before"),
        ("in-another", "a", "a/b", "a name has the one before as its folder"),
        ("deep-in-another", "a", "a/b/c", "a name goes through the one before"),
    ):
        suite.bad(
            f"name-{name}", PARENT, "E_FILE_NAME", "GRAPH", "R-222 R-207", comment, file=_named(one, two_)
        )


def _named(*names: str | bytes) -> File:
    """Return a file whose output files have these names, in a row in the graph bytes."""
    text = b"\t".join(n.encode() if isinstance(n, str) else n for n in names)
    others = [Output(name, (bytes([65 + i]),)) for i, name in enumerate(names)]
    return File(outputs=[Output(None, (text,)), *others])
