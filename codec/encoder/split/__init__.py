"""Split a model into payloads, to be coded, and the bytes around them, to be stored as they are."""

from codec.encoder.split.elements import element_type, element_width, is_floating, payload_dtype
from codec.encoder.split.files import SourceFile
from codec.encoder.split.model import SplitSource, open_model
from codec.encoder.split.payloads import MIN_BYTES, Payload

__all__ = [
    "MIN_BYTES",
    "Payload",
    "SourceFile",
    "SplitSource",
    "element_type",
    "element_width",
    "is_floating",
    "open_model",
    "payload_dtype",
]
