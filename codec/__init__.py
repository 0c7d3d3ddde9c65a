"""nntc: the Neural Network Transform Codec.

    codec.encode("model.onnx", "model.nntc")     compress a model
    codec.decode("model.nntc", "model.onnx")     and restore it
    codec.open("model.nntc")                     look inside; tensors as arrays, decoded one by one
    codec.verify("model.nntc", "model.onnx")     check every checksum; compare with the original
    codec.sweep("model.onnx", evaluation=...)    draw how well it answers against how small it is
    codec.runtime.session("model.nntc")          run it (needs onnxruntime)

Names are loaded on first use: a program that only decodes never imports what encoding needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codec.errors import FormatError, ModelError, NntcError, OutputError, SamplesError, UnsupportedError

if TYPE_CHECKING:
    from codec import runtime
    from codec.decoder.compare import TensorDifference, VerifyResult, verify
    from codec.decoder.container import Section
    from codec.decoder.lazy import Container, LazyTensor, open  # noqa: A004 - the verb that Python's users expect
    from codec.decoder.model import DecodedFile, DecodeResult, decode
    from codec.decoder.source import Source
    from codec.encoder.goals.fidelity import Fidelity, Share
    from codec.encoder.goals.goal import Goal, GoalReport, GoalTry
    from codec.encoder.model import encode
    from codec.encoder.options import Centroids, Entropy, Method, Options, PruneScope
    from codec.encoder.report import EncodeReport, Stage, TensorReport
    from codec.encoder.sweep.curves import Curves, SweepPoint, sweep

    __version__: str

__all__ = [
    "Centroids",
    "Container",
    "Curves",
    "DecodeResult",
    "DecodedFile",
    "EncodeReport",
    "Entropy",
    "Fidelity",
    "FormatError",
    "Goal",
    "GoalReport",
    "GoalTry",
    "LazyTensor",
    "Method",
    "ModelError",
    "NntcError",
    "Options",
    "OutputError",
    "PruneScope",
    "SamplesError",
    "Section",
    "Share",
    "Source",
    "Stage",
    "SweepPoint",
    "TensorDifference",
    "TensorReport",
    "UnsupportedError",
    "VerifyResult",
    "__version__",
    "decode",
    "encode",
    "open",
    "runtime",
    "sweep",
    "verify",
]

_HOMES = {
    "Centroids": "codec.encoder.options",
    "Container": "codec.decoder.lazy",
    "Curves": "codec.encoder.sweep.curves",
    "DecodeResult": "codec.decoder.model",
    "DecodedFile": "codec.decoder.model",
    "EncodeReport": "codec.encoder.report",
    "Entropy": "codec.encoder.options",
    "Fidelity": "codec.encoder.goals.fidelity",
    "Goal": "codec.encoder.goals.goal",
    "GoalReport": "codec.encoder.goals.goal",
    "GoalTry": "codec.encoder.goals.goal",
    "LazyTensor": "codec.decoder.lazy",
    "Method": "codec.encoder.options",
    "Options": "codec.encoder.options",
    "PruneScope": "codec.encoder.options",
    "Section": "codec.decoder.container",
    "Share": "codec.encoder.goals.fidelity",
    "Source": "codec.decoder.source",
    "Stage": "codec.encoder.report",
    "SweepPoint": "codec.encoder.sweep.curves",
    "TensorDifference": "codec.decoder.compare",
    "TensorReport": "codec.encoder.report",
    "VerifyResult": "codec.decoder.compare",
    "decode": "codec.decoder.model",
    "encode": "codec.encoder.model",
    "open": "codec.decoder.lazy",
    "sweep": "codec.encoder.sweep.curves",
    "verify": "codec.decoder.compare",
}

if not TYPE_CHECKING:  # or every name would seem to exist

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        elif name == "runtime":
            value = import_module("codec.runtime")
        elif name == "__version__":
            value = _version()
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nntc")
    except PackageNotFoundError:
        return "unknown (not installed)"
