"""Records decoded again."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.encoder.entropy.contexts import Classes
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.tensor.record import Record
from nntc.format.registry import ElementType, Profile
from nntc.format.view import View
from numpy.typing import NDArray

from conformance.proof import samples


def decode(record: Record) -> bytes:
    data = assemble([record.fragments])[0]
    found = read_tensor(data, 0, record.output, ParseContext(Profile.FULL, []))
    payload = found.payload(decode_records([found])[0]).tobytes()
    assert samples.payload_of(data, record.output, Profile.FULL) == payload
    return payload


def coded_bits(element: ElementType, view: View, payload: bytes) -> NDArray[Any]:
    dtype = "V16" if element.width == 16 else f"<u{element.width}"
    return view.to_coded(np.frombuffer(payload, dtype))


def random_classes(rng: Random, view: samples.View) -> Classes:
    sizes = [view.rows, 1 if view.kind == 2 else view.channels, 1 if view.kind == 2 else view.period]
    return Classes(4, *(np.array([rng.randrange(3) for _ in range(n)], np.uint8) for n in sizes))
