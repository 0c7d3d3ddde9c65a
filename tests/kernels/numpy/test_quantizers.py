"""Quantizer bits without states against the state machines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.trellis import MACHINES, Machine
from nntc.kernels.numpy.quantizers import Quantizers


@pytest.mark.parametrize("machine", MACHINES.values())
@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(("", "", "", "first", "second"))), max_size=40))
def test_bits_are_those_of_the_states(machine: Machine, steps: list[tuple[int, str]]) -> None:
    found = Quantizers(3, machine.trellis, 1 << 12)
    states = [0, 0, 0]
    for parities, restart in steps:
        if restart == "first":
            found.restart(slice(0, 1))
            states[0] = 0
        elif restart == "second":
            found.restart(slice(1, 3))
            states[1:] = [0, 0]
        assert found.bits.tolist() == [machine.quantizer[state] << 12 for state in states]
        bits = [parities >> lane & 1 for lane in range(3)]
        found.advance(np.array(bits, np.uint32) << np.uint32(12))
        states = [machine.next[state][bit] for state, bit in zip(states, bits, strict=True)]
