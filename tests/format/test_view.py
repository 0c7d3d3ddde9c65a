from __future__ import annotations

import numpy as np
from hypothesis import given

from conformance.proof import samples
from tests import strategies
from tests.strategies import view_of


@given(strategies.views())
def test_coded_order_and_payload_order_are_inverse(view: samples.View) -> None:
    own = view_of(view)
    payload = np.arange(own.size)
    coded = own.to_coded(payload)
    assert own.from_coded(coded).tolist() == payload.tolist()
    assert own.size == view.size


@given(strategies.views(kinds=(1,)))
def test_a_transposed_view_has_rows_and_channels_exchanged_in_the_payload(view: samples.View) -> None:
    coded = view_of(view).to_coded(np.arange(view.size)).tolist()
    for i, number in enumerate(coded):
        r, j = divmod(i, view.columns)
        c, p = divmod(j, view.period)
        assert number == (c * view.rows + r) * view.period + p
