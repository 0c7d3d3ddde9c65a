"""Samples are divided between calibrating and measuring, and wrong ones are not calibrated with."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.goals.fidelity import MeasuredOn
from nntc.encoder.goals.measuring import Measuring, prepare
from nntc.encoder.model import open_model
from nntc.encoder.options.check import check_options

from tests.encoder.network.scales import WAYS, model_trained_on


def measuring(way: str, count: int = 20, **chosen: object) -> Measuring:
    """Prepare with samples that may be unlike those a network was trained on, pixels of -1 to 1."""
    samples = [{"x": value.astype(np.float32)} for value in WAYS[way][:count]]
    with open_model(model_trained_on(WAYS["tf"])) as model:
        return prepare(model, check_options(calibration=samples, **chosen))


def test_samples_as_in_training_calibrate_and_every_eighth_measures() -> None:
    found = measuring("tf")
    assert found.calibration is not None
    assert len(found.calibration) == 17
    assert found.evaluator.measured_on is MeasuredOn.HELD_OUT
    assert found.remarks == ()


@pytest.mark.parametrize("way", ["raw", "unit", "imagenet"])
def test_samples_that_the_model_contradicts_are_measured_on_alone(way: str) -> None:
    found = measuring(way)
    assert found.calibration is None
    assert found.evaluator.measured_on is MeasuredOn.HELD_OUT
    (remark,) = found.remarks
    assert remark.startswith("WARNING: encoded without the calibration samples: inputs are not scaled as in")
    assert "would fit as --preprocess tf makes them" in remark
    assert remark.endswith("if they are what the model is used for, say so: --trust-samples")


def test_samples_that_are_trusted_calibrate_with_a_warning() -> None:
    found = measuring("raw", trust_samples=True)
    assert found.calibration is not None
    (remark,) = found.remarks
    assert remark.startswith("WARNING: check the calibration samples: inputs are not scaled as in training")


def test_two_samples_are_too_few_to_calibrate_with() -> None:
    found = measuring("tf", 2)
    assert found.calibration is None
    assert found.remarks == (
        "WARNING: 2 calibration samples are too few to calibrate with: encoded without; give 32 to 256",
    )
