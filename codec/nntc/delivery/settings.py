"""Settings of the network: patience, rates, attempts."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Network:
    """How to deal with servers. Proxies are taken from the environment (`https_proxy`, `no_proxy`, ...).

    Parameters
    ----------
    timeout
        Seconds without a connection, an answer, or another byte of it, above 0.
    min_rate, window
        Bytes in a second that must arrive over any `window` seconds: a server that is slower is left. A rate
        of 0 asks for nothing.
    limit_rate
        Most bytes in a second to take, above 0; None for no limit.
    attempts
        Attempts in a row that bring nothing new before giving up, at least 1.
    pause, longest_pause
        Seconds before the second attempt, doubled before each that follows up to the longest; a random share
        of up to a half is left out, so that devices that failed together do not come back together.

    Raises
    ------
    ValueError
        A value is out of range.
    """

    timeout: float = 30.0
    min_rate: float = 512.0
    window: float = 60.0
    limit_rate: float | None = None
    attempts: int = 6
    pause: float = 0.5
    longest_pause: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "limit_rate":
                continue
            is_number = isinstance(value, int | float) and math.isfinite(value)
            if not is_number or value < 0 or (value == 0 and field.name not in _MAY_BE_0):
                shown = field.name.replace("_", " ")
                wanted = "a number above 0" if is_number else "a number"
                raise ValueError(f"{shown} must be {wanted}, not {value!r}")
        if self.attempts != int(self.attempts):
            raise ValueError("attempts must be a whole number")


_MAY_BE_0 = {"min_rate", "pause"}
