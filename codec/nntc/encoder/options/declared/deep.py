"""Declarations of what method `deep` prunes and shares."""

from __future__ import annotations

from nntc.encoder.options.choices import Centroids, Method, PruneScope
from nntc.encoder.options.declaration import Group, declare

_DEEP = (Method.DEEP,)

PRUNE = declare(
    Group.DEEP,
    "Set this share of the weights to zero, such as 0.5.",
    methods=_DEEP,
    kind=float,
    valid=lambda value: 0 <= value < 1,
    range="at least 0 and below 1",
    metavar="X",
)
PRUNE_SCOPE = declare(
    Group.DEEP,
    "Prune every layer alike, or all weights together.  [default: layer]",
    methods=_DEEP,
    kind=PruneScope,
)
CENTROIDS = declare(
    Group.DEEP,
    "Where the search for shared values starts.  [default: linear]",
    methods=_DEEP,
    kind=Centroids,
)
SPARSE = declare(
    Group.DEEP,
    "Store only weights that are not zero, or all.  [default: what is smaller]",
    methods=_DEEP,
    kind=bool,
)
BIASES = declare(
    Group.DEEP,
    "Prune and quantize biases too.",
    methods=_DEEP,
    kind=bool,
)
