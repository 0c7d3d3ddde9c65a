"""The C decoder and the one in Python do the same with damaged files."""

from __future__ import annotations

import pytest

from conformance.proof.fuzz import inputs
from fuzz.differential import Native, compare, in_python
from tests.libnntc.building import compiler, require_coders


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    require_coders()
    return Native(tmp_path_factory.mktemp("library"), compiler())


def test_verdict_error_offset_and_bytes_are_the_same(native: Native) -> None:
    files = [data for _, data in inputs(3, range(600))]
    assert [found for data in files if (found := compare(native, data)) is not None] == []
    told = {told[0] if isinstance(told, tuple) else "decoded" for told in map(native, files)}
    assert len(told) > 15


def test_a_difference_would_be_seen(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    data = next(data for _, data in inputs(3, range(600)) if isinstance(in_python(data), bytes))
    monkeypatch.setattr("fuzz.differential.in_python", lambda _: ("E_CRC", 1))
    found = compare(native, data)
    assert found is not None
    assert found[1] == ("E_CRC", 1)
