"""Products of two small matrices, added: against exact arithmetic, whatever the sizes."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.decoder.model import decode_bytes

from conformance.generator.build import build
from conformance.generator.differences import OF_PRODUCT, difference, product
from conformance.generator.files import File
from conformance.generator.records import FLOAT32, step_code
from conformance.generator.views import matrix


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(1, 3), st.booleans(), st.integers(0, 999))
def test_products_are_exact_sums(rows: int, columns: int, rank: int, transposed: bool, seed: int) -> None:
    if rank * (rows + columns) > 2 * rows * columns:
        return
    chance = np.random.default_rng(seed)
    left, right = (chance.integers(-99, 100, n).tolist() for n in (rows * rank, rank * columns))
    codes = chance.integers(0, 96, rank).tolist()
    old = chance.standard_normal(rows * columns).astype(np.float32)
    change = product(FLOAT32, matrix(rows, columns, transposed=transposed), codes, left, right, step=2.0**-20)
    file = File([difference(change, OF_PRODUCT, [0])], bases=[old.tobytes()])
    scaled = np.array(left).reshape(rows, rank) * np.array([step_code(code) for code in codes])
    sums = scaled @ np.array(right).reshape(rank, columns)
    in_order = sums.T.ravel() if transposed else sums.ravel()
    expected = (old + in_order * 2.0**-20).astype(np.float32).tobytes()
    files = file.contents()
    assert file.payloads() == [expected]
    data = build(file, digests=[hashlib.sha256(files[0]).digest()]).data
    assert decode_bytes(data, base=old.tobytes()) == {None: files[0]}
