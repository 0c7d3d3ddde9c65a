from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.samples import Samples
from nntc.encoder.samples.summary import summarize


def test_images_are_looked_at_channel_by_channel() -> None:
    values = np.random.default_rng(1).uniform(0, 1, (5, 1, 3, 8, 8)).astype(np.float32)
    values[:, :, 1] *= 2
    (summary,) = summarize(Samples([{"x": v} for v in values]))
    assert (summary.name, summary.dtype, summary.shape, summary.samples) == ("x", "float32", (1, 3, 8, 8), 5)
    assert summary.channel_means == pytest.approx(values.mean((0, 1, 3, 4)), rel=1e-5)
    assert summary.channel_stds == pytest.approx(values.std((0, 1, 3, 4)), rel=1e-4)
    assert (summary.low, summary.high) == (values.min(), values.max())
    assert summary.mean == pytest.approx(values.mean(), rel=1e-5)
    assert summary.std == pytest.approx(values.std(), rel=1e-4)
    assert summary.text.startswith("x: float32, ")
    assert "by channel" in summary.text


def test_channels_may_come_last_and_other_inputs_have_none() -> None:
    batch = {"image": np.ones((1, 6, 5, 3)), "ids": np.arange(6).reshape(1, 6), "labels": np.zeros(1)}
    image, ids = summarize(Samples([batch]))
    assert image.channel_means == (1, 1, 1)
    assert (ids.channel_means, ids.text) == ((), "ids: int64, 0 to 5, mean 2.5")


def test_samples_of_unlike_shapes_are_taken_together() -> None:
    summaries = summarize(Samples([{"x": np.zeros((1, 2))}, {"x": np.ones((1, 6))}]))
    assert summaries[0].mean == 0.75
