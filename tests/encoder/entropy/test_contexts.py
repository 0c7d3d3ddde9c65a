"""rANS runs under contexts, trellises and shared tables."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.entropy.contexts import Classes, Model, SharedTables
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.entropy.symbols import symbol_data
from nntc.encoder.entropy.tables import make_table
from nntc.format.registry import Coder
from nntc.format.trellis import Trellis

from conformance.proof import samples
from tests import strategies
from tests.encoder.entropy.decoding import decoded
from tests.strategies import view_of


@given(strategies.views(150), strategies.chance(), st.sampled_from((0, 1, 2, 3)), st.booleans())
def test_contexts_trellises_and_shared_tables(
    view: samples.View, rng: Random, trellis: int, sharing: bool
) -> None:
    own = view_of(view)
    tokens = np.array([rng.choice((0, 1, 2, 200)) for _ in range(own.size)], np.uint8)
    segment = rng.choice((1, 8, 64)) if trellis else 1
    sizes = [view.rows, 1 if view.kind == 2 else view.channels, 1 if view.kind == 2 else view.period]
    classes = Classes(4, *(np.array([rng.randrange(3) for _ in range(n)], np.uint8) for n in sizes))
    quantizers = (
        np.array(samples.quantizers_of(tokens.tolist(), trellis, segment), np.uint8) if trellis else None
    )
    base = rng.randrange(3)
    tables = [make_table(np.bincount(tokens, minlength=256))[0]] * (base + 8)
    data = assemble(
        [
            symbol_data(
                tokens,
                Coder.RANS,
                Model(own, classes, SharedTables(tables, base) if sharing else None, quantizers, segment),
            )
        ]
    )[0]
    shared = tables if sharing else None
    assert decoded(data, Coder.RANS, own.size, own, shared, Trellis(trellis), segment) == tokens.tolist()
