"""Samples of a model's inputs: loaded from arrays or images, checked, and looked at."""

from nntc.encoder.samples.image_folder import ImageFolder
from nntc.encoder.samples.inputs import ModelInput, model_inputs
from nntc.encoder.samples.load import SampleSource, load_samples
from nntc.encoder.samples.preprocess import PRESETS, Preprocess
from nntc.encoder.samples.samples import LABELS, Array, Batch, Samples

__all__ = [
    "LABELS",
    "PRESETS",
    "Array",
    "Batch",
    "ImageFolder",
    "ModelInput",
    "Preprocess",
    "SampleSource",
    "Samples",
    "load_samples",
    "model_inputs",
]
