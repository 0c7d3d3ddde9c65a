"""Errors in NOTES beside the true ones, which only who has the original model can tell (SPEC.md 6.6)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from nntc.decoder.folder import temporary_folder
from nntc.decoder.model import decode
from nntc.format.names import UNUSED_NAME
from nntc.reader.compare import open_file, place_of, relative_error
from nntc.reader.container import open as open_container
from nntc.sources.source import SourceLike

_PRECISION = 2.0**-10  # of a binary16, with what summing in another order makes of an error
_LEAST = 2.0**-24  # what any error that is smaller is noted as


def wrong_errors(
    source: SourceLike, original: str | os.PathLike[str], *, follow_links: bool = False
) -> Iterator[str]:
    """Yield what is wrong with the errors that a valid file's encoder has noted.

    Parameters
    ----------
    source
        A file that decodes.
    original
        Path of the model that it was made from, external data beside it.
    follow_links
        Whether links may lead to external data that is not in the model's folder.

    Raises
    ------
    ModelError
        E_EXTERNAL: external data of the original is missing, or a link out of its folder.
        E_PROTOBUF: it is no ONNX model.
    OSError
        It cannot be read.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        container = stack.enter_context(open_container(source))
        if container.notes is None:
            return
        decode(source, folder / UNUSED_NAME)
        pairs = {}
        for file in container.files:
            theirs = open_file(Path(original), file.name, follow_links=follow_links)
            pairs[file.name] = (
                stack.enter_context(closing(theirs)),
                stack.enter_context(closing(open_file(folder / UNUSED_NAME, file.name))),
            )
        seen: set[tuple[int, int]] = set()
        for tensor in container.tensors.values():
            place = place_of(tensor.wire)
            for piece, noted in tensor.noted_errors():
                if (piece.section, piece.part) in seen or noted is None:
                    continue
                seen.add((piece.section, piece.part))
                theirs, ours = pairs[place]
                true = relative_error((theirs, ours), piece.start, piece.length, tensor.wire.data_type)
                if not _agree(noted, true):
                    yield f"an error of {noted:.4g} is noted for {tensor.name!r}, and it is {true:.4g}"


def _agree(noted: float, true: float) -> bool:
    """Return whether a noted error is the true one, as far as binary16 tells it."""
    if not math.isfinite(true):
        return noted > 0
    return (noted == 0) == (true == 0) and abs(noted - true) <= _PRECISION * true + _LEAST
