"""Floats that a model holds as varints, as some float16 converters leave them: what is said of them.

A varint of a float16 has one to three bytes, by its value. Coding other values in their place would change
the length of the field and of all messages around it: they stay in the graph, exactly as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from nntc.onnx.elements import is_floating
from nntc.onnx.tensor import WireTensor

_MIN_BYTES = 64
"""Smaller fields are not worth a remark; raw_data of fewer bytes would stay in the graph as well."""


def varint_remarks(tensors: Iterable[WireTensor]) -> tuple[str, ...]:
    """Return what the user should know of floats that are held as varints; nothing if there are none.

    Parameters
    ----------
    tensors
        All tensors of the model.
    """
    found = [t for t in tensors if is_floating(t.data_type) and t.varint_bytes >= _MIN_BYTES]
    if not found:
        return ()
    one = len(found) == 1
    return (
        f"{len(found):,} tensor{'' if one else 's'} of floats, {sum(t.varint_bytes for t in found):,} bytes, "
        f"{'is' if one else 'are'} held as varints (int32_data) and coded exactly: stored as raw_data, "
        f'{"it" if one else "they"} would be coded like other weights (README, "Quality")',
    )
