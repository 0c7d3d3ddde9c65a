from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

INTERFACE: int
FEEDBACK_ROW: int
FEEDBACK_BLOCK: int

def use_up_to(most: int, /) -> None: ...
def processor() -> str: ...
def decode_rans(
    frequencies: Array,
    contexts: Array | None,
    states: Array,
    words: Array,
    segment: int,
    trellis: int,
    out: Array,
    /,
) -> bool: ...
def decode_huffman(lengths: Array, lane_sizes: Array, data: bytes, out: Array, /) -> bool: ...
def read_tables(data: memoryview, begin: int, firsts: Array, lasts: Array, frequencies: Array, /) -> int: ...
def look_up(table: Array, width: int, indices: Array, index_width: int, out: Array, /) -> None: ...
def reconstruct(
    tokens: tuple[Array, bool, int, Array | None],
    low_bits: tuple[bytes | None, int],
    rows: tuple[Array | None, int, int],
    scales: tuple[Array, Array | None, Array, Array | None],
    transform: tuple[int, int, int, Array | None, Array | None],
    elements: tuple[float, float, int, Array],
    /,
) -> bool: ...
def join_planes(planes: tuple[Array | None, ...], rotated: bool, out: Array, /) -> None: ...
def new_bytes(size: int, /) -> tuple[bytes, memoryview]: ...
def encode_rans(
    frequencies: Array, tokens: Array, numbers: Array | None, segment: int, states: Array, words: Array, /
) -> int: ...
def encode_huffman(tokens: Array, lengths: Array, codes: Array, lane_sizes: Array, out: Array, /) -> int: ...
def search_trellis(
    x: Array,
    contexts: Array,
    costs: Array,
    zeros: Array | None,
    segment: int,
    kind: int,
    levels: Array,
    quantizers: Array,
    /,
) -> None: ...
def search_feedback(
    x: Array,
    filters: Array,
    weights: Array,
    contexts: Array,
    zeros: Array | None,
    costs: Array,
    levels: Array,
    quantizers: Array,
    settled: Array,
    state: Array,
    common: Array | None,
    kind: int,
    survivors: int,
    length: int,
    start: int,
    /,
    anew: bool,
) -> None: ...
