"""Damaged files: an error with id and offset, or the same output; never anything else."""

from __future__ import annotations

from functools import cache
from random import Random

import numpy as np
import onnx
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from onnx import helper, numpy_helper

from conformance.proof import mutations, samples
from conformance.proof.mutations import read_head
from conformance.proof.outcomes import of_codec, of_reference

pytestmark = pytest.mark.usefixtures("kernels")

NAMES = ["lossless", "codebook", "main"]


def lossless() -> bytes:
    rng = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(rng.normal(size=(3, 2, 3, 3)).astype(np.float32), "conv"),
        numpy_helper.from_array(rng.normal(size=9).astype(np.float64), "bias"),
        numpy_helper.from_array(np.arange(8), "shape"),
    ]
    graph = helper.make_graph([], "g", [], [], initializer=tensors)
    model: onnx.ModelProto = helper.make_model(graph, ir_version=10)
    return encode_bytes(model.SerializeToString(), method="lossless")[0]


@cache
def small_file(name: str) -> bytes:
    """Return a valid file of less than a KiB with many tools in it."""
    if name == "lossless":
        return lossless()
    rng = Random(3)
    main = name == "main"
    around = samples.Around(rng, profile=int(main))
    if main:
        around.shared = [samples.random_table(rng, range(256)) for _ in range(2)]
    while True:
        tools = (2, 2, 2) if main else (0, 1, 1, 2)
        data = samples.assemble(rng, [samples.random_record(around, 10, t) for t in tools], around).data
        if len(data) < 1 << 10 and len(of_reference(data)) == 2:
            return data


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_sound(name: str) -> None:
    data = small_file(name)
    assert len(data) < 1 << 10
    assert decode_bytes(data) == of_reference(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_prefix_is_refused(name: str) -> None:
    data = small_file(name)
    for end in range(len(data)):
        found = of_codec(data[:end])
        assert isinstance(found, tuple)
        assert found == of_reference(data[:end])


@pytest.mark.parametrize("name", NAMES)
def test_every_changed_byte_is_found(name: str) -> None:
    data = small_file(name)
    rng = Random(0)
    for at in range(len(data)):
        bad = data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]
        found = of_codec(bad)
        assert isinstance(found, tuple), at
        assert found == of_reference(bad)


@pytest.mark.parametrize("name", NAMES)
def test_every_changed_byte_of_a_section_with_its_crc_right(name: str) -> None:
    data = small_file(name)
    header, entries = read_head(data)
    sections = [(e.type, data[e.start : e.start + e.length], e.output) for e in entries]
    rng = Random(0)
    for number, (kind, body, output) in enumerate(sections):
        for at in range(len(body)):
            changed = body[:at] + bytes([body[at] ^ rng.randrange(1, 256)]) + body[at + 1 :]
            bad = samples.container(
                header.profile, [*sections[:number], (kind, changed, output), *sections[number + 1 :]]
            )
            assert of_codec(bad) == of_reference(bad), (number, at)


@pytest.mark.parametrize("seed", range(40))
def test_random_changes_inside_random_files(seed: int) -> None:
    rng = Random(seed)
    base = samples.random_file(rng, records=2, size=25).data
    for _ in range(12):
        bad = (mutations.mutate if rng.random() < 0.2 else mutations.mutate_inside)(rng, base)
        assert of_codec(bad) == of_reference(bad)
