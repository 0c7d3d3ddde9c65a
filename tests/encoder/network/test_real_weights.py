from __future__ import annotations

import numpy as np
import onnx
import pytest
from nntc.encoder.network.network import Network
from nntc.encoder.network.real_weights import with_real_weights

from tests.integer_models import integers, model_of, node, qdq, samples, scales


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [True, False])
def test_the_model_computes_the_same(kind: type, per_channel: bool) -> None:
    model = qdq(per_channel=per_channel, kind=kind)
    stored = model.SerializeToString()
    real = with_real_weights(model)
    assert model.SerializeToString() == stored
    one, other = Network(model), Network(real)
    assert [n.path for n in one.nodes] == [n.path for n in other.nodes]
    assert one.names == other.names
    assert {name: other.constants[name].dtype for name in "wvb"} == {"w": "f4", "v": "f4", "b": "i4"}
    for values, others in zip(one.compute("y", samples(3)), other.compute("y", samples(3)), strict=True):
        np.testing.assert_allclose(values[0], others[0], rtol=1e-3, atol=1e-3 * np.abs(values[0]).max())


def test_integers_stay_that_an_integer_operator_reads() -> None:
    made = node("QLinearMatMul", ["a", "s", "z", "w", "ws", "wz", "s", "z"], ["y"])
    model = model_of([made], ("n", 4), w=integers((4, 6)), ws=scales(6), wz=np.zeros(6, np.int8))
    assert with_real_weights(model) is model
    model = onnx.ModelProto()
    assert with_real_weights(model) is model
