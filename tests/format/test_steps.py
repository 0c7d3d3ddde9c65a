from __future__ import annotations

from fractions import Fraction

from nntc.format.steps import STEP_CODES

from conformance.reference_decoder.uniform import code_number


def test_step_codes_are_what_the_specification_says() -> None:
    assert [Fraction(float(v)) for v in STEP_CODES] == [code_number(b) for b in range(256)]
