from __future__ import annotations

import pytest
from nntc.format.trellis import EIGHT_STATES, FOUR_STATES, Machine

from conformance.reference_decoder.trellis import make_trellis


@pytest.mark.parametrize("machine", [FOUR_STATES, EIGHT_STATES])
def test_state_machines_are_those_of_the_second_decoder(machine: Machine) -> None:
    reference = make_trellis(int(machine.trellis), 1)
    assert tuple(reference.next) == machine.next
    assert tuple(reference.q) == machine.quantizer
