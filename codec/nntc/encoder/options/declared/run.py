"""Declarations of who does the work: they never change the result."""

from __future__ import annotations

from nntc.encoder.options.declaration import Group, declare

JOBS = declare(
    Group.RUN,
    "Threads to use. Never changes the result.",
    metavar="N",
    short="-j",
)
DASK = declare(
    Group.RUN,
    "Let the workers of a Dask cluster encode tensors, such as tcp://10.0.0.1:8786. Never changes "
    "the result.",
    kind=str,
    metavar="ADDRESS",
)
