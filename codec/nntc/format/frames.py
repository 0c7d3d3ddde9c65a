"""Limits of zstd frames.

Implements SPEC.md 3.6 (R-015).
"""

import zstandard

from nntc.format.registry import Profile

ZSTD_MAGIC = 0xFD2FB528
MAX_WINDOW = 1 << 23
"""Largest Window_Size of a frame, in bytes."""
DEVICE_WINDOW = 1 << 16
"""The same in a file of profile Device."""


def frame_window(frame: bytes) -> int:
    """Return the Window_Size of a valid frame, in bytes."""
    return int(zstandard.get_frame_parameters(frame).window_size)


def profile_of_window(window: int) -> Profile:
    """Return the first profile that allows GRAPH a window of so many bytes."""
    return next(profile for profile in Profile if window <= largest_window(profile))


def largest_window(profile: Profile) -> int:
    """Return the largest Window_Size of a frame in a file of a profile, in bytes."""
    return DEVICE_WINDOW if profile is Profile.DEVICE else MAX_WINDOW
