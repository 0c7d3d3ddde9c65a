"""Kinds of change: how a tensor comes from one version to the next."""

from __future__ import annotations

from enum import StrEnum


class Change(StrEnum):
    """How the tensor of an update comes from the base."""

    SAME = "same"
    LOW_RANK = "low rank"
    DIFFERENCE = "difference"
    FRESH = "fresh"
