"""All tests here run with the kernels on numpy, and those alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernels.building import everywhere


@pytest.fixture(scope="package", autouse=True)
def _with_numpy() -> Iterator[None]:
    with everywhere("numpy"):
        yield
