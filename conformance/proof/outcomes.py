"""What the two decoders here make of a file, in a form that can be compared."""

from __future__ import annotations

import hashlib

from codec.conformance.suite import Expected, Vector
from codec.decoder.model import decode_bytes
from codec.errors import FormatError
from conformance.reference_decoder import NntcError, decode

Files = dict[str | None, bytes]
Fault = tuple[str, int | None]
Outcome = Files | Fault
"""The output files by name, the model under None; or error id and offset."""

_OPEN = "Block_Maximum_Size"


def of_codec(data: bytes) -> Outcome:
    """Decode with the package."""
    try:
        return decode_bytes(data)
    except FormatError as e:
        return e.id, e.offset


def of_reference(data: bytes) -> Outcome:
    """Decode with the reference decoder."""
    try:
        return {file.name: file.data for file in decode(data)}
    except NntcError as e:
        return e.error, e.offset


def is_left_open(data: bytes) -> bool:
    """Whether SPEC.md lets decoders differ: a zstd block larger than Block_Maximum_Size (clause 3.6)."""
    try:
        decode(data)
    except NntcError as e:
        return e.error == "E_ZSTD" and _OPEN in e.text
    return False


def fits(outcome: Outcome, expected: Expected) -> bool:
    """Whether an outcome is what a vector promises."""
    if isinstance(outcome, tuple):
        return expected.fault is not None and outcome == (expected.fault.id, expected.fault.offset)
    promised = {output.name: output.sha256 for output in expected.output}
    return promised == {name: hashlib.sha256(data).hexdigest() for name, data in outcome.items()}


def wrong(vector: Vector, outcome: Outcome) -> str | None:
    """Return what is wrong with a decoder's outcome, None if nothing."""
    if fits(outcome, vector.expected):
        return None
    found = f"{outcome[0]} @ {outcome[1]}" if isinstance(outcome, tuple) else "other files"
    return f"{vector.id}: {found} in place of {vector.expected.fault or 'the files of the manifest'}"
