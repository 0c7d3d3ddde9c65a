"""Windows of zstd frames, and the profiles that allow them."""

from __future__ import annotations

import pytest
import zstandard
from nntc.format.frames import frame_window, largest_window, profile_of_window
from nntc.format.registry import Profile


@pytest.mark.parametrize(
    ("window", "profile"),
    [(1 << 16, Profile.DEVICE), ((1 << 16) + 1, Profile.MAIN), (1 << 23, Profile.MAIN)],
)
def test_profiles_of_windows(window: int, profile: Profile) -> None:
    assert profile_of_window(window) is profile
    assert window <= largest_window(profile)


def test_the_window_of_a_short_frame_is_its_content() -> None:
    assert frame_window(zstandard.ZstdCompressor().compress(bytes(300))) == 300
