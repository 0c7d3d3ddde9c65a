"""Declarations of the samples to encode by and to measure on."""

from __future__ import annotations

from nntc.encoder.options.choices import Method
from nntc.encoder.options.declaration import Group, declare

_CALIBRATED = (Method.AUTO, Method.LOSSLESS)  # the latter where integers are made
_SAMPLES_HELP = "n .npz file with an array for each of the model's inputs, samples along the first axis"

CALIBRATION = declare(
    Group.SAMPLES,
    "auto: encode for inputs like these, 32 to 256 of them, without labels: smaller at the same "
    f"accuracy. A{_SAMPLES_HELP}; a folder of .npy or .npz files; or with --preprocess a folder of "
    "images.",
    methods=_CALIBRATED,
    metavar="SAMPLES",
)
EVALUATION = declare(
    Group.SAMPLES,
    f"Run the result on these and tell how alike its outputs are: a{_SAMPLES_HELP}, and perhaps "
    "`labels`, class numbers from 0; a folder of .npy or .npz files; or with --preprocess a folder "
    "of images, perhaps in sub-folders by class.",
    metavar="SAMPLES",
)
TRUST_SAMPLES = declare(
    Group.SAMPLES,
    "Calibrate even with samples that contradict what the model stores of those it was trained on.",
    methods=_CALIBRATED,
    kind=bool,
)
