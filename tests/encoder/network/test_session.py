"""Sessions: threads, and errors of onnxruntime."""

from __future__ import annotations

import numpy as np
from nntc.encoder.network.network import Network
from nntc.encoder.samples import load_samples

from tests.encoder.network.test_network import images
from tests.networks import classifier


def test_threads_change_nothing() -> None:
    network = Network(classifier().SerializeToString())
    samples = load_samples(images(7), network.inputs)
    alone, together = (list(network.session().run_all(samples, jobs)) for jobs in (1, 3))
    assert len(alone) == 7
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(alone, together, strict=True))
