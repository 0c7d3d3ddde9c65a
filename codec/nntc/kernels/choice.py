"""Choice of the kernels that run: native ones where they are built, else those on numpy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

ENVIRONMENT = "NNTC_KERNELS"
NAMES = ("numpy", "native")

_forced: str | None = None


def chosen() -> str:
    """Return the name of the kernels that run.

    Raises
    ------
    ImportError
        The environment variable `NNTC_KERNELS` names none, or those that are not built.
    """
    return _forced or _by_default()


def description() -> str:
    """Return the name of the kernels that run, and what of the processor native ones make use of."""
    name = chosen()
    if name == "numpy":
        return name
    from nntc.kernels.native import _native

    return f"{name} ({_native.processor()})"


@cache
def is_built() -> bool:
    """Return whether there are native kernels that fit this package."""
    try:
        from nntc.kernels.native import _native
    except ImportError:
        return False
    # One that an earlier checkout has left in place may know other functions.
    return getattr(_native, "INTERFACE", None) == INTERFACE


INTERFACE = 6
"""Number of the functions of the extension module and their parameters: goes up when these change."""


@contextmanager
def using(name: str) -> Iterator[None]:
    """Let the kernels of this name run in this process for a while; ImportError if they are not built."""
    global _forced
    before, _forced = _forced, _checked(name)
    try:
        yield
    finally:
        _forced = before


@cache
def _by_default() -> str:
    named = os.environ.get(ENVIRONMENT)
    return _checked(named) if named else "native" if is_built() else "numpy"


def _checked(name: str) -> str:
    if name not in NAMES:
        raise ImportError(f"{ENVIRONMENT} is {name!r}, and must be one of: {', '.join(NAMES)}")
    if name == "native" and not is_built():
        raise ImportError("native kernels are not built: install nntc where there is a C compiler")
    return name
