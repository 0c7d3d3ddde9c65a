"""Tensors by the index of a file: the graph is not read, and decides where the index is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import nntc
import numpy as np
import onnx
import pytest
from nntc.decoder.directory import read_directory
from nntc.errors import FormatError, ModelError
from nntc.format.container import HEADER_SIZE
from nntc.format.index import write_index
from nntc.limits import Limits
from nntc.reader.index import entries_of
from nntc.reader.info import describe
from nntc.reader.lazy import GRAPH_TOOL
from nntc.sources.source import BytesSource
from onnx import numpy_helper

from conformance.reference_decoder.index import read_index as read_by_reference
from tests.conformance.vectors import VECTORS, read
from tests.networks import using
from tests.reader.containers import random_values

INDEXED = {id_: vector for id_, vector in VECTORS.items() if "index" in vector}
SHAPES = {"w.a": (64, 48), "w.b": (32, 64, 3, 3), "w.bias": (64,), "w.small": (2,), "scalar": ()}


class Watched(BytesSource):
    """A file that remembers what was read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return super().read(offset, length)


def model() -> onnx.ModelProto:
    rng = np.random.default_rng(5)
    made = using(**{name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in SHAPES.items()})
    texts = numpy_helper.from_array(np.array(["one", "two"], object), "texts")
    made.graph.initializer.append(texts)
    return made


@pytest.fixture(scope="module", params=[{}, {"device_memory": 1 << 14}, {"method": "lossless"}], ids=str)
def data(request: pytest.FixtureRequest) -> bytes:
    return nntc.encode_bytes(model(), index=True, **request.param)[0]


def graph_of(data: bytes) -> range:
    section = read_directory(BytesSource(data)).graph
    return range(section.offset, section.offset + section.length)


def test_every_vector_gives_the_tensors_of_the_manifest() -> None:
    for vector_id, vector in INDEXED.items():
        data = read(vector)
        directory = read_directory(BytesSource(data))
        section = next(s for s in directory.sections if s.type == 0x83)
        content = data[section.offset : section.offset + section.length]
        theirs = read_by_reference(content, len(directory.tensors))
        with nntc.open(data) as container:
            assert container.has_index == (theirs is not None) == (vector["index"] is not None), vector_id
            if vector["index"] is None or theirs is None:
                continue
            assert [entry.name for entry in theirs] == list(container.tensors)
            for stated, (name, tensor) in zip(vector["index"], container.tensors.items(), strict=True):
                assert stated["name"] == name
                assert stated["dims"] == list(tensor.shape)
                if stated["sha256"] is None:
                    with pytest.raises(ModelError):  # the graph of a vector is no model
                        tensor.data()
                else:
                    assert hashlib.sha256(tensor.tobytes()).hexdigest() == stated["sha256"], vector_id


def test_an_index_says_what_the_graph_does_and_the_graph_is_not_read(data: bytes) -> None:
    source = Watched(data)
    graph = graph_of(data)
    with nntc.open(source) as container:
        assert list(container.tensors) == sorted(container.tensors, key=str.encode)
        coded = {name: t for name, t in container.tensors.items() if t.coded_bytes}
        arrays = container.arrays(coded)
        assert {tensor.tool for tensor in coded.values()} <= {"planes", "codebook", "uniform"}
        assert not any(at + length > graph.start and at < graph.stop for at, length in source.reads)
    plain = nntc.open(data)
    assert plain.tensors.keys() == plain.graph_tensors.keys()
    for name, tensor in plain.graph_tensors.items():
        own = plain.tensors[name]
        assert (own.shape, own.data_type, own.tool) == (tensor.shape, tensor.data_type, tensor.tool)
        assert (own.path, own.error, own.noted_errors()) == (tensor.path, tensor.error, tensor.noted_errors())
        assert own.coded_bytes == pytest.approx(tensor.coded_bytes)
        np.testing.assert_array_equal(own.array(), tensor.array())
        assert (name in arrays) == (tensor.tool != GRAPH_TOOL)
        if name in arrays:
            np.testing.assert_array_equal(arrays[name], tensor.array())
    everything = plain.arrays()
    assert list(everything) == list(plain.tensors)
    assert plain.arrays(["w.bias", "texts"])["texts"].tolist() == [b"one", b"two"]
    assert describe(plain).sections[0].type == "INDEX"


def test_a_file_decodes_as_without_an_index(data: bytes) -> None:
    without = _with_index(data, None)
    assert not nntc.open(without).has_index
    assert nntc.decode_bytes(data) == nntc.decode_bytes(without)


def _with_index(data: bytes, index: bytes | None) -> bytes:
    """Return a file with another index, or none."""
    from nntc.encoder.container import CodedFile, NewSection
    from nntc.format.registry import SectionType

    directory = read_directory(BytesSource(data))
    sections = [
        NewSection(SectionType(s.type), data[s.offset : s.offset + s.length], s.output)
        for s in directory.sections
        if s.type != SectionType.INDEX
    ]
    if index is not None:
        sections.insert(0, NewSection(SectionType.INDEX, index, 0))
    return CodedFile(directory.profile, directory.working_memory, sections).tobytes()


def _swapped(data: bytes) -> Iterator[bytes]:
    """Yield files whose index exchanges two tensors, cuts one, and names one that there is not."""
    entries = {entry.name: entry for entry in entries_of(nntc.open(data).graph_tensors)}
    a, b = entries[b"w.a"], entries[b"w.b"]
    moved = replace(a, sections=b.sections, part=b.part), replace(b, sections=a.sections, part=a.part)
    yield _with_index(data, write_index({**entries, a.name: moved[0], b.name: moved[1]}.values()))
    short = replace(a, dims=(1, 1))
    yield _with_index(data, write_index({**entries, a.name: short}.values()))
    yield _with_index(data, write_index([*entries.values(), replace(a, name=b"x", part=65535)]))


def test_what_an_index_tells_wrongly_is_looked_up_in_the_graph(data: bytes) -> None:
    right = {name: t.array() for name, t in nntc.open(data).graph_tensors.items()}
    for wrong in _swapped(data):
        container = nntc.open(wrong)
        for name, values in right.items():
            tensor = container.tensors[name]
            if tensor.shape == values.shape:
                np.testing.assert_array_equal(tensor.array(), values)
        assert nntc.decode_bytes(wrong) == nntc.decode_bytes(data)
    with pytest.raises(ModelError, match="not in the graph"):
        nntc.open(wrong).tensors["x"].wire  # noqa: B018


def test_tensors_of_the_same_bytes_are_counted_once() -> None:
    values = random_values(40, 40)
    data = nntc.encode_bytes(using(a=values, b=values), index=True, method="lossless")[0]
    tensors = nntc.open(data).tensors
    assert [(t.same_as, t.coded_bytes > 0) for t in tensors.values()] == [(None, True), ("a", False)]


def test_a_damaged_index_is_none(data: bytes) -> None:
    damaged = bytearray(data)
    damaged[read_directory(BytesSource(data)).sections[0].offset + 5] ^= 1
    container = nntc.open(bytes(damaged))
    assert not container.has_index
    assert set(container.tensors) == set(nntc.open(data).tensors)
    with pytest.raises(FormatError) as caught:
        nntc.decode_bytes(bytes(damaged))
    assert caught.value.id == "E_DIGEST"
    assert HEADER_SIZE < (caught.value.offset or 0) < graph_of(data).start


def test_no_more_tensors_are_listed_than_allowed(data: bytes) -> None:
    with pytest.raises(nntc.LimitError):
        _ = nntc.open(data, limits=Limits.of(tensors=3)).tensors


def test_one_tensor_of_many_is_found(data: bytes) -> None:
    name = numpy_helper.from_array(np.ones(3), "w.a").name
    assert nntc.open(data).tensors[name].size == 64 * 48
