"""Paths of external data: below the model's folder, and through links only where that is allowed."""

from __future__ import annotations

import stat
from pathlib import Path

from nntc.errors import ModelError, reason


def external_path(model: Path, name: str, offset: int | None = None, *, follow_links: bool = False) -> Path:
    """Return the path of a file of external data that can be opened without waiting.

    Parameters
    ----------
    model
        Path of the model, beside which the file is.
    name
        Of the file: a path below the model's folder.
    offset
        Where the model names it, for errors.
    follow_links
        Whether the file may be somewhere else, by links: a model from somebody else could otherwise have
        files read that are none of its own.

    Raises
    ------
    ModelError
        E_EXTERNAL: there is no such file, it is no regular file, or a link leads out of the folder.
    """
    path = model.parent / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its writer
            raise ModelError("E_EXTERNAL", f"{name!r} is not a regular file", offset)
        how = "" if follow_links else _leads_out(path, model.parent, status.st_nlink)
    except OSError as e:
        raise ModelError("E_EXTERNAL", f"cannot read {name!r}: {reason(e)}", offset) from e
    if how:
        message = f"{name!r} is a link that {how}; follow it where you trust the model (--follow-links)"
        raise ModelError("E_EXTERNAL", message, offset)
    return path


def _leads_out(path: Path, folder: Path, names: int) -> str:
    if not path.resolve(strict=True).is_relative_to(folder.resolve(strict=True)):
        return "leads out of the model's folder"
    return "has another name too, perhaps outside of the model's folder" if names > 1 else ""
