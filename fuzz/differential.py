"""Damaged files given to the C decoder and to the Python one: same verdict, error id, offset and bytes.

The files are those of `conformance.proof.fuzz`: vectors and random valid files with every tool, changed
inside their structure with CRCs put right.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import count
from pathlib import Path

from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError
from nntc.limits import Limits

from conformance.proof import fuzz
from conformance.proof.outcomes import is_left_open
from fuzz.native import CODERS, HERE, INCLUDES, LIBRARY, LINKED, core

ROOM = 1 << 24
Told = tuple[str, int] | bytes
"""Error id and offset, or the bytes of all output files one after another."""


class Native:
    """The C decoder in this process.

    Parameters
    ----------
    folder
        Where it is built.
    compiler
        Command of the C compiler.
    """

    def __init__(self, folder: Path, compiler: str = "cc") -> None:
        path = folder / "libnntc.so"
        around = [LIBRARY / "posix" / "heap.c", LIBRARY / "posix" / "block.c", HERE / "differential.c"]
        sources = [*core(), *map(str, around)]
        options = ["-std=c11", "-O2", "-fPIC", "-shared", "-ffp-contract=off", *CODERS, *INCLUDES]
        subprocess.run([compiler, *options, *sources, "-o", str(path), *LINKED], check=True)
        self._function = ctypes.CDLL(str(path)).decode_in_memory
        self._function.restype = ctypes.c_char_p
        self._out = ctypes.create_string_buffer(ROOM)

    def __call__(self, data: bytes) -> Told:
        """Decode a file."""
        result = ctypes.c_uint64()
        size, room = ctypes.c_size_t(len(data)), ctypes.c_size_t(ROOM)
        name = self._function(data, size, self._out, room, ctypes.byref(result)).decode()
        return self._out.raw[: result.value] if name == "OK" else (name, result.value)


def in_python(data: bytes) -> Told:
    """Decode a file with the package."""
    try:
        return b"".join(decode_bytes(data, limits=Limits.of(output=ROOM)).values())
    except FormatError as error:
        return error.id, error.offset or 0


def compare(native: Native, data: bytes) -> tuple[Told, Told] | None:
    """Return both outcomes if they differ where SPEC.md does not let them."""
    one, other = native(data), in_python(data)
    return None if one == other or is_left_open(data) else (one, other)


def run(seed: int, runs: int, seconds: int, keep: Path) -> int:
    """Compare so many files, or so many seconds; write what differs into a folder, print a summary."""
    outcomes: Counter[str] = Counter()
    differences, end = 0, time.monotonic() + (seconds or float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        native = Native(Path(folder))
        for number in count() if runs < 0 else range(runs):
            if time.monotonic() > end:
                break
            ((_, data),) = fuzz.inputs(seed, range(number, number + 1))
            told = native(data)
            outcomes[told[0] if isinstance(told, tuple) else "decoded"] += 1
            if (found := compare(native, data)) is not None:
                differences += 1
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}.nntc").write_bytes(data)
                shown = [t if isinstance(t, tuple) else "decoded" for t in found]
                sys.stdout.write(f"{number}: C {shown[0]}, Python {shown[1]}\n")
    for outcome, times in outcomes.most_common():
        sys.stdout.write(f"{outcome:<16}{times:>9,}\n")
    sys.stdout.write(f"{outcomes.total():,} files, {differences} differences\n")
    return int(differences > 0)
