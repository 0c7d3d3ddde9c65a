"""Tests of the networks and of training; they need the extra `train`, and without it there are none here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

if any(importlib.util.find_spec(package) is None for package in ("torch", "PIL")):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """Commands that train set up PyTorch for the whole process, which the tests after them share."""
    import torch

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
