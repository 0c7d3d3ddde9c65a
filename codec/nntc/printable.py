"""Text made visible: names in files can hold anything, and a stream's encoding may lack characters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_PLAIN = str.maketrans({"─": "-", "…": "...", "‖": "|", "±": "+-"})


def printable(text: str, encoding: str = "utf-8") -> str:
    r"""Return a text on one line, with everything escaped that is no visible character.

    Control characters, ends of lines, escape sequences of terminals, marks that turn the direction of a text,
    and bytes of file names that are no characters become escapes such as `\x1b`.

    Parameters
    ----------
    text
        Any text.
    encoding
        What it has no character for becomes ASCII: a rule of hyphens, or an escape.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def encoding_of(stream: TextIO) -> str:
    """Return a stream's encoding; ASCII where it has none."""
    return stream.encoding or "ascii"


def write(stream: TextIO, text: str) -> None:
    """Write lines to a stream: all that this package writes for people goes through here.

    Parameters
    ----------
    stream
        Standard output or standard error.
    text
        Lines, each with its end; everything else in them is made printable. Where a name could hold the end
        of a line, `printable` comes first.

    Raises
    ------
    BrokenPipeError
        The reader of standard output has gone.
    OutputError
        E_OUTPUT: standard output is full, closed, or fails.
    """
    encoding = encoding_of(stream)
    with _reporting(stream):
        stream.write("\n".join(printable(line, encoding) for line in text.split("\n")))


def flush(stream: TextIO) -> None:
    """Have a stream take what was written to it; raises as `write`."""
    with _reporting(stream):
        stream.flush()


@contextmanager
def _reporting(stream: TextIO) -> Iterator[None]:
    """Turn what standard output cannot take into E_OUTPUT; standard error changes no result."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as e:
        if stream is not sys.stdout:
            return
        from nntc.errors import OutputError, reason

        raise OutputError("E_OUTPUT", f"cannot write to standard output: {reason(e)}") from e
