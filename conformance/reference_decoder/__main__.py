"""Command line: ``python -m conformance.reference_decoder IN.nntc OUT``, or ``--batch`` in place of both.

The base of an update is given with ``--base FILE``, as often as it has files, in any order.

In the folder above it is ``python -m reference_decoder``: the package needs nothing but zstandard.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .decoder import Limits, decode_to
from .errors import NntcError
from .output import DirectorySink, NotWritten
from .signature import Trusted, read_key

ACCEPTED, REJECTED, USAGE, UNSUPPORTED = 0, 1, 2, 3


class FileSource:
    """A file on disk, read section by section."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        self.size = self.file.seek(0, 2)

    def read(self, offset: int, size: int) -> bytes:
        """A stretch of the file."""
        self.file.seek(offset)
        data = self.file.read(size)
        if len(data) != size:
            raise OSError("the file has become shorter")
        return data

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # all of it has been read
            self.file.close()


def decode_file(path: Path, output: Path, limits: Limits, replace: bool, base: Sequence[Path] = ()) -> None:
    """Decode ``path`` to ``output`` and the external data files beside it; all or nothing (clause 10)."""
    sink = DirectorySink(output)
    with contextlib.ExitStack() as opened:
        source, *given = (opened.enter_context(FileSource(own)) for own in (path, *base))
        try:
            names = decode_to(source, sink, limits, given)
        except BaseException:
            sink.discard()
            raise
    try:
        sink.publish(names, replace)  # R-600; the base is closed, an output file may take its place
    finally:
        sink.discard()


def batch(limits: Limits, replace: bool) -> None:
    """One JSON request a line, one JSON answer a line."""
    for line in sys.stdin:
        if not line.strip():
            continue
        answer: dict[str, str | int | None] = {"status": "accepted", "error": None, "offset": None}
        try:
            request = json.loads(line)
            base = [Path(own) for own in request.get("base", ())]
            decode_file(Path(request["input"]), Path(request["output"]), limits, replace, base)
        except NntcError as error:
            status = "unsupported" if error.unsupported else "rejected"
            answer = {"status": status, "error": error.error, "offset": error.offset}
        except (OSError, NotWritten, ValueError, KeyError, TypeError, MemoryError) as problem:
            answer = {"status": "failed", "error": None, "offset": None, "text": str(problem)}
        print(json.dumps(answer), flush=True)


def main() -> int:
    """Returns the exit status: 0 accepted, 1 rejected, 2 wrong usage or no output possible, 3 unsupported."""
    parser = argparse.ArgumentParser(prog="reference_decoder", description="Decode a .nntc file.")
    parser.add_argument("input", nargs="?", type=Path)
    parser.add_argument("output", nargs="?", type=Path, help="path of output file 0; others go beside it")
    parser.add_argument("--batch", action="store_true", help="read JSON requests from standard input")
    parser.add_argument("--replace", action="store_true", help="replace files, use existing folders")
    parser.add_argument("--max-memory", type=int, help="E_MEMORY if the memory bound exceeds this")
    parser.add_argument("--max-output", type=int, help="E_MEMORY if the output files exceed this")
    parser.add_argument("--require-key", action="append", type=Path, help="PEM; E_SIGNED if it did not sign")
    parser.add_argument("--threshold", type=int, default=1, help="how many of the keys must have signed")
    parser.add_argument("--base", type=Path, action="append", default=[], help="a file of an update's base")
    options = parser.parse_args()
    trusted = None
    if options.require_key:
        trusted = Trusted(tuple(map(read_key, options.require_key)), options.threshold)
    limits = Limits(options.max_memory, options.max_output, trusted)
    if options.batch and options.input is None:
        batch(limits, options.replace)
        return ACCEPTED
    if options.batch or options.output is None:
        parser.print_usage(sys.stderr)
        return USAGE
    try:
        decode_file(options.input, options.output, limits, options.replace, options.base)
    except NntcError as error:
        print(error, file=sys.stderr)
        return UNSUPPORTED if error.unsupported else REJECTED
    except (OSError, NotWritten, MemoryError) as problem:
        print(f"reference_decoder: {problem}", file=sys.stderr)
        return USAGE
    return ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
