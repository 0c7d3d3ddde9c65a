"""Files that training goes on from; complete or not there at all."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from nntc.decoder.folder import FolderSink

from reference_models.errors import ReferenceModelError


def write_file(path: Path, content: bytes) -> None:
    """Write a file that appears under its name when it is complete, replacing what was there."""
    with FolderSink(path) as sink:
        sink.begin(None)
        sink.write(memoryview(content))


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values."""
    file = io.BytesIO()
    torch.save(state, file)
    write_file(path, file.getvalue())


def load(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a state; nothing but tensors and plain values is accepted.

    Raises
    ------
    ReferenceModelError
        E_CHECKPOINT.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as e:
        raise ReferenceModelError("E_CHECKPOINT", f"{path}: {e}") from e
    return state


def generators() -> dict[str, torch.Tensor]:
    """Return the states of torch's random generators."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def set_generators(states: dict[str, torch.Tensor]) -> None:
    """Set torch's random generators."""
    torch.set_rng_state(states["cpu"].cpu())
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"].cpu())
