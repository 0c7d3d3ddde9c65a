"""Payloads of a model: stretches of its files that are coded as tensors.

Implements SPEC.md 16 (R-902).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nntc.encoder.split.files import SourceFile
from nntc.errors import ModelError
from nntc.onnx.elements import element_width
from nntc.onnx.tensor import External, Path, WireTensor, payload_length
from nntc.sources.kinds import HEAD, kind_of

MIN_BYTES = 64
"""Smaller payloads stay in the graph: a section of their own costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A stretch of a file that holds a tensor's elements, little-endian.

    Parameters
    ----------
    file
        Number of the file; 0 is the model itself.
    offset, length
        Bytes in that file.
    data_type, dims
        As in TensorProto.
    name, path
        Name and place in the model of the first tensor that uses the bytes.
    also
        Names of further tensors on the very same bytes.
    shared
        Paths of further tensors on these bytes, or on some of them.
    """

    file: int
    offset: int
    length: int
    data_type: int
    dims: tuple[int, ...]
    name: str
    path: Path
    also: tuple[str, ...] = ()
    shared: tuple[Path, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tensors on the very same bytes."""
        return (self.name, *self.also)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths of all tensors on these bytes, or on some of them."""
        return (self.path, *self.shared)


@dataclass(slots=True)
class _Region:
    """Bytes of external data in use; `payload` is None where they cannot be coded as elements."""

    start: int
    end: int
    payload: Payload | None


def find_payloads(tensors: list[WireTensor], files: list[SourceFile], min_bytes: int) -> list[Payload]:
    """Return the payloads of a model ordered by file and offset; they do not overlap.

    Parameters
    ----------
    tensors
        Tensors of the model in file order.
    files
        Its files, the model itself first.
    min_bytes
        Shortest payload to list, in bytes; empty ones never are.

    Raises
    ------
    ModelError
        E_EXTERNAL for external data past the end of its file.
    """
    payloads = [
        Payload(0, t.offset, t.length, t.data_type, t.dims, t.name, t.path) for t in tensors if t.payload
    ]
    numbers = {file.name: number for number, file in enumerate(files)}
    regions: list[list[_Region]] = [[] for _ in files]
    for tensor in tensors:
        if tensor.external:
            number = numbers[tensor.external.name]
            region = _external_region(tensor, tensor.external, number, files[number])
            if region.end > region.start:
                regions[number].append(region)
    for of_file in regions:
        of_file.sort(key=lambda region: region.start)  # stable: the first tensor of equals stays first
        for cluster in _clusters(of_file):
            payloads.extend(_kept(cluster))
    listed = [payload for payload in payloads if payload.length >= max(min_bytes, 1)]
    return sorted(listed, key=lambda payload: (payload.file, payload.offset))


def _external_region(tensor: WireTensor, place: External, number: int, file: SourceFile) -> _Region:
    size = file.size
    asked = payload_length(tensor.data_type, tensor.dims)
    # A length of 0 means "not stated" to readers of ONNX, as a missing one does.
    length = place.length or asked
    if length is None:
        length = max(size - place.offset, 0)
    if place.offset + length > size:
        message = f"bytes {place.offset}..{place.offset + length} of {place.name!r}, which has {size}"
        kind = kind_of(bytes(file.data[:HEAD])) if size < HEAD else None
        message += f": it is {kind}" if kind else ""
        raise ModelError("E_EXTERNAL", message, place.location_offset)
    payload = None
    if length == asked:
        payload = Payload(
            number, place.offset, length, tensor.data_type, tensor.dims, tensor.name, tensor.path
        )
    return _Region(place.offset, place.offset + length, payload)


def _clusters(regions: list[_Region]) -> Iterator[list[_Region]]:
    """Yield runs of regions that overlap; `regions` are ordered by start."""
    cluster: list[_Region] = []
    end = 0
    for region in regions:
        if cluster and region.start >= end:
            yield cluster
            cluster = []
        cluster.append(region)
        end = max(end, region.end)
    if cluster:
        yield cluster


def _kept(cluster: list[_Region]) -> list[Payload]:
    """Return the payloads of overlapping regions: the first of them, as far as they agree.

    Coding may change values. Bytes that one tensor sees as floats and another as something else (an
    integer, or floats of another alignment) must not change, so then nothing is a payload.
    """
    payloads = [region.payload for region in cluster if region.payload]
    if len(payloads) < len(cluster) or len({payload.data_type for payload in payloads}) > 1:
        return []
    width = element_width(payloads[0].data_type)
    if len({payload.offset % width for payload in payloads}) > 1:
        return []
    kept: dict[tuple[int, int], Payload] = {}
    also: dict[tuple[int, int], list[str]] = {}
    end = 0
    for payload in payloads:
        place = (payload.offset, payload.length)
        if place in kept:
            also[place].append(payload.name)
        elif payload.offset >= end:
            kept[place] = payload
            also[place] = []
            end = payload.offset + payload.length
    return [
        replace(p, also=tuple(also[place]), shared=tuple(o.path for o in payloads if _overlap(o, p)))
        for place, p in kept.items()
    ]


def _overlap(one: Payload, other: Payload) -> bool:
    """Return whether two payloads of a file, of different tensors, have bytes in common."""
    before_end = one.offset < other.offset + other.length and other.offset < one.offset + one.length
    return one.path != other.path and before_end
