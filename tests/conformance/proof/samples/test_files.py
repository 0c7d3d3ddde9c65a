from __future__ import annotations

from random import Random

from hypothesis import given, settings

from conformance.proof import samples
from conformance.proof.outcomes import of_codec, of_reference
from tests import strategies


@settings(max_examples=25)
@given(strategies.chance())
def test_both_decoders_decode_any_valid_file(rng: Random) -> None:
    sample = samples.random_file(rng, records=3, size=40)
    assert of_reference(sample.data) == sample.files
    assert of_codec(sample.data) == sample.files
