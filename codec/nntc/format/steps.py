"""Steps: the least one, and row and column step codes, where one byte is an exactly representable factor.

Implements SPEC.md 9.7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_STEP = 2.0**-126
"""Least quantization step: the least normal binary32."""
MAX_SCALED = (1 << 52) - 1
"""Largest magnitude of a level times its column's factor, where there is no transform."""
STEP_CODES: NDArray[np.float64] = np.array([(8 + (b & 7)) * 2.0 ** (b >> 3) for b in range(256)])
"""float64 [256], strictly increasing integers from 8 to 15 * 2**31: eight to an octave."""
