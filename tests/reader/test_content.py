"""Sections are read when they are asked for, and no others."""

from __future__ import annotations

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.device import MAX_PIECE
from nntc.errors import FormatError
from nntc.format.registry import SectionType
from nntc.reader.lazy import GRAPH_TOOL
from onnx import numpy_helper

from tests.reader.containers import RecordingSource, coded, model_of, opened, random_values, with_other_graph


def test_a_large_tensor_in_several_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIECE > 10_000
    monkeypatch.setattr("nntc.encoder.device.MAX_PIECE", 10_000)
    values = random_values(100, 100)
    container = opened(numpy_helper.from_array(values, "t"))
    sections = [section for section in container.sections if section.type == SectionType.TENSOR]
    assert len(sections) >= 4
    lazy = container.tensors["t"]
    np.testing.assert_array_equal(lazy.array(), values)
    assert lazy.coded_bytes == sum(section.length for section in sections)
    assert lazy.same_as is None


def test_only_the_sections_asked_for_are_read() -> None:
    data = coded(model_of(*(numpy_helper.from_array(random_values(2100, seed=k), f"t{k}") for k in range(5))))
    source = RecordingSource(data)
    container = nntc.open(source)
    sections = [section for section in container.sections if section.type == SectionType.TENSOR]
    assert list(container.tensors) == ["t0", "t1", "t2", "t3", "t4"]
    assert all(offset < sections[0].offset for offset, _ in source.reads)
    source.reads.clear()
    container.tensors["t3"].array()
    assert source.reads == [(sections[3].offset, sections[3].length)]


def test_damage_is_found_in_the_tensor_that_has_it() -> None:
    data = bytearray(
        coded(model_of(*(numpy_helper.from_array(random_values(2100, seed=k), f"t{k}") for k in range(3))))
    )
    place = [section for section in nntc.open(data).sections if section.type == SectionType.TENSOR][1]
    data[place.offset + 5] ^= 1
    tensors = nntc.open(data).tensors
    tensors["t0"].array()
    tensors["t2"].array()
    with pytest.raises(FormatError) as caught:
        tensors["t1"].array()
    assert (caught.value.id, caught.value.offset) == ("E_DIGEST", place.offset)


def test_the_outline_is_the_model_without_weights(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    outline = onnx.load_model_from_string(nntc.open(data).outline())
    expected = onnx.ModelProto()
    expected.CopyFrom(model)
    for tensor in expected.graph.initializer:
        tensor.ClearField("raw_data")
    small = {t.name for t in nntc.open(data).tensors.values() if t.tool == GRAPH_TOOL}
    assert not small
    assert outline == expected


def test_the_number_of_parts_is_checked(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    container = nntc.open(lossy[1])
    parts = container._content.graph.splices.used
    assert max(parts) > 1, "auto puts small tensors together"
    sections = [s for s in container.sections if s.type == SectionType.TENSOR]
    output = sum(s.output for s in sections)
    container = nntc.open(with_other_graph(lossy[1], [(0, 0)] * len(sections), b"", output))
    ragged = next(number for number, used in enumerate(parts) if used > 1)
    with pytest.raises(FormatError) as caught:
        container._content.section_tool(ragged)
    assert caught.value.id == "E_SPLICE"
    assert caught.value.offset == container.sections[1 + ragged].offset
