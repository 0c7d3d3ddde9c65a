"""Declarations of updates: what a file is to be decoded with."""

from __future__ import annotations

from nntc.encoder.options.choices import Method
from nntc.encoder.options.declaration import Group, declare

_METHODS = (Method.AUTO, Method.LOSSLESS)

BASE = declare(
    Group.UPDATE,
    "Write an update: what has changed since this version, as it is where the update will be decoded: the "
    ".nntc file of it, or the ONNX model.",
    methods=_METHODS,
    metavar="OLD",
)
BASE_EXACT = declare(
    Group.UPDATE,
    "auto: the ONNX model that the base was encoded from. With it an update is several times smaller.",
    methods=(Method.AUTO,),
    metavar="OLD.onnx",
)
REFINE = declare(
    Group.UPDATE,
    "auto: take the coding noise of the base away, too: larger, and as close as a file of its own.",
    methods=(Method.AUTO,),
    kind=bool,
)
