"""Curves of a small network."""

from __future__ import annotations

import pytest
from nntc.encoder.sweep import Curves, sweep

from tests.encoder.sweep.curves import MODEL, samples


@pytest.fixture(scope="module")
def curves() -> Curves:
    return sweep(MODEL, evaluation=samples(labelled=True), methods=["auto", "dct", "auto"], points=3)
