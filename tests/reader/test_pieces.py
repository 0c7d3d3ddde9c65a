"""Pieces of a container fit its files."""

from __future__ import annotations

import nntc
import onnx
import pytest
from nntc.encoder.split import open_model
from nntc.errors import FormatError, ModelError
from onnx import numpy_helper

from tests.reader.containers import coded, model_of, random_values, with_other_graph


def test_pieces_that_do_not_fit_the_files_are_refused() -> None:
    data = coded(model_of(numpy_helper.from_array(random_values(5000), "t")))
    for skeleton, run, size in ((b"ab", 1, 20_003), (b"ab", 1, 20_001), (b"ab", 1, 150), (b"", 0, 19_999)):
        container = nntc.open(with_other_graph(data, [(run, 0)], skeleton, size))
        with pytest.raises(FormatError) as caught:
            _ = container.tensors
        assert (caught.value.id, caught.value.offset) == ("E_SPLICE", container.sections[0].offset)


def test_a_payload_is_never_taken_for_structure() -> None:
    data = coded(model_of(numpy_helper.from_array(random_values(5000), "t")))
    container = nntc.open(with_other_graph(data, [(0, 0)], b"", 20_000))
    with pytest.raises(ModelError, match="E_PROTOBUF"):
        _ = container.tensors


def test_payloads_and_skeleton_are_those_of_the_splitter(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    with open_model(model.SerializeToString()) as split:
        assert [p.name for p in split.payloads] == list(nntc.open(data).tensors)
