"""Declarations of how to encode: method, objective, entropy coder, what stays exact."""

from __future__ import annotations

from nntc.encoder.options.choices import (
    LEAST_DEVICE_MEMORY,
    PAPER_METHODS,
    Effort,
    Entropy,
    Integers,
    Method,
    Objective,
)
from nntc.encoder.options.declaration import Group, declare

_AUTO = (Method.AUTO,)

METHOD = declare(
    Group.HOW,
    "auto chooses for every tensor what costs least; lossless keeps every bit; quantization, "
    "clustering and dct are the methods of Laude et al., deep that of Han et al., as published."
    "  [default: auto]",
    kind=Method,
    short="-m",
)
OBJECTIVE = declare(
    Group.HOW,
    "auto: what to keep close: the network's outputs, or the weights themselves.  [default: outputs]",
    methods=_AUTO,
    kind=Objective,
)
EFFORT = declare(
    Group.HOW,
    "auto: best searches longer for a file about 1 % smaller at the same quality.  [default: fast]",
    methods=_AUTO,
    kind=Effort,
)
ENTROPY = declare(
    Group.HOW,
    "Entropy coder of the methods as published.  [default: huffman for deep, rans for the others]",
    methods=(*PAPER_METHODS, Method.DEEP),
    kind=Entropy,
)
INTEGERS = declare(
    Group.HOW,
    "Make a model of integers of a float model first, by onnxruntime's tools: int8 weights and activations, "
    "or int4 weights of matrix products. Limits hold against the float model.",
    methods=(Method.AUTO, Method.LOSSLESS),
    kind=Integers,
)
EXACT = declare(
    Group.HOW,
    "Code tensors with such names exactly, as with 'head.*'; may be given several times.",
    metavar="GLOB",
)
INDEX = declare(
    Group.HOW,
    "Put an index in front, by which a reader finds one tensor by its name without reading the graph.",
    kind=bool,
)
STABLE = declare(
    Group.HOW,
    "Code what is the same in two versions of a model to the same bytes, for stores that find them.",
    methods=_AUTO,
    kind=bool,
)
UPDATABLE = declare(
    Group.HOW,
    "Code weights so that updates of this version are small, and as close as files of their own: the file "
    "is some 2 % larger.",
    methods=_AUTO,
    kind=bool,
)
DEVICE_MEMORY = declare(
    Group.HOW,
    "Write a file for a device that has so much working memory to decode with, such as 128k.",
    methods=(Method.AUTO, Method.LOSSLESS),
    kind=int,
    valid=lambda value: value >= LEAST_DEVICE_MEMORY,
    range=f"at least {LEAST_DEVICE_MEMORY} bytes",
    metavar="SIZE",
    is_size=True,
)
