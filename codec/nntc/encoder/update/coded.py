"""A base that is a `.nntc` file: what it decodes to, and what it tells of how it was coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nntc.decoder.model import decode
from nntc.encoder.update.grid import Grid, read_grids
from nntc.format.container import SIGNATURE
from nntc.limits import NO_LIMITS
from nntc.onnx.tensor import Path as TensorPath
from nntc.reader.container import open as open_container
from nntc.sources.source import SourceLike
from nntc.sources.source import opened as opened_source


@dataclass(frozen=True, slots=True, eq=False)
class CodedBase:
    """What a `.nntc` file tells of the tensors that it decodes to.

    Parameters
    ----------
    grids
        Of those that have one, by where in its output a tensor begins.
    errors
        By place in the model: ||decoded - original|| / ||original||, None where that is not noted.
    """

    grids: Mapping[int, Grid]
    errors: Mapping[TensorPath, float | None]


def is_coded(source: SourceLike) -> bool:
    """Return whether a file is a `.nntc` file."""
    with opened_source(source) as file:
        return file.read(0, len(SIGNATURE)) == SIGNATURE


def decode_base(source: SourceLike, target: Path) -> CodedBase:
    """Decode a file that needs no base into a new one, and return what it tells.

    Raises
    ------
    FormatError, OSError
        It cannot be read.
    """
    decode(source, target)
    with opened_source(source) as file:
        grids = read_grids(file)
    with open_container(source, limits=NO_LIMITS) as container:
        errors = {tensor.path: tensor.error for tensor in container.graph_tensors.values()}
    return CodedBase(grids, errors)
