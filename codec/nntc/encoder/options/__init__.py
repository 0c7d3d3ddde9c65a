"""Options of the encoder: declared, checked, described."""

from nntc.encoder.options.check import PatternError, check_options
from nntc.encoder.options.choices import Centroids, Effort, Entropy, Integers, Method, Objective, PruneScope
from nntc.encoder.options.chosen import ChosenOptions
from nntc.encoder.options.declaration import Declaration, Group, declarations
from nntc.encoder.options.describe import describe_options
from nntc.encoder.options.options import DEFAULT_BITS, DEFAULT_QUALITY, Options

__all__ = [
    "DEFAULT_BITS",
    "DEFAULT_QUALITY",
    "Centroids",
    "ChosenOptions",
    "Declaration",
    "Effort",
    "Entropy",
    "Group",
    "Integers",
    "Method",
    "Objective",
    "Options",
    "PatternError",
    "PruneScope",
    "check_options",
    "declarations",
    "describe_options",
]
