"""Open a model and split it (the first stage of encoding)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from nntc.encoder.split.content import Content, Stretch, open_content
from nntc.encoder.split.files import SourceFile, open_external
from nntc.encoder.split.payloads import MIN_BYTES, Payload, find_payloads
from nntc.encoder.split.recognition import read_tensors
from nntc.onnx.outline import outline
from nntc.onnx.protobuf import BlockRead
from nntc.onnx.tensor import WireTensor


class SplitSource:
    """An open model: its files and the payloads in them.

    A context manager. Leaving it closes the files, and raises SourceError, E_SOURCE_CHANGED, if one of
    them has been changed meanwhile: whatever is made of it may be wrong. Bytes that were read stay valid.

    Parameters
    ----------
    files
        The model itself and the files of external data in the order in which the model names them.
    tensors
        All tensors of the model in file order.
    payloads
        Ordered by file and offset, not overlapping.
    names
        Names of all tensors, those too small to be payloads included.
    opened
        Closes the files.
    """

    def __init__(
        self,
        files: list[SourceFile],
        tensors: list[WireTensor],
        payloads: list[Payload],
        opened: ExitStack,
    ) -> None:
        self.files = files
        self.tensors = tensors
        self.payloads = payloads
        self._opened = opened

    def __enter__(self) -> SplitSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def stretch(self, payload: Payload) -> Stretch:
        """Return the bytes of a payload."""
        return Stretch(self.files[payload.file].data, payload.offset, payload.length)

    def outline(self) -> bytes:
        """Return the model file without payloads: nodes, names, shapes, and data of the smallest tensors."""
        data = self.files[0].data
        payloads = {payload.offset: payload.length for payload in self.payloads if payload.file == 0}
        return outline(BlockRead(data), len(data), payloads)

    def pieces(self) -> Iterator[memoryview | Payload]:
        """Yield all files back to back: payloads, and the bytes around them as they are.

        No piece is empty or goes over the end of a file.
        """
        remaining = iter(self.payloads)
        payload = next(remaining, None)
        for number, file in enumerate(self.files):
            at = 0
            while payload and payload.file == number:
                if payload.offset > at:
                    yield file.data[at : payload.offset]
                yield payload
                at = payload.offset + payload.length
                payload = next(remaining, None)
            if at < file.size:
                yield file.data[at:]


def open_model(
    source: str | os.PathLike[str] | bytes, *, min_bytes: int = MIN_BYTES, follow_links: bool = False
) -> SplitSource:
    """Open an ONNX model and find its payloads.

    Of external data nothing is read here.

    Parameters
    ----------
    source
        Path of the model file, or its bytes.
    min_bytes
        Payloads of fewer bytes stay in the graph.
    follow_links
        Whether links may lead to external data that is not in the model's folder.

    Raises
    ------
    ModelError
        E_NOT_ONNX for a file of another kind; E_PROTOBUF for malformed protobuf; E_LOCATION for external data
        whose location is no path below the model's folder; E_EXTERNAL for external data that is missing, goes
        past the end of its file, or belongs to a model given as bytes.
    OSError
        If the model file cannot be opened.
    """
    with ExitStack() as opened:
        if isinstance(source, bytes):
            path = None
            data: Content = memoryview(source)
        else:
            path = Path(source)
            data = open_content(path, opened)
        tensors = read_tensors(data)
        external = open_external(tensors, path, opened, follow_links=follow_links)
        files = [SourceFile(None, len(data), data, 0, 0), *external]
        return SplitSource(files, tensors, find_payloads(tensors, files, min_bytes), opened.pop_all())
