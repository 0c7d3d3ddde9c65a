"""Grids of weights, read from the file that has them."""

from __future__ import annotations

import nntc
import numpy as np
from nntc.encoder.methods.weights import SCALAR
from nntc.encoder.update.grid import read_grids
from nntc.sources.source import BytesSource

from tests import networks
from tests.encoder.tensors import tensor_of
from tests.whole.test_updates import arrays

rng = np.random.default_rng(0)
WEIGHTS = {
    "kernel": networks.heavy(rng, 48, 16, 3, 3),
    "table": networks.heavy(rng, 90, 32),
    "rows": (networks.heavy(rng, 60, 64) * np.where(np.arange(60) < 4, 1e-3, 1)[:, None]).astype(np.float32),
    "bias": networks.heavy(rng, 200),
}
MODEL = bytes(networks.using(**WEIGHTS).SerializeToString())


def places(data: bytes) -> dict[str, int]:
    """Return where the bytes of each tensor begin."""
    decoded = nntc.decode_bytes(data)[None]
    return {name: decoded.index(array.tobytes()) for name, array in arrays(decoded).items()}


def test_values_of_a_file_without_trellis_are_on_their_grid() -> None:
    data = nntc.encode_bytes(MODEL, updatable=True)[0]
    grids, at = read_grids(BytesSource(data)), places(data)
    assert {name for name, place in at.items() if place in grids} == {"kernel", "table", "rows"}
    assert grids[at["rows"]].row_codes is not None
    for name in ("table", "rows"):
        grid, tensor = grids[at[name]], tensor_of(arrays(nntc.decode_bytes(data)[None])[name])
        values = tensor.values().reshape(grid.view.rows, -1)
        found = grid.nearest(values.ravel(), grid.view.rows)
        steps = found.base_step * found.candidate.steps * np.ones(values.shape)
        if found.row_steps is not None:
            steps *= found.row_steps.factors[:, None]
        again = SCALAR.values(found.levels).reshape(values.shape) * steps
        assert np.allclose(again, values, rtol=1e-6, atol=0)


def test_a_trellis_has_no_grid() -> None:
    assert read_grids(BytesSource(nntc.encode_bytes(MODEL)[0])) == {}
