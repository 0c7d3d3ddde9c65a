"""Files that training goes on from; complete or not there at all."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from codec.decoder.sink import FolderSink
from reference_models.errors import ReferenceModelError


def write_file(path: Path, content: bytes) -> None:
    """Write a file that appears under its name when it is complete, replacing what was there."""
    with FolderSink(path) as sink:
        sink.begin(None)
        sink.write(memoryview(content))


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values, with that of the random generators."""
    file = io.BytesIO()
    torch.save({"state": state, "generators": _generators()}, file)
    write_file(path, file.getvalue())


def load(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a state and set the random generators; nothing but tensors and plain values is accepted.

    Raises
    ------
    ReferenceModelError
        E_CHECKPOINT.
    """
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        state: dict[str, Any] = content["state"]
        torch.set_rng_state(content["generators"]["cpu"].cpu())
        if device.type == "cuda":
            torch.cuda.set_rng_state(content["generators"]["cuda"].cpu())
    except (OSError, RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as e:
        raise ReferenceModelError("E_CHECKPOINT", f"{path}: {e}") from e
    return state


def _generators() -> dict[str, torch.Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states
