from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

INTERFACE: int

def use_portable(portable: bool, /) -> None: ...
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
def look_up(table: Array, width: int, indices: Array, index_width: int, out: Array, /) -> None: ...
