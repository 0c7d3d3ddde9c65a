"""Tests run side by side, one for each processor: threads of BLAS would only be in each other's way."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
