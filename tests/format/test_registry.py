from __future__ import annotations

from nntc.format.registry import ElementType, Method, Profile, SectionType, Tool, ViewKind

from conformance.reference_decoder.elements import ELEMENT_TYPES


def test_element_types_are_those_of_the_second_decoder() -> None:
    assert {int(e): e.width for e in ElementType} == {n: e.width for n, e in ELEMENT_TYPES.items()}
    assert [e.name for e in ElementType if e.is_float] == ["FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64"]


def test_code_points_are_those_of_the_specification() -> None:
    assert [int(kind) for kind in SectionType] == [1, 3, 4, 0x81, 0x82, 0x83]
    assert ([*Tool], [*ViewKind], [*Profile], [*Method]) == ([0, 1, 2, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2])
