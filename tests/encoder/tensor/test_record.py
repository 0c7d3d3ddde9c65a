"""Records that the encoder writes decode to what they were made from."""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.symbols import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.encoder.entropy.symbols import Classes, assemble
from nntc.encoder.tensor.codebook import codebook_record, make_codebook
from nntc.encoder.tensor.planes import planes_record
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.registry import Coder, ElementType, Profile
from nntc.format.transform import Transform
from nntc.format.view import View
from numpy.typing import NDArray

from conformance.proof import samples
from tests import strategies
from tests.strategies import view_of


def decode(record: Record) -> bytes:
    data = assemble([record.fragments])[0]
    found = read_tensor(data, 0, record.output, ParseContext(record.profile, []))
    payload = found.payload(decode_records([found])[0]).tobytes()
    assert samples.payload_of(data, record.output, record.profile) == payload
    return payload


def coded_bits(element: ElementType, view: View, payload: bytes) -> NDArray[Any]:
    dtype = "V16" if element.width == 16 else f"<u{element.width}"
    return view.to_coded(np.frombuffer(payload, dtype))


def random_classes(rng: Random, view: samples.View) -> Classes:
    sizes = [view.rows, 1 if view.kind == 2 else view.channels, 1 if view.kind == 2 else view.period]
    return Classes(4, *(np.array([rng.randrange(3) for _ in range(n)], np.uint8) for n in sizes))


@pytest.mark.parametrize("element", ElementType)
@given(view=strategies.views(60), rng=strategies.chance())
def test_planes_are_exact(element: ElementType, view: samples.View, rng: Random) -> None:
    own = view_of(view)
    pool = [rng.randbytes(element.width) for _ in range(rng.choice((1, 3, 100)))]
    payload = b"".join(rng.choice(pool) for _ in range(own.size))
    classes = random_classes(rng, view) if rng.random() < 0.5 else None
    record = planes_record(element, own, coded_bits(element, own, payload), classes)
    assert decode(record) == payload


@pytest.mark.parametrize("element", [e for e in ElementType if e.width <= 8])
@given(view=strategies.views(60), rng=strategies.chance(), coder=st.sampled_from(Coder))
def test_codebooks_are_exact(element: ElementType, view: samples.View, rng: Random, coder: Coder) -> None:
    own = view_of(view)
    zeros = rng.randrange(element.width)
    pool = [bytes(zeros) + rng.randbytes(element.width - zeros) for _ in range(rng.choice((1, 3, 300)))]
    payload = b"".join(rng.choice(pool) for _ in range(own.size))
    codebook = make_codebook(coded_bits(element, own, payload))
    sparse = rng.random() < 0.5
    classes = random_classes(rng, view) if coder is Coder.RANS and not sparse and rng.random() < 0.5 else None
    record = codebook_record(element, own, codebook, coder, classes, sparse=sparse)
    assert decode(record) == payload


def f32(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


@pytest.mark.parametrize("element", [ElementType(k) for k in samples.FLOATS])
@given(view=strategies.views(80), rng=strategies.chance(), coder=st.sampled_from(Coder))
def test_uniform_records_decode_as_the_specification_says(
    element: ElementType, view: samples.View, rng: Random, coder: Coder
) -> None:
    own = view_of(view)
    ragged = view.kind == samples.RAGGED
    sizes = range(1, 17)
    blocks = [(h, w, t) for h in sizes for w in sizes for t in range(7) if h * w << t == view.period]

    def codes(count: int) -> NDArray[np.uint8] | None:
        return np.array([rng.randrange(30) for _ in range(count)], np.uint8) if rng.random() < 0.4 else None

    parameters = UniformParameters(
        step=f32(rng.uniform(1e-6, 1e-4)),
        offset=f32(rng.uniform(-1, 1)) if rng.random() < 0.3 else 0.0,
        transform=Transform(*rng.choice(blocks)) if blocks and not ragged and rng.random() < 0.5 else None,
        row_codes=codes(view.rows),
        column_codes=None if ragged else codes(view.columns),
        bases=np.array([rng.randint(-99, 99) for _ in range(view.rows)])
        if ragged and rng.random() < 0.5
        else None,
    )
    top = rng.choice((3, 120, 400))
    levels = np.array([rng.randint(-top, top) for _ in range(own.size)], np.int64)
    background = rng.choice((None, 0, int(levels[0])))
    record = uniform_record(element, own, parameters, levels, coder, background=background)
    payload = decode(record)
    if parameters == UniformParameters(parameters.step) and element is ElementType.FLOAT64:
        assert own.to_coded(np.frombuffer(payload, "<f8")).tolist() == (levels * parameters.step).tolist()


def test_the_profile_is_the_least_that_has_the_tools() -> None:
    view = view_of(samples.View(0, 1, 4, 1))
    levels = np.arange(4)
    plain = uniform_record(ElementType.FLOAT32, view, UniformParameters(1.0), levels, Coder.RANS)
    assert plain.profile is Profile.BASELINE
    codes = np.zeros(1, np.uint8)
    rows = uniform_record(
        ElementType.FLOAT32, view, UniformParameters(1.0, row_codes=codes), levels, Coder.RANS
    )
    assert rows.profile is Profile.MAIN
