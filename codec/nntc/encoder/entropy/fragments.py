"""Records as lists of fragments: bytes, also put aside in a file, or an rANS stream still to be encoded.

Streams of many tensors are encoded in lockstep at the end, by `assemble`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.rans import EncodedStream, EncoderStream
from nntc.encoder.entropy.tables import costs
from nntc.encoder.store import Stored
from nntc.format.rans import RANS_LANES, RansLanes
from nntc.format.symbols import LENGTH
from nntc.kernels.encoding import encode_rans

Fragment = bytes | Stored | EncoderStream
_COUNTED = 1 << 18  # tokens counted at a time: few, as each takes 16 bytes meanwhile


def count_tokens(
    tokens: NDArray[np.uint8], numbers: NDArray[np.uint16] | None, count: int
) -> NDArray[np.int64]:
    """Return int64 [count, 256]: how often each token occurs under each table."""
    found = np.zeros(256 * count, np.int64)
    for start in range(0, tokens.size, _COUNTED):
        own = tokens[start : start + _COUNTED].astype(np.intp)
        if numbers is not None:
            own += numbers[start : start + _COUNTED].astype(np.intp) * 256
        found += np.bincount(own, minlength=256 * count)
    return found.reshape(count, 256)


def expected_size(fragments: Iterable[Fragment]) -> float:
    """Return how many bytes fragments will take, to a few bytes for each rANS stream."""
    size = 0.0
    for fragment in fragments:
        if not isinstance(fragment, EncoderStream):
            size += len(fragment)
            continue
        tables = np.stack([costs(table) for table in fragment.tables])
        counts = count_tokens(fragment.tokens, fragment.numbers, len(tables))
        used = counts > 0
        bits = float(counts[used] @ tables[used])
        # Of a lane's state of 32 bits, tokens fill what lies between 2^16 and 2^32: 8 on average.
        size += (bits + 24 * fragment.lanes) / 8 + len(LENGTH.put(fragment.lanes))
    return size


def assemble(records: Iterable[Sequence[Fragment]]) -> list[bytes]:
    """Encode all streams together and join each record's fragments."""
    whole = [list(record) for record in records]
    streams = [fragment for record in whole for fragment in record if isinstance(fragment, EncoderStream)]
    encoded = iter(encode_rans(streams))
    return [
        b"".join(_stream_bytes(next(encoded)) if isinstance(p, EncoderStream) else _bytes(p) for p in record)
        for record in whole
    ]


def _bytes(fragment: bytes | Stored) -> bytes:
    return fragment if isinstance(fragment, bytes) else fragment.read()


def _stream_bytes(stream: EncodedStream) -> bytes:
    states, words = stream.states.astype("<u4").tobytes(), stream.words.astype("<u2").tobytes()
    return RANS_LANES.write(RansLanes(stream.states.size, stream.words.size, states, words))
