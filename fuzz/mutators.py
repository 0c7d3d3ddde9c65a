"""Changes that leave an input readable: `.nntc` files with right CRCs, models with right lengths."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import onnx
import zstandard
from google.protobuf.message import DecodeError, Message

from conformance.proof.mutations import mutate_inside
from conformance.reference_decoder import NntcError

Plain = Callable[[bytes, int], bytes]
"""What libFuzzer itself does: changed bytes, of at most so many."""

NUMBERS = (0, 1, 2, -1, 255, 256, 2**31 - 1, -(2**31), 2**32, 2**62, 2**63 - 1, -(2**63))


def change_file(data: bytes, largest: int, seed: int, plain: Plain) -> bytes:
    """Return a changed `.nntc` file, three times in four with its structure kept."""
    rng = Random(seed)
    if rng.random() < 0.75:
        try:
            changed = mutate_inside(rng, data)
        except (NntcError, ValueError, ArithmeticError, LookupError, zstandard.ZstdError):
            return plain(data, largest)
        return changed if len(changed) <= largest else data
    return plain(data, largest)


def change_model(data: bytes, largest: int, seed: int, plain: Plain) -> bytes:
    """Return a changed ONNX model, three times in four by changes of its fields."""
    rng = Random(seed)
    if rng.random() < 0.75:
        model = onnx.ModelProto()
        try:
            model.ParseFromString(data)
            for _ in range(rng.choice((1, 1, 2, 4))):
                _change_field(rng, model, plain)
            changed = model.SerializeToString()
        except (DecodeError, ValueError, UnicodeError):
            return plain(data, largest)
        return changed if len(changed) <= largest else data
    return plain(data, largest)


def _change_field(rng: Random, message: Message, plain: Plain) -> None:
    """Go down from a message at random, and change what stands there."""
    fields = message.ListFields()
    while fields:
        field, value = rng.choice(fields)
        repeated = hasattr(value, "append")
        if rng.random() < 0.05:
            message.ClearField(field.name)
            return
        if repeated and rng.random() < 0.15:
            _change_list(rng, value)
            return
        if field.message_type is None:
            _change_scalar(rng, message, field.name, plain)
            return
        message = rng.choice(value) if repeated else value
        fields = message.ListFields()


def _change_list(rng: Random, values: Any) -> None:
    at = rng.randrange(len(values))
    if rng.random() < 0.5:
        del values[at]
    else:
        values.append(values[at])


def _change_scalar(rng: Random, message: Message, name: str, plain: Plain) -> None:
    value: Any = getattr(message, name)
    repeated = hasattr(value, "append")
    at = rng.randrange(len(value)) if repeated else 0
    old = value[at] if repeated else value
    new: Any
    if isinstance(old, bytes):
        new = plain(old, len(old) + 16)
    elif isinstance(old, str):
        new = plain(old.encode(), len(old) + 16).decode("utf-8", "ignore")
    elif isinstance(old, float):
        new = rng.choice((0.0, -0.0, 1.0, float("inf"), float("nan"), -old, old * 2))
    else:
        new = rng.choice((*NUMBERS, old + 1, old - 1))
    if repeated:
        value[at] = new
    else:
        setattr(message, name, new)
