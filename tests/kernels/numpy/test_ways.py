"""Ways into states are those out of them, each in its place."""

from __future__ import annotations

import pytest
from nntc.format.trellis import MACHINES, Machine, Trellis
from nntc.kernels.numpy.ways import ways_into


@pytest.mark.parametrize("machine", MACHINES.values())
def test_two_ways_lead_into_each_state(machine: Machine) -> None:
    ways = ways_into(machine)
    assert len(ways) == len(machine.next)
    for target, own in enumerate(ways):
        assert [machine.next[state][parity] for state, parity in own] == [target, target]
        # Both begin under the same quantizer, by levels of different parity.
        assert {parity for _, parity in own} == {0, 1}
        assert len({machine.quantizer[state] for state, _ in own}) == 1
        assert own == sorted(own, key=lambda way: way[machine.trellis is Trellis.MANY_STATES])
