from __future__ import annotations

from collections.abc import Iterator

from conformance.proof import fuzz


def test_both_decoders_agree_on_damaged_files() -> None:
    findings = fuzz.compare(0, range(800))
    assert findings.differences == []
    assert sum(findings.outcomes.values()) == 800
    assert len(findings.outcomes) > 15


def inputs(count: int) -> Iterator[bytes]:
    return (data for _, data in fuzz.inputs(7, range(count)))


def test_damaged_files_follow_from_seed_and_number() -> None:
    every = list(inputs(90))
    assert every == list(inputs(90))
    assert every[50:90] == [data for _, data in fuzz.inputs(7, range(50, 90))]
