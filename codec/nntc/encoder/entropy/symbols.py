"""Symbol data: runs of tokens 0..255 under any coder (SPEC.md, "Symbol data")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.compressed import write_bzip2, write_zstd
from nntc.encoder.entropy.contexts import Model, write_rans
from nntc.encoder.entropy.fragments import Fragment
from nntc.encoder.entropy.huffman import write_huffman
from nntc.encoder.entropy.packed import write_packed
from nntc.format.registry import Coder

_NOTHING_KNOWN = Model()


@dataclass(frozen=True, slots=True)
class Writer:
    """An entropy coder of the encoder.

    Parameters
    ----------
    write
        Returns the fragments of symbol data: tokens are uint8, rank 1, at least one, in coded order.
    least_bits
        Bits that each token takes at least.
    """

    write: Callable[[NDArray[np.uint8], Model], list[Fragment]]
    least_bits: float = 0.0


WRITERS: Mapping[Coder, Writer] = MappingProxyType(
    {
        Coder.PACKED: Writer(lambda tokens, _: [write_packed(tokens)], least_bits=1.0),
        Coder.RANS: Writer(write_rans),
        Coder.HUFFMAN: Writer(lambda tokens, _: [write_huffman(tokens)], least_bits=1.0),
        Coder.BZIP2: Writer(lambda tokens, _: [write_bzip2(tokens)]),
        Coder.ZSTD: Writer(lambda tokens, _: [write_zstd(tokens)]),
    }
)


def symbol_data(tokens: NDArray[np.uint8], coder: Coder, model: Model = _NOTHING_KNOWN) -> list[Fragment]:
    """Return the fragments of symbol data under `coder`; tokens are uint8, rank 1, at least one."""
    return WRITERS[coder].write(tokens, model)
