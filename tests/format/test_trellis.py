from __future__ import annotations

import numpy as np
import pytest
from nntc.format.trellis import MACHINES, Machine, on_fine_grid

from conformance.reference_decoder.trellis import make_trellis


@pytest.mark.parametrize("machine", MACHINES.values())
def test_state_machines_are_those_of_the_second_decoder(machine: Machine) -> None:
    reference = make_trellis(int(machine.trellis), 1)
    assert tuple(reference.next) == machine.next
    assert tuple(reference.q) == machine.quantizer


def test_levels_on_the_fine_grid_are_those_of_the_specification() -> None:
    levels, quantizers = np.arange(-4, 5), np.array([0, 1])
    fine = on_fine_grid(levels[:, None], quantizers)
    assert fine.T.tolist() == [[-8, -6, -4, -2, 0, 2, 4, 6, 8], [-7, -5, -3, -1, 0, 1, 3, 5, 7]]
    assert on_fine_grid(levels.astype(np.int32), np.ones(9, np.uint8)).dtype == np.int32
