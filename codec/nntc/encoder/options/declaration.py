"""Declaration of an option: what it is, what it may be, which methods take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from nntc.encoder.options.choices import Method

_DECLARED = "declared"


class Group(StrEnum):
    """Heading that an option stands under."""

    HOW = "How"
    AIM = "How small or how close (one of these; all but --bits are for method auto)"
    SAMPLES = "Samples of the model's inputs"
    UPDATE = "Updates: files that are decoded with the help of an older version"
    DEEP = "Method deep (without --bits, nothing is quantized)"
    RUN = "Options"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an option is, beside its name and default.

    Parameters
    ----------
    group
        Heading in the command's help.
    help
        What it does, for the command's help.
    methods
        Which methods take it.
    kind
        Type of its value: an enumeration, `float`, `int`, `bool`, or None for what is checked elsewhere.
    valid, range
        Whether a value that has the type may be taken, and which ones may, for people.
    metavar
        How its value is called in the command's help.
    short
        Its name of one letter in the command, such as `-q`.
    is_aim
        Whether it says how small or how close: only one of those can be asked for.
    is_size
        Whether it is a number of bytes.
    """

    group: Group
    help: str
    methods: tuple[Method, ...] = tuple(Method)
    kind: type[Any] | None = None
    valid: Callable[[Any], bool] | None = None
    range: str = ""
    metavar: str = ""
    short: str = ""
    is_aim: bool = False
    is_size: bool = False


def declare(group: Group, help: str, **declared: Any) -> dict[str, Declaration]:  # noqa: A002 - the field's name
    """Return the metadata of a dataclass' field that is an option: see `Declaration`."""
    return {_DECLARED: Declaration(group, help, **declared)}


def declarations(options: type[Any]) -> Iterator[tuple[str, Declaration]]:
    """Yield name and declaration of every field of a dataclass of options, in order."""
    for declared in fields(options):
        yield declared.name, declared.metadata[_DECLARED]
