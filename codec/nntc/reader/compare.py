"""Check a `.nntc` file, and measure how far the model in it is from the original."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.base_files import Bases
from nntc.decoder.folder import temporary_folder
from nntc.decoder.model import DecodedFile, decode
from nntc.decoder.model import verify as decode_and_check
from nntc.errors import ModelError, reason
from nntc.format.names import UNUSED_NAME
from nntc.limits import NO_LIMITS, Limits
from nntc.onnx.arrays import elements, type_name
from nntc.onnx.elements import FLOATING_TYPES, element_count, is_floating, total_error
from nntc.onnx.external import external_path
from nntc.onnx.model import find_tensors
from nntc.onnx.tensor import ELEMENT_BITS, WireTensor, payload_length
from nntc.progress import Phase, Progress, Steps
from nntc.signing.public import KeysLike
from nntc.sources.source import FileSource, SourceLike

_CHUNK = 1 << 22  # bytes compared at a time; whole elements of every type


@dataclass(frozen=True, slots=True)
class TensorDifference:
    """How far a decoded tensor is from the original.

    Parameters
    ----------
    data_type
        Name of its ONNX element type, such as float32.
    size
        Number of elements.
    error
        ||decoded - original|| / ||original||; 0 where the bytes are the same, nan where that is no number.
    """

    name: str
    shape: tuple[int, ...]
    data_type: str
    size: int
    error: float


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verifying found; a file at fault raises instead.

    Parameters
    ----------
    files
        What decoding gives, every hash checked, the model first.
    identical
        Whether the decoded model is the original, byte for byte; None without an original.
    tensors
        Every tensor with data of its own, in file order, integers in fields of varints left out; none without
        an original.
    signed_by
        Ids of the keys asked for that have signed the file.
    """

    files: tuple[DecodedFile, ...]
    identical: bool | None = None
    tensors: tuple[TensorDifference, ...] = ()
    signed_by: tuple[str, ...] = ()

    @property
    def error(self) -> float | None:
        """Relative error of all floating-point tensors: see `nntc.onnx.elements.total_error`.

        Integers that differ, of quantized weights, are among them, as numbers that they are by themselves.
        """
        if self.identical is None:
            return None
        counted = (t for t in self.tensors if t.data_type in FLOATING_TYPES or t.error > 0)
        return total_error((t.size, t.error) for t in counted)


@in_standard_arithmetic
def verify(
    source: SourceLike,
    original: str | os.PathLike[str] | None = None,
    *,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    follow_links: bool = False,
    key: KeysLike | None = None,
    progress: Progress | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
) -> VerifyResult:
    """Decode a `.nntc` file, check every digest and SHA-256, and keep nothing.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`.
    original
        Path of the ONNX model that it was made from, external data beside it, to compare with.
    jobs, limits, progress, base, via
        As for `nntc.decode`.
    follow_links
        Whether links may lead to external data of the original that is not in its folder.
    key
        Keys that must have signed the file, as `require_key` of `nntc.decode`.

    Raises
    ------
    FormatError
        The `.nntc` file is at fault. E_SIGNED: the file is not signed as is required.
    UnsupportedError
        It needs a newer or fuller decoder.
    SourceError
        E_SOURCE, E_SOURCE_CHANGED: the `.nntc` file cannot be read from its URL.
    ModelError
        E_OTHER_MODEL: the original is another model, one that differs in more than its weights, at the
        first such byte. E_EXTERNAL: its external data is missing, or a link. E_PROTOBUF: it is no ONNX model.
    """
    if original is None:
        checked = decode_and_check(
            source, jobs=jobs, limits=limits, require_key=key, progress=progress, base=base, via=via
        )
        return VerifyResult(checked.files, signed_by=checked.signed_by)
    with temporary_folder() as folder:
        decoded = folder / UNUSED_NAME
        done = decode(
            source, decoded, jobs=jobs, limits=limits, require_key=key, progress=progress, base=base, via=via
        )
        files = done.files
        with ExitStack() as opened:
            pairs = []
            for file in files:
                theirs = open_file(Path(original), file.name, follow_links=follow_links)
                pair = opened.enter_context(closing(theirs)), open_file(decoded, file.name)
                opened.enter_context(closing(pair[1]))
                pairs.append(pair)
            return replace(_compare(pairs, files, progress), signed_by=done.signed_by)


def open_file(model: Path, name: str | None, *, follow_links: bool = False) -> FileSource:
    """Open a model, or external data beside it."""
    if name is None:
        return FileSource(model)
    try:
        return FileSource(external_path(model, name, follow_links=follow_links))
    except OSError as e:
        raise ModelError("E_EXTERNAL", f"cannot read {name!r}: {reason(e)}") from e


Pair = tuple[FileSource, FileSource]
_Stretch = tuple[WireTensor, int, int, int]
"""A tensor, and file, offset and length of its elements; no length where they are in the graph."""


def _compare(pairs: Sequence[Pair], files: Sequence[DecodedFile], progress: Progress | None) -> VerifyResult:
    """Compare the files of a model, each of them the original and the decoded one."""
    model = pairs[0][0]
    numbers = {file.name: number for number, file in enumerate(files)}
    try:
        found = [_stretch(wire, numbers) for wire in find_tensors(model.read, model.size)]
    except ModelError:
        # Structure that cannot be read can still be the same bytes.
        if not _same_bytes(pairs):
            raise
        return VerifyResult(tuple(files), identical=True)
    stretches = [stretch for stretch in found if stretch]
    for number, pair in enumerate(pairs):
        taken = [
            (offset, offset + length) for _, file, offset, length in stretches if file == number and length
        ]
        _check_surroundings(pair, sorted(taken))
    steps = Steps(progress, Phase.COMPARING, len(stretches), "tensor")
    differences = tuple(
        TensorDifference(
            wire.name,
            wire.dims,
            type_name(wire.data_type),
            element_count(wire.dims),
            relative_error(pairs[file], offset, length, wire.data_type),
        )
        for wire, file, offset, length in steps.through(stretches)
    )
    return VerifyResult(tuple(files), _same_bytes(pairs), differences)


def place_of(wire: WireTensor) -> str | None:
    """Return the name of the file that holds a tensor's elements, None for the model."""
    return None if wire.external is None else wire.external.name


def _stretch(wire: WireTensor, numbers: dict[str | None, int]) -> _Stretch | None:
    place = wire.external
    if place is None:
        # Floats in varints or in several fields are part of the graph, which must be the same.
        is_counted = wire.length or (is_floating(wire.data_type) and element_count(wire.dims) > 0)
        return (wire, 0, wire.offset, wire.length) if is_counted else None
    asked = payload_length(wire.data_type, wire.dims)
    length = place.length or asked
    if place.name not in numbers or not length or length != asked:
        return None  # not a tensor that coding may change
    return wire, numbers[place.name], place.offset, length


def _check_surroundings(pair: Pair, taken: Sequence[tuple[int, int]]) -> None:
    """Raise E_OTHER_MODEL where files differ outside the stretches `taken`, which may overlap."""
    original, decoded = pair
    size = min(original.size, decoded.size)
    at = 0
    for start, end in [*taken, (size, size)]:
        while at < min(start, size):
            length = min(_CHUNK, min(start, size) - at)
            ours, theirs = original.read(at, length), decoded.read(at, length)
            if ours != theirs:
                first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
                message = "differs from the decoded model in more than weights"
                raise ModelError("E_OTHER_MODEL", message, at + first)
            at += length
        at = max(at, end)
    if original.size != decoded.size:
        raise ModelError("E_OTHER_MODEL", "is of another size than the decoded model", size)


def _same_bytes(pairs: Sequence[Pair]) -> bool:
    return all(
        original.size == decoded.size
        and all(
            original.read(at, _CHUNK) == decoded.read(at, _CHUNK) for at in range(0, decoded.size, _CHUNK)
        )
        for original, decoded in pairs
    )


def relative_error(pair: Pair, offset: int, length: int, data_type: int) -> float:
    """Return ||decoded - original|| / ||original|| of a stretch of elements."""
    noise = power = 0.0
    same = True
    with np.errstate(over="ignore", invalid="ignore"):
        for at in range(offset, offset + length, _CHUNK):
            chunk = min(_CHUNK, offset + length - at)
            data = [file.read(at, chunk) for file in pair]
            same = same and data[0] == data[1]
            count = 8 * chunk // ELEMENT_BITS[data_type]
            kind = np.complex128 if data_type in (14, 15) else np.float64
            original, decoded = (elements(part, data_type, count).astype(kind) for part in data)
            noise += float(np.sum(np.abs(decoded - original) ** 2))
            power += float(np.sum(np.abs(original) ** 2))
    if same:
        return 0.0
    return math.sqrt(noise / power) if power and math.isfinite(noise) and math.isfinite(power) else math.nan
