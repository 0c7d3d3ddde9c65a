"""Declarations of how small or how close: one of these is the aim."""

from __future__ import annotations

import math

from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.options.choices import PAPER_METHODS, Method
from nntc.encoder.options.declaration import Group, declare

_AUTO = (Method.AUTO,)

QUALITY = declare(
    Group.AIM,
    "How close the weights stay, in dB: 20 is coarse, 30 the default, 40 fine.",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 0 < value <= 140,
    range="between 0 and 140 dB",
    metavar="DB",
    short="-q",
    is_aim=True,
)
BITS = declare(
    Group.AIM,
    "Bits per weight: aimed at by auto; 1 to 8 for the others.",
    methods=(Method.AUTO, *PAPER_METHODS, Method.DEEP),
    kind=float,
    metavar="N",
    is_aim=True,
)
TARGET_SIZE = declare(
    Group.AIM,
    "Reach this file size, such as 500k.",
    methods=_AUTO,
    kind=int,
    valid=lambda value: value >= 1,
    range="at least one byte",
    metavar="SIZE",
    is_size=True,
    is_aim=True,
)
RATIO = declare(
    Group.AIM,
    "Make the file this many times smaller.",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 1 <= value < math.inf,
    range="at least 1: how many times smaller the file is to be",
    metavar="X",
    is_aim=True,
)
MAX_DIVERGENCE = declare(
    Group.AIM,
    "Let outputs differ by a KL divergence of at most D nats, or a relative squared error where they "
    "are no scores of classes: 0.01 is close, 0.1 is not.",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 0 < value < math.inf,
    range="above 0",
    metavar="D",
    is_aim=True,
)
MIN_AGREEMENT = declare(
    Group.AIM,
    "Keep this share of top answers the same as the original's, such as 0.99. Needs no labels.",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 0 < value <= 1,
    range="above 0 and at most 1",
    metavar="SHARE",
    is_aim=True,
)
MAX_DROP = declare(
    Group.AIM,
    "Lose at most this many percentage points of accuracy. Needs --evaluation with labels.",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 0 <= value <= 100,
    range="0 to 100 percentage points",
    metavar="POINTS",
    is_aim=True,
)
METRIC = declare(
    Group.AIM,
    "Accuracy that --max-drop is about.  [default: top1]",
    methods=_AUTO,
    kind=Metric,
)
CONFIDENCE = declare(
    Group.AIM,
    "How sure a goal must be met on other samples than those measured on: few of them bear little.  "
    "[default: 0.9]",
    methods=_AUTO,
    kind=float,
    valid=lambda value: 0.5 <= value <= 0.999,
    range="0.5 to 0.999",
    metavar="SHARE",
)
