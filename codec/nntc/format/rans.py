"""Fields of rANS symbol data, its constants and its limits.

Implements SPEC.md 8.6 and 9.4 (R-440 to R-446, R-450).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from nntc.format.fields import Layout, Named, Raw, VarInt, u8

FREQUENCY_BITS = 12
FREQUENCY_TOTAL = 1 << FREQUENCY_BITS
STATE_LOW = 1 << 16
"""Least state of a lane between tokens, and the one in which the encoder began."""
MAX_CONTEXTS = 64
MAX_LANES = 1 << 16
MAX_STEPS = 8192
"""Most tokens of a lane, idle places of its last segment included."""


class RansMode(IntFlag):
    """What rANS symbol data has."""

    CONTEXTS = 1
    SHARED_TABLES = 2


@dataclass(frozen=True, slots=True)
class RansHead:
    """The fields as they are stored before the class lists; the count is None where there is one context."""

    mode: RansMode
    context_count: int | None = None


def _goes_with_view(mode: int, _fields: Named, given: Named) -> bool:
    return not mode & 1 or given["view"] is not None


RANS_HEAD = Layout(
    RansHead,
    # Given: `view`, None where this is no block of the view.
    mode=u8()
    .within("R-440", 0, 3, "E_RESERVED", "rANS mode")
    .must("R-442", "E_VIEW", "contexts where there is no view", _goes_with_view)
    .becomes(RansMode),
    context_count=VarInt()
    .within("R-443", 2, MAX_CONTEXTS, "E_LIMIT", "context count")
    .when(lambda fields, _: RansMode.CONTEXTS in fields["mode"]),
)
CLASS_PRESENT = u8().within("R-450", 0, 1, "E_RESERVED", "class list")
SHARED_BASE = VarInt().must(
    "R-444",
    # Given: `needed` tables, `shared` ones that there are.
    "E_TABLE",
    "no such shared table",
    lambda v, _, given: v + given["needed"] <= given["shared"],
)


@dataclass(frozen=True, slots=True)
class RansLanes:
    """Lanes and words, as they are stored."""

    lanes: int
    words: int
    states: bytes
    word_data: bytes


def _fits_count(lanes: int, _fields: Named, given: Named) -> bool:
    segments = -(-given["count"] // given["segment"])
    return bool(lanes <= segments and given["segment"] * -(-segments // lanes) <= MAX_STEPS)


def _are_states(data: bytes, *_: Named) -> bool:
    return bool(np.frombuffer(data, "<u4").min() >= STATE_LOW)


RANS_LANES = Layout(
    RansLanes,
    # Given: `count` of the tokens, length of a `segment`.
    lanes=VarInt()
    .within("R-445", 1, MAX_LANES, "E_LIMIT", "lane count")
    .must("R-445", "E_LIMIT", "lane count does not fit the token count", _fits_count),
    words=VarInt(),
    states=Raw(lambda fields, _: 4 * fields["lanes"], "rANS states").must(
        "R-446", "E_ENTROPY", "rANS state is too small", _are_states
    ),
    word_data=Raw(lambda fields, _: 2 * fields["words"], "rANS words"),
)
