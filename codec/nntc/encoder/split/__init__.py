"""Split a model into payloads, to be coded, and the bytes around them, to be stored as they are."""

from nntc.encoder.split.files import SourceFile
from nntc.encoder.split.model import SplitSource, open_model
from nntc.encoder.split.payloads import MIN_BYTES, Payload, find_payloads
from nntc.onnx.elements import element_type, element_width, is_floating, payload_dtype

__all__ = [
    "MIN_BYTES",
    "Payload",
    "SourceFile",
    "SplitSource",
    "element_type",
    "element_width",
    "find_payloads",
    "is_floating",
    "open_model",
    "payload_dtype",
]
