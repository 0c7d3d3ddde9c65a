from __future__ import annotations

from conformance.reference_decoder import tensor_levels
from tests.conformance.vectors import VECTORS, read


def test_levels_of_the_reference_decoder_are_those_of_the_manifest() -> None:
    compared = 0
    for vector in VECTORS.values():
        if any("integers" in stated for stated in vector.get("records", ())):
            for stated, found in zip(vector["records"], tensor_levels(read(vector)), strict=True):
                if "integers" in stated:
                    assert found is not None
                    assert list(found) == stated["integers"], vector["id"]
                    compared += 1
    assert compared > 100
