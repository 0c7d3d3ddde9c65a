"""Levels of one tensor, found from its values."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.methods.recognize.weights import recognize_weights
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import Quantized, SharedSet, quantize
from nntc.encoder.quantize.shaping import shapings
from nntc.encoder.split import open_model
from nntc.encoder.tensors import Tensor, load_tensors
from nntc.format.registry import ElementType, Profile
from nntc.format.rounding import round_to_element

from tests.networks import classifier

CLASSIFIER = classifier(width=48).SerializeToString()


def tensors_of(model: bytes) -> list[Tensor]:
    with open_model(model) as split:
        return load_tensors(split, onnx.load_from_string(model))[0]


@pytest.mark.parametrize("name", ["conv", "point", "dense"])
@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3])
def test_levels_are_those_that_were_chosen(name: str, noise: float) -> None:
    tensor = next(t for t in tensors_of(CLASSIFIER) if t.name == name)
    chosen = quantize(shapings(tensor), tensor.values(), noise, by_row=False)
    assert isinstance(chosen, Quantized)
    decoded = again(tensor, chosen)
    found = recognize_weights(decoded)
    assert found is not None
    assert isinstance(found.quantized, Quantized)
    np.testing.assert_array_equal(found.quantized.found.levels, chosen.found.levels)
    assert found.quantized.segment == chosen.segment


def again(tensor: Tensor, chosen: Quantized) -> Tensor:
    """Return a tensor as decoding gives it back."""
    record = weight_record(tensor, chosen, SharedSet([], {}))
    parsed = read_tensor(assemble([record.fragments])[0], 0, record.output, ParseContext(Profile.FULL, []))
    return tensor.changed(memoryview(parsed.payload(decode_records([parsed])[0]).tobytes()))


def test_tensors_as_they_were_trained_have_no_levels() -> None:
    for tensor in tensors_of(CLASSIFIER):
        if tensor.element is ElementType.FLOAT32 and tensor.size > 2000:
            assert recognize_weights(tensor) is None
            half = round_to_element(tensor.view.from_coded(tensor.values()), ElementType.FLOAT16)
            halves = tensor.changed(memoryview(half.astype(np.float32).tobytes()))
            assert recognize_weights(halves) is None
