"""The base of an update as the encoder sees it: its files, and where in them each tensor came from.

Implements SPEC.md 6.7 for encoders.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from nntc.decoder.base import Base
from nntc.decoder.folder import temporary_folder
from nntc.encoder.split import SplitSource, element_type, open_model
from nntc.encoder.split.content import Content, digest
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.coded import CodedBase, decode_base, is_coded
from nntc.encoder.update.elements import BaseElements
from nntc.encoder.update.matching import find_matches
from nntc.encoder.update.ranges import RangeFinder
from nntc.errors import ModelError
from nntc.format.graph import MAX_BASES, BaseFile
from nntc.format.registry import ViewKind
from nntc.onnx.serialized import path_or_bytes

if TYPE_CHECKING:
    from nntc.encoder.model import Model
    from nntc.onnx.serialized import ModelSource

_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class ContentSource:
    """A content as a `nntc.sources.source.Source`."""

    content: Content

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        return bytes(self.content[offset : offset + length])


@dataclass(frozen=True, slots=True, eq=False)
class UpdateBase:
    """The files of a base, and what of a new model came from them.

    Parameters
    ----------
    contents
        The files in the order in which an update names them.
    files
        Their sizes and hashes.
    elements
        By tensor number; what is not there has no like in the base.
    finder
        Finds graph bytes.
    is_exact
        Whether the weights are known as they were before they were coded.
    is_coded
        Whether it is what a `.nntc` file decodes to.
    """

    contents: tuple[Content, ...]
    files: tuple[BaseFile, ...]
    elements: Mapping[int, BaseElements]
    finder: RangeFinder
    is_exact: bool
    is_coded: bool

    @property
    def ends(self) -> list[int]:
        """Where the files end, back to back."""
        return list(accumulate(file.size for file in self.files))

    def chunks(self, start: int, length: int) -> Iterator[memoryview]:
        """Yield the bytes of a range within one file, some at a time."""
        ends = self.ends
        number = bisect_right(ends, start)
        content, first = self.contents[number], ends[number] - self.files[number].size
        for at in range(start - first, start - first + length, _CHUNK):
            yield content[at : min(at + _CHUNK, start - first + length)]

    @property
    def sources(self) -> list[ContentSource]:
        """The files as a decoder takes them."""
        return [ContentSource(content) for content in self.contents]

    @property
    def decoder_base(self) -> Base:
        """The base as records are decoded with it."""
        return Base(self.sources)

    def is_same(self, number: int, tensor: Tensor) -> bool:
        """Return whether a tensor has not changed: its bytes are those that the base had before coding."""
        own = self.elements.get(number)
        if own is None or own.exact[1] is not tensor.element or own.element is not tensor.element:
            return False
        return own.exact[0].nbytes == tensor.nbytes and own.exact[0].read() == tensor.data.read()

    def is_same_now(self, number: int, tensor: Tensor) -> bool:
        """Return whether a tensor's bytes are those that the base has."""
        own = self.elements.get(number)
        if own is None or own.element is not tensor.element or own.data.nbytes != tensor.nbytes:
            return False
        return own.data.read() == tensor.data.read()


def with_base(
    model: Model,
    base: ModelSource,
    exact: ModelSource | None,
    opened: ExitStack,
    *,
    follow_links: bool = False,
) -> Model:
    """Return a model with what of it is in a base; tensors with more rows than there are cut in two.

    Parameters
    ----------
    base
        The version before: an ONNX model, or a `.nntc` file, which is decoded to a temporary folder.
    exact
        The weights of the base before they were coded, if they are known.
    opened
        Closes the files.

    Raises
    ------
    ModelError, FormatError, OSError
        A base that cannot be read.
    """
    old, coded = _open(base, opened, follow_links)
    before = old if exact is None else _open(exact, opened, follow_links)[0]
    if len(old.files) > MAX_BASES:
        raise ModelError("E_EXTERNAL", f"the base has {len(old.files):,} files, more than {MAX_BASES:,}")
    starts = list(accumulate((file.size for file in old.files), initial=0))
    matches = find_matches(model.files, before)
    at = _places_in(old, before, matches) if before is not old else matches
    tensors: list[Tensor] = []
    elements: dict[int, BaseElements] = {}
    done: dict[int, int] = {}  # elements of a payload in the tensors so far
    for tensor in model.tensors:
        first = done.get(tensor.payload, 0)
        done[tensor.payload] = first + tensor.size
        if tensor.payload not in at:
            tensors.append(tensor)
            continue
        source = old.payloads[at[tensor.payload]]
        known = before.payloads[matches[tensor.payload]]
        element, exact_type = element_type(source.data_type), element_type(known.data_type)
        room = source.length // element.width - first
        parts = _cut(tensor, room)
        if room > 0 and parts:
            count = parts[0].size
            start = starts[source.file] + source.offset + first * element.width
            grid = None if coded is None else coded.grids.get(start)
            elements[len(tensors)] = BaseElements(
                start,
                element,
                old.stretch(source).part(first * element.width, count * element.width),
                (before.stretch(known).part(first * exact_type.width, count * exact_type.width), exact_type),
                grid if grid is not None and grid.fits(parts[0].view) else None,
                0.0 if coded is None else coded.errors.get(source.path),
            )
        tensors += parts or [tensor]
    contents = tuple(file.data for file in old.files)
    files = tuple(BaseFile(file.size, digest(file.data)) for file in old.files)
    finder = RangeFinder(_graph(old))
    found = UpdateBase(contents, files, elements, finder, exact is not None, coded is not None)
    return replace(model, tensors=tuple(tensors), base=found)


def _open(source: ModelSource, opened: ExitStack, follow_links: bool) -> tuple[SplitSource, CodedBase | None]:
    """Return an ONNX model, or what a `.nntc` file decodes to, and then what that tells."""
    given, coded = path_or_bytes(source), None
    if is_coded(given):
        kept = ExitStack()  # closed by itself: an error of the output is not one of temporary files
        opened.callback(kept.close)
        folder = kept.enter_context(temporary_folder())
        coded = decode_base(given, folder / "model.onnx")
        given = folder / "model.onnx"
    return opened.enter_context(open_model(given, follow_links=follow_links)), coded


def _places_in(old: SplitSource, before: SplitSource, matches: Mapping[int, int]) -> dict[int, int]:
    """Return the payloads of the base that the matches with its exact version are, by new payload.

    Both have the same graph, or one that folding has changed: tensors of the same name and shape.
    """
    named = {payload.path: number for number, payload in enumerate(old.payloads)}
    found = {}
    for number, own in matches.items():
        payload = before.payloads[own]
        other = named.get(payload.path)
        if other is not None and old.payloads[other].dims == payload.dims:
            found[number] = other
    return found


def _cut(tensor: Tensor, room: int) -> Sequence[Tensor]:
    """Return the tensor, or its rows that the base has room for and those after them; nothing for none."""
    if tensor.size <= room:
        return [tensor]
    view = tensor.view
    rows = room // view.columns if view.columns else 0
    # Rows of a transposed view are not contiguous.
    if rows < 1 or view.kind is not ViewKind.MATRIX:
        return []
    nbytes = rows * view.columns * tensor.element.width
    first = replace(
        tensor,
        view=replace(view, rows=rows),
        original=tensor.original.part(0, nbytes),
        data=tensor.data.part(0, nbytes),
        scale=None,
    )
    rest = tensor.nbytes - nbytes
    second = replace(
        tensor,
        view=replace(view, rows=view.rows - rows),
        original=tensor.original.part(nbytes, rest),
        data=tensor.data.part(nbytes, rest),
        scale=None,
    )
    return [first, second]


def _graph(source: SplitSource) -> list[tuple[int, memoryview]]:
    """Return the bytes of a model beside its payloads, and where each stretch begins."""
    found, at = [], 0
    for piece in source.pieces():
        if isinstance(piece, memoryview):
            found.append((at, piece))
            at += piece.nbytes
        else:
            at += piece.length
    return found
