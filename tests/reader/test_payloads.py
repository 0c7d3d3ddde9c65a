"""Sections decoded ahead and together: the same arrays, and no more read than is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import nntc
import numpy as np
import pytest
from nntc.decoder.tensor.record import decode_records
from nntc.errors import FormatError
from nntc.format.registry import SectionType
from nntc.reader import payloads
from nntc.reader.container import Container
from onnx import numpy_helper

from tests.reader.containers import RecordingSource, coded, model_of, random_values

COUNT = 12


class FarSource(RecordingSource):
    """A source that is told what will be read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.announced: list[list[tuple[int, int]]] = []

    def prefetch(self, spans: Iterable[tuple[int, int]]) -> None:
        self.announced.append(list(spans))


@pytest.fixture(scope="module")
def data() -> bytes:
    """Return a file with weights in sections of their own and biases in sections that they share."""
    tensors = []
    for k in range(COUNT):
        tensors.append(numpy_helper.from_array(random_values(60, 40, seed=k), f"w{k}"))
        tensors.append(numpy_helper.from_array(random_values(60, seed=100 + k), f"b{k}"))
    return coded(model_of(*tensors), "auto", quality=30)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that notes how many records are decoded each time."""
    counts: list[int] = []

    def noting(records: list[object]) -> object:
        counts.append(len(records))
        return decode_records(records)  # type: ignore[arg-type]

    monkeypatch.setattr("nntc.reader.payloads.decode_records", noting)
    return counts


def sections(container: Container) -> int:
    return sum(section.type == SectionType.TENSOR for section in container.sections)


def same(arrays: Mapping[str, object], data: bytes) -> None:
    """Assert that arrays are those of the decoded model."""
    with nntc.open(data) as container:
        for name, values in arrays.items():
            np.testing.assert_array_equal(values, container.tensors[name].array(), err_msg=name, strict=True)


def test_a_small_file_is_decoded_at_once(data: bytes, decoded: list[int]) -> None:
    container = nntc.open(data)
    arrays = {name: tensor.array() for name, tensor in container.tensors.items()}
    assert decoded == [sections(container)]
    same(arrays, data)


def test_reading_on_decodes_what_follows(data: bytes, decoded: list[int]) -> None:
    source = FarSource(data)
    container = nntc.open(source)
    tensors = container.tensors
    arrays = {name: tensors[name].array() for name in tensors}
    assert decoded == [1, sections(container) - 1]
    assert [len(spans) for spans in source.announced] == [sections(container) - 1]
    same(arrays, data)


def test_jumping_about_decodes_one_at_a_time(data: bytes, decoded: list[int]) -> None:
    container = nntc.open(FarSource(data))
    names = [f"w{k}" for k in (9, 3, 6, 3, 0)]
    arrays = {name: container.tensors[name].array() for name in names}
    assert decoded == [1] * 5
    same(arrays, data)


def test_a_shared_section_is_decoded_once(data: bytes, decoded: list[int]) -> None:
    container = nntc.open(FarSource(data))
    shared = {name: container.tensors[name].array() for k in (9, 3, 6, 0) for name in (f"b{k}", f"w{k}")}
    assert len(decoded) <= 4 + sections(container) - COUNT
    same(shared, data)


def test_several_arrays_are_decoded_together(data: bytes, decoded: list[int]) -> None:
    source = FarSource(data)
    container = nntc.open(source)
    names = ["w7", "b2", "w3", "w3"]
    arrays = container.arrays(names)
    assert list(arrays) == ["w7", "b2", "w3"]
    assert len(decoded) == 1
    assert decoded[0] <= 3
    same(arrays, data)
    assert container.arrays([]) == {}
    everything = container.arrays()
    assert list(everything) == list(container.tensors)
    same(everything, data)


def test_memory_for_decoding_ahead_is_bounded(
    data: bytes, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "BATCH_COST", 40_000)
    monkeypatch.setattr(payloads, "SMALL_FILE", 0)
    container = nntc.open(data)
    same(container.arrays(), data)
    one_by_one = {name: tensor.array() for name, tensor in nntc.open(data).tensors.items()}
    same(one_by_one, data)
    assert max(decoded[:10]) <= 4
    monkeypatch.setattr(payloads, "BATCH_COST", 1 << 30)
    monkeypatch.setattr(payloads, "BATCH_SECTIONS", 2)
    decoded.clear()
    nntc.open(data).arrays()
    assert max(decoded) == 2


def test_shared_payloads_give_way_to_newer_ones(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "KEPT_BYTES", 100)
    container = nntc.open(data)
    arrays = {name: tensor.array() for name, tensor in container.tensors.items()}
    assert len(container._content._payloads._shared) <= 1
    same(arrays, data)


def test_arrays_belong_to_who_asked_for_them(data: bytes) -> None:
    container = nntc.open(data)
    first = container.arrays(["w1", "b1"])
    for values in first.values():
        values[:] = 0
    assert all(values.any() for values in container.arrays(["w1", "b1"]).values())


def test_a_tensor_that_is_not_there(data: bytes) -> None:
    with pytest.raises(KeyError, match="w99"):
        nntc.open(data).arrays(["w1", "w99"])


@pytest.mark.parametrize("far", [False, True])
def test_damage_is_found_only_where_it_is(far: bool, data: bytes) -> None:
    damaged = bytearray(data)
    with nntc.open(data) as container:
        place = next(s for s in reversed(container.sections) if s.type == SectionType.TENSOR)
    damaged[place.offset + 5] ^= 1
    container = nntc.open(FarSource(bytes(damaged)) if far else bytes(damaged))
    bad = f"w{COUNT - 1}"
    for name, tensor in container.tensors.items():
        if name != bad:
            tensor.array()
            continue
        with pytest.raises(FormatError) as caught:
            tensor.array()
        assert (caught.value.id, caught.value.offset) == ("E_DIGEST", place.offset)
    with pytest.raises(FormatError, match="E_DIGEST"):
        container.arrays()
    good = [name for name in container.tensors if name != bad]
    same(container.arrays(good), data)


def test_threads(data: bytes) -> None:
    container = nntc.open(FarSource(data))
    names = list(container.tensors) * 3
    with ThreadPoolExecutor(4) as executor:
        arrays = dict(
            zip(names, executor.map(lambda name: container.tensors[name].array(), names), strict=True)
        )
    same(arrays, data)
