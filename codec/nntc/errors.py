"""Every error this package raises on purpose, in one tree.

    NntcError
    ├── FormatError            the .nntc input is at fault: `id` (SPEC.md, "Error ids"), `offset`
    │   └── UnsupportedError   valid perhaps, but it needs a newer or fuller decoder (exit status 3)
    ├── LimitError             more is needed than the caller allows: E_LIMIT; the input may be valid
    ├── ModelError             the ONNX input is at fault: `id`, `offset` where one is known
    ├── SourceError            a place that bytes are read from fails: E_SOURCE, E_SOURCE_CHANGED
    ├── SamplesError           samples to calibrate or measure with are at fault: E_SAMPLES
    ├── ClusterError           a Dask cluster cannot be reached, or has ended: E_CLUSTER
    ├── KeyFileError           what is given as a key to sign or verify with: E_KEY
    ├── DeliveryError          a repository of releases, or a device that follows one: E_TRUST, E_RELEASE, ...
    └── OutputError            the output place is at fault: it exists, or cannot be written

Misuse of the Python interface (a wrong type or an option out of range) raises `ValueError` or
`TypeError` as anywhere in Python.

Implements SPEC.md 12 (R-750).
"""

from __future__ import annotations

from typing import Any

from nntc.printable import printable

__all__ = [
    "ClusterError",
    "DeliveryError",
    "FormatError",
    "KeyFileError",
    "LimitError",
    "ModelError",
    "NntcError",
    "OutputError",
    "SamplesError",
    "SourceError",
    "UnsupportedError",
]


class NntcError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    id
        Stable error id such as ``E_CRC``.
    message
        What is wrong, for a person.
    offset
        Byte offset in the input at which it was found, or None where there is none.
    """

    def __init__(self, id: str, message: str, offset: int | None = None) -> None:  # noqa: A002 - the field's name
        self.id = id
        self.message = message
        self.offset = offset
        super().__init__(id, message, offset)

    def __reduce__(self) -> tuple[Any, ...]:
        # Whatever arguments a subclass takes: errors come back from workers in other processes.
        return _restore, (type(self), self.id, self.message, self.offset)

    def __str__(self) -> str:
        place = "" if self.offset is None else f" @ {self.offset}"
        return f"{self.id}{place}: {printable(self.message)}"


def reason(error: OSError) -> str:
    """Return what the system says of a failed call."""
    return error.strerror or str(error) or type(error).__name__


def _restore(kind: type[NntcError], id: str, message: str, offset: int | None) -> NntcError:  # noqa: A002 - as above
    error = kind.__new__(kind, id, message, offset)
    NntcError.__init__(error, id, message, offset)
    return error


class FormatError(NntcError):
    """A `.nntc` input that a decoder must reject."""


class UnsupportedError(FormatError):
    """A `.nntc` input that needs a newer or fuller decoder than this one."""


class LimitError(NntcError):
    """More of something is needed than the caller allows (`nntc.Limits`); the input may be valid."""

    def __init__(self, message: str) -> None:
        super().__init__("E_LIMIT", message)


class KeyFileError(NntcError):
    """E_KEY: what is given as a key of Ed25519 is none, or not the kind that is needed."""

    def __init__(self, message: str) -> None:
        super().__init__("E_KEY", message)


class ModelError(NntcError):
    """An ONNX input that the encoder cannot take."""


class SourceError(NntcError):
    """A file that cannot be read from where it is; nothing is known about the file itself.

    E_SOURCE: a server, a connection or a disk fails. E_SOURCE_CHANGED: the file was replaced, written to or
    cut off while it was read.
    """


class SamplesError(NntcError):
    """Samples that do not fit the model or cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__("E_SAMPLES", message)


class ClusterError(NntcError):
    """A Dask cluster that does not answer, has no workers, or loses them."""

    def __init__(self, message: str) -> None:
        super().__init__("E_CLUSTER", message)


class DeliveryError(NntcError):
    """A repository of releases that cannot be followed, or added to.

    E_TRUST: metadata are forged, expired, older than before, or do not fit together. E_RELEASE: there is no
    such release, or there is one already. E_KEYS: a signing key is missing or unfit. E_SPACE: there is not
    enough room on the disk. E_REFUSED: the device's check has refused the release (exit status 4).
    """


class OutputError(NntcError):
    """An output that cannot be written or must not be replaced."""
