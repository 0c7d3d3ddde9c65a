"""Arrays of a `.npz` file; those of objects through the restricted reader of pickles."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

from numpy.lib import format as npy

from reference_models.data.restricted_pickle import restricted_load


def read_arrays(path: Path) -> dict[str, Any]:
    """Return the arrays by name, those of objects as lists.

    Raises
    ------
    ValueError, OSError
        Whatever is wrong with the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _read(archive, name) for name in archive.namelist()}
    except (zipfile.BadZipFile, pickle.UnpicklingError) as e:
        raise ValueError(str(e)) from e


def _read(archive: zipfile.ZipFile, name: str) -> Any:
    with archive.open(name) as file:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        if header(file)[2].hasobject:
            return restricted_load(file)  # type: ignore[arg-type]  # reads as any binary file does
    with archive.open(name) as file:
        return npy.read_array(file, allow_pickle=False)
