"""Symbol data: runs of tokens 0..255 under any coder.

Parsing reads a run's fields and payload and decodes nothing, so that a record is known to be well formed
before any token is decoded, and so that rANS runs of many tensors can be decoded together.

Implements SPEC.md 8.2 and 9.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nntc.decoder.entropy.compressed import read_bzip2, read_zstd
from nntc.decoder.entropy.contexts import BlockReader, RansRun, TokenRun, read_rans
from nntc.decoder.entropy.huffman import read_huffman
from nntc.decoder.entropy.packed import read_packed
from nntc.decoder.entropy.runs import RunRequest, Tokens
from nntc.decoder.entropy.streams import RansStream
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder
from nntc.format.symbols import CODER
from nntc.kernels.decoding import decode_rans


def read_symbol_block(stream: SectionStream, request: RunRequest) -> TokenRun:
    """Parse a coder byte and its symbol data."""
    coder = CODER.read(stream, profile=request.context.profile)
    return read_symbol_data(stream, coder, request)


def read_symbol_data(stream: SectionStream, coder: Coder, request: RunRequest) -> TokenRun:
    """Parse symbol data, from its first byte on, under the coder that the bytes before named."""
    return READERS[coder](stream, request)


READERS: Mapping[Coder, BlockReader] = MappingProxyType(
    {
        Coder.PACKED: read_packed,
        Coder.RANS: lambda stream, request: read_rans(stream, request, read_symbol_block),
        Coder.HUFFMAN: read_huffman,
        Coder.BZIP2: read_bzip2,
        Coder.ZSTD: read_zstd,
    }
)
"""Parser of each coder's runs, which decode themselves; rANS runs are decoded together."""


def decode_runs(runs: Sequence[TokenRun]) -> list[Tokens | FormatError]:
    """Decode runs, rANS ones together; a run that is at fault gives its error instead of tokens."""
    lists = [inner for run in runs if isinstance(run, RansRun) for inner in run.class_runs]
    classes = iter(decode_runs(lists)) if lists else iter(())
    results: list[Tokens | FormatError | None] = [None] * len(runs)
    streams: list[RansStream] = []
    places: list[int] = []
    for i, run in enumerate(runs):
        try:
            if isinstance(run, RansRun):
                own = [next(classes) for _ in run.class_runs]
                streams.append(run.stream(iter(own)))
                places.append(i)
            else:
                results[i] = run.decode()
        except FormatError as e:
            results[i] = e
    for i, stream, tokens in zip(places, streams, decode_rans(streams), strict=True):
        fault = FormatError("E_ENTROPY", "rANS stream does not end as it must", stream.offset)
        results[i] = fault if tokens is None else tokens
    return [r for r in results if r is not None]
