"""Run a `.nntc` file with onnxruntime (`pip install 'nntc[runtime]'`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nntc.decoder.base_files import Bases
from nntc.decoder.directory import read_directory
from nntc.decoder.folder import temporary_folder
from nntc.decoder.graph import graph_of
from nntc.decoder.model import decode, decode_bytes
from nntc.format.names import UNUSED_NAME
from nntc.limits import NO_LIMITS, Limits
from nntc.signing.public import KeysLike
from nntc.sources.source import SourceLike, opened

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["session"]


def session(
    source: SourceLike,
    *,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    require_key: KeysLike | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
    **options: Any,
) -> onnxruntime.InferenceSession:
    """Return an onnxruntime session on the model in a `.nntc` file.

    The model is decoded in memory. Only one with external data goes through a temporary folder, which is
    gone again when this returns.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`.
    jobs, limits, require_key, base, via
        As for `nntc.decode`.
    options
        For `onnxruntime.InferenceSession`: sess_options, providers, provider_options.

    Raises
    ------
    FormatError
        The input is at fault.
    SourceError
        E_SOURCE, E_SOURCE_CHANGED: the input cannot be read from its URL.
    ImportError
        There is no onnxruntime.
    """
    try:
        import onnxruntime
    except ImportError as e:
        raise ImportError("a session needs onnxruntime: pip install 'nntc[runtime]'") from e
    with opened(source) as file:
        external = len(graph_of(file, read_directory(file, limits.memory)).files) > 1
        if not external:
            files = decode_bytes(file, jobs=jobs, limits=limits, require_key=require_key, base=base, via=via)
            return onnxruntime.InferenceSession(files[None], **options)
        with temporary_folder() as folder:
            model = folder / UNUSED_NAME
            decode(file, model, jobs=jobs, limits=limits, require_key=require_key, base=base, via=via)
            return onnxruntime.InferenceSession(model, **options)
