"""All tests here run with both kernels."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _with_both(kernels: str) -> str:
    return kernels
