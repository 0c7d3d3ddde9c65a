"""Say in words how a record codes its tensor."""

from __future__ import annotations

from nntc.decoder.tensor.codebook import Codebook
from nntc.decoder.tensor.difference import Difference
from nntc.decoder.tensor.product import Product
from nntc.decoder.tensor.record import TensorRecord
from nntc.decoder.tensor.uniform import Uniform
from nntc.format.transform import Transform
from nntc.format.trellis import MACHINES


def tool_detail(record: TensorRecord) -> str:
    """Return what a parsed record uses, such as `8-state trellis, DCT 3x3, column steps`."""
    content = record.content
    if isinstance(content, Difference):
        contents = (one.content for one in (record, *record.later))
        return ", then ".join(_change(own) for own in contents if isinstance(own, Difference))
    if isinstance(content, Codebook):
        return f"codebook of {content.entries.size:,} values"
    if isinstance(content, Uniform):
        return ", ".join(_uniform_parts(content))
    return "exact bytes"


def _change(change: Difference) -> str:
    """Return what is added to the base, or to what the record before makes."""
    content = change.content
    if isinstance(content, Product):
        return f"product of rank {content.rank}"
    if isinstance(content, Uniform):
        return ", ".join(_uniform_parts(content))
    return "exact difference"


def _uniform_parts(content: Uniform) -> list[str]:
    parts = [
        f"{len(MACHINES[content.trellis].next)}-state trellis" if content.trellis else "uniform quantizer"
    ]
    if content.transform is not None:
        parts.append(_transform_text(content.transform))
    for codes, text in ((content.row_codes, "row steps"), (content.column_codes, "column steps")):
        if codes is not None:
            parts.append(text)
    return parts


def _transform_text(transform: Transform) -> str:
    dct = f"DCT {transform.height}x{transform.width}" if transform.height * transform.width > 1 else ""
    hadamard = f"Hadamard over {1 << transform.mix} channels" if transform.mix else ""
    return " and ".join(part for part in (dct, hadamard) if part)
