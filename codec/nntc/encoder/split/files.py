"""The files of a model: itself, and its external data.

Implements SPEC.md 6.3 and 16 (R-903).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nntc.encoder.split.content import Content, open_content
from nntc.errors import ModelError, reason
from nntc.format.names import Names, is_file_name, is_kept_by_windows
from nntc.onnx.external import external_path
from nntc.onnx.tensor import External, WireTensor


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the model.

    Parameters
    ----------
    name
        Name of external data, a path below the model's folder; None for the model itself.
    size
        Bytes.
    data
        Its content.
    location_offset, location_length
        Bytes of the model file that spell `name` first, without `./` in front; 0 and 0 for the model itself.
    """

    name: str | None
    size: int
    data: Content
    location_offset: int
    location_length: int


def open_external(
    tensors: list[WireTensor], model: Path | None, opened: ExitStack, *, follow_links: bool = False
) -> list[SourceFile]:
    """Open every file of external data, in the order in which the model first names them.

    Parameters
    ----------
    tensors
        Tensors of the model.
    model
        Path of the model, beside which the files are, or None if the model is not a file.
    opened
        Closes the files.
    follow_links
        Whether external data may be somewhere else, by links: a model from somebody else could otherwise have
        files coded that are none of its own.

    Raises
    ------
    ModelError
        E_LOCATION for a location that is no path below the model's folder, or the model itself; E_EXTERNAL
        for a file that is missing or cannot be read.
    """
    first: dict[str, External] = {}
    for place in sorted((t.external for t in tensors if t.external), key=lambda p: p.location_offset):
        first.setdefault(place.name, place)
    names = Names()
    files = []
    for name, place in first.items():
        check_file_name(name, place.location_offset)
        if (model is not None and name == model.name) or not names.add(name):
            message = f"external data is in {name!r}, which is the model itself or a folder of external data"
            raise ModelError("E_LOCATION", message, place.location_offset)
        data = _open_content(model, name, place.location_offset, opened, follow_links)
        dots = len(place.location.encode("utf-8", "surrogateescape")) - len(name.encode())
        offset, length = place.location_offset + dots, place.location_length - dots
        files.append(SourceFile(name, len(data), data, offset, length))
    return files


def _open_content(
    model: Path | None, name: str, offset: int, opened: ExitStack, follow_links: bool
) -> Content:
    if model is None:
        raise ModelError("E_EXTERNAL", f"{name!r} is external to a model in memory", offset)
    if os.name == "nt" and not is_kept_by_windows(name):
        raise ModelError("E_EXTERNAL", f"Windows has no files named {name!r}", offset)
    try:
        return open_content(external_path(model, name, offset, follow_links=follow_links), opened)
    except OSError as e:
        raise ModelError("E_EXTERNAL", f"cannot read {name!r}: {reason(e)}", offset) from e


def check_file_name(name: str, offset: int) -> None:
    """Raise E_LOCATION unless an output file may have this name (SPEC.md, clause 6.3).

    Parameters
    ----------
    name
        Location string of external data, without `./` in front.
    offset
        Where it stands in the model file, in bytes.

    Raises
    ------
    ModelError
        E_LOCATION.
    """
    if not is_file_name(name.encode("utf-8", "surrogateescape")):
        raise ModelError(
            "E_LOCATION",
            f"external data is in {name!r}, no path that stays below the model's folder: save the model "
            "again with its external data beside it: onnx.save(model, path, save_as_external_data=True)",
            offset,
        )
