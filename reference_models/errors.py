"""Errors of recipes, data, weights files and checkpoints."""

from __future__ import annotations

from nntc.errors import NntcError


class ReferenceModelError(NntcError):
    """An input that cannot be used: E_RECIPE, E_DATA, E_WEIGHTS or E_CHECKPOINT."""
