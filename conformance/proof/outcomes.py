"""Outcomes of the two decoders here on a file, in a form that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from nntc.conformance.suite import CallerKeys, CallerLimit, Expected, Vector
from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError
from nntc.limits import Limits
from nntc.signing.public import TrustedKeys

from conformance.reference_decoder import Limits as ReferenceLimits
from conformance.reference_decoder import NntcError, decode
from conformance.reference_decoder.signature import Trusted

Files = dict[str | None, bytes]
Fault = tuple[str, int | None]
Outcome = Files | Fault
"""The output files by name, the model under None; or error id and offset."""

_OPEN = "Block_Maximum_Size"


def of_codec(
    data: bytes,
    base: Sequence[bytes] = (),
    limit: CallerLimit | None = None,
    keys: CallerKeys | None = None,
) -> Outcome:
    """Decode with the package, under a limit, or with keys, of the caller, if there are any."""
    memory = limit.bytes if limit is not None and limit.kind == "memory" else None
    output = limit.bytes if limit is not None and limit.kind == "output" else None
    try:
        trusted = None if keys is None else TrustedKeys(*keys.keys, threshold=keys.threshold)
        limits = Limits.of(memory=memory, output=output)
        return decode_bytes(data, limits=limits, require_key=trusted, base=base)
    except FormatError as e:
        return e.id, e.offset


def of_reference(data: bytes, base: Sequence[bytes] = (), keys: CallerKeys | None = None) -> Outcome:
    """Decode with the reference decoder, with the keys that the caller demands, if there are any."""
    trusted = None if keys is None else Trusted(keys.keys, keys.threshold)
    try:
        return {file.name: file.data for file in decode(data, ReferenceLimits(trusted=trusted), base)}
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


def codec_fails(vector: Vector, data: bytes) -> bool:
    """Whether the package does with a vector something else than it promises, under any limit."""
    base = [file.path.read_bytes() for file in vector.base]
    if not fits(of_codec(data, base), vector.expected):
        return True
    if vector.without_base is not None and not fits(of_codec(data), vector.without_base):
        return True
    if any(not fits(of_codec(data, base, limit), limit.expected) for limit in vector.caller_limits):
        return True
    return any(not fits(of_codec(data, base, keys=keys), keys.expected) for keys in vector.caller_keys)
