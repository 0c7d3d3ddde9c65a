"""Settings of all tests: threads of BLAS, profiles of hypothesis."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

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
