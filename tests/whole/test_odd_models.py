"""Models with what few models have are coded, and run on samples or refused with an error id."""

from __future__ import annotations

from collections.abc import Callable

import nntc
import onnx
import pytest
from nntc.errors import NntcError

from tests.odd_models import RUNS, RUNS_NOT, SAMPLES

Maker = Callable[[], onnx.ModelProto]


@pytest.mark.parametrize("make", [*RUNS, *RUNS_NOT])
def test_all_are_coded_without_loss(make: Maker) -> None:
    model = make().SerializeToString()
    data, _ = nntc.encode_bytes(model, method="lossless")
    assert nntc.decode_bytes(data) == {None: model}


@pytest.mark.parametrize("make", RUNS)
def test_what_runs_is_measured_and_calibrated(make: Maker) -> None:
    model = make().SerializeToString()
    _, report = nntc.encode_bytes(model, evaluation=SAMPLES[:8], calibration=SAMPLES)
    assert report.fidelity is not None
    assert report.fidelity.samples == 8


@pytest.mark.parametrize("make", RUNS_NOT)
def test_what_does_not_run_is_refused_in_one_line(make: Maker) -> None:
    model = make().SerializeToString()
    with pytest.raises(NntcError) as caught:
        nntc.encode_bytes(model, evaluation=SAMPLES)
    assert caught.value.id == RUNS_NOT[make]
    assert "\n" not in str(caught.value)


def test_an_operator_of_nobody_is_named() -> None:
    model = next(make for make in RUNS_NOT if make.__name__ == "custom_domain")()
    with pytest.raises(NntcError, match=r"com\.example:Special"):
        nntc.encode_bytes(model.SerializeToString(), evaluation=SAMPLES[:8])
