"""Codebook records are exact."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.tensor.codebook import codebook_record, make_codebook
from nntc.format.registry import Coder, ElementType

from conformance.proof import samples
from tests import strategies
from tests.encoder.tensor.decoding import coded_bits, decode, random_classes
from tests.strategies import view_of


@pytest.mark.parametrize("element", [e for e in ElementType if e.width <= 8 and not e.is_integer])
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
