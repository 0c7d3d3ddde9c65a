"""Extras of the installation: which of them brings a package that is missing."""

from __future__ import annotations

from types import MappingProxyType

EXTRAS = MappingProxyType(
    {
        "click": "encode",
        "google": "encode",
        "onnx": "encode",
        "scipy": "encode",
        "onnxruntime": "runtime",
        "onnx_ir": "integers",
        "jinja2": "report",
        "matplotlib": "plot",
        "dask": "dask",
        "distributed": "dask",
        "fsspec": "remote",
        "PIL": "images",
        "tuf": "delivery",
        "securesystemslib": "delivery",
        "cryptography": "delivery",
        "urllib3": "delivery",
        "torch": "train",
    }
)
"""Name of an imported package -> the extra that brings it."""


def missing_extra(error: ImportError, what: str) -> ImportError | None:
    """Return an error that names the extra which brings a missing package; None if none does.

    Parameters
    ----------
    error
        What importing has raised.
    what
        Who needs the package, such as `nntc encode`.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    return ImportError(f"{what} needs more: pip install 'nntc[{EXTRAS[package]}]'", name=error.name)
