from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.device import ANY_DEVICE, MAX_PIECE, Device
from nntc.encoder.entropy.contexts import Classes
from nntc.encoder.entropy.rans import choose_lanes
from nntc.encoder.options.choices import LEAST_DEVICE_MEMORY as LEAST
from nntc.format.memory import rans_memory
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.registry import Coder

MEMORIES = st.integers(LEAST, 1 << 24)


def classes(count: int, rows: int, channels: int) -> Classes:
    return Classes(count, np.ones(rows, np.uint8), np.ones(channels, np.uint8), np.zeros(1, np.uint8))


def test_without_a_bound_all_of_profile_main_may_be_used() -> None:
    assert [coder for coder in Coder if not ANY_DEVICE.has(coder)] == [Coder.BZIP2]
    assert ANY_DEVICE.section(4) == MAX_PIECE
    assert ANY_DEVICE.contexts(2) == MAX_CONTEXTS
    given_ = classes(64, 10**6, 10**6)
    assert ANY_DEVICE.within(given_, 2) is given_


def test_a_device_needs_no_library() -> None:
    assert [coder for coder in Coder if Device(LEAST).has(coder)] == [Coder.PACKED, Coder.RANS, Coder.HUFFMAN]


@given(MEMORIES, st.sampled_from((1, 2)))
def test_shares_are_within_the_memory(memory: int, tables: int) -> None:
    device = Device(memory)
    contexts = rans_memory(device.contexts(tables) * tables, 0, 1, 1)
    assert contexts + device.lanes + 2 * device.together + device.moved <= memory


@given(MEMORIES, st.sampled_from((1, 2, 4, 8)), st.sampled_from((1, 128)))
def test_the_lanes_of_a_section_fit(memory: int, width: int, segment: int) -> None:
    device = Device(memory)
    count = device.section(width) // width
    lanes = choose_lanes(count, segment, device.lanes)
    assert rans_memory(0, lanes, segment, count) <= max(device.lanes, memory // 8) + 16 * (16 + segment)


@pytest.mark.parametrize(("rows", "channels", "has_channels"), [(100, 100, True), (100, 3000, False)])
def test_classes_are_cut_to_what_there_is_room_for(rows: int, channels: int, has_channels: bool) -> None:
    within = Device(LEAST).within(classes(60, rows, channels), 2)
    assert within.count == 3 * LEAST // 8 // (2 * 576)
    assert within.rows.all()
    assert within.channels.all() == has_channels
