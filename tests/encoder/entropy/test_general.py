"""zstd frames are what the format wants, with a first part that is a block of its own too."""

from __future__ import annotations

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.general import unzstd
from nntc.encoder.entropy.general import gain, zstd, zstd_after
from nntc.format.frames import MAX_WINDOW


@given(st.binary(max_size=700), st.binary(max_size=2000), st.integers(0, 40), st.sampled_from([3, 19, 22]))
def test_both_parts_come_back(head: bytes, data: bytes, times: int, level: int) -> None:
    whole = head + data * times
    assert unzstd(zstd_after(head, data * times, level), len(whole), 0) == whole
    assert unzstd(zstd(whole, level), len(whole), 0) == whole


@pytest.mark.parametrize(
    "size", [255, 256, 65_791, 65_792, 65_793, MAX_WINDOW, MAX_WINDOW + 1, 2 * MAX_WINDOW + 9]
)
@pytest.mark.parametrize("repeats", [False, True])
def test_sizes_at_which_the_frame_header_changes(size: int, repeats: bool) -> None:
    head = bytes(range(40))
    rng = np.random.default_rng(0)
    data = b"weights " * (size // 8 + 1) if repeats else rng.bytes(size)
    frame = zstd_after(head, data[: size - len(head)], 1)
    assert unzstd(frame, size, 0) == head + data[: size - len(head)]
    assert zstandard.get_frame_parameters(frame).window_size <= MAX_WINDOW


def test_hashes_do_not_spoil_what_follows() -> None:
    head = np.random.default_rng(0).bytes(38)
    words = b" ".join(str(i * i % 977).encode() for i in range(3000))
    assert len(zstd_after(head, words)) <= len(zstd(words)) + len(head) + 5


def test_noise_gains_nothing_from_the_highest_level_whatever_stands_beside_it() -> None:
    noise = np.random.default_rng(0).bytes(1 << 17)
    assert gain(noise + bytes(1 << 19), 3) == 0
    assert gain(bytes(1 << 19) + noise, 3) == 0


def test_what_the_highest_level_saves_is_seen_on_samples() -> None:
    words = np.random.default_rng(0).choice(np.frombuffer(b"etaoin shrdlu", np.uint8), 1 << 18).tobytes()
    data = words + bytes(1 << 18)
    quick, best = len(zstd(data, 3)), len(zstd(data))
    assert gain(data, 3) == pytest.approx(1 - best / quick, abs=0.02)
    assert gain(data, 3) > 0.01
