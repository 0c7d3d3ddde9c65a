"""Settings of all tests: threads of BLAS, profiles of hypothesis, native kernels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.kernels.building import build_in_place, everywhere, require_native

# Tests run side by side, one for each processor: more threads would only be in each other's way.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# No test depends on time, and every run tries the same examples, whichever files it is of.
settings.register_profile("nntc", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("nntc")

# Programs that tests start import the checkout's package, as the tests do.
ROOT = Path(__file__).resolve().parents[1]
inherited = os.environ.get("PYTHONPATH")
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "codec"), *([inherited] if inherited else [])])


def pytest_configure(config: pytest.Config) -> None:
    """Build the native kernels, once before workers start."""
    if not hasattr(config, "workerinput"):
        build_in_place()


@pytest.fixture(scope="module", params=["numpy", "native"])
def kernels(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name of the kernels that the tests of a module run with: they run with both."""
    name: str = request.param
    if name == "native":
        require_native()
    with everywhere(name):
        yield name
