"""nntc: the Neural Network Transform Codec.

    nntc.encode("model.onnx", "model.nntc")     compress a model
    nntc.decode("model.nntc", "model.onnx")     and restore it
    nntc.open("model.nntc")                     look inside; tensors as arrays, decoded one by one
    nntc.verify("model.nntc", "model.onnx")     check every checksum; compare with the original
    data, report = nntc.encode_bytes(model)     encode in memory: a path, bytes or an onnx.ModelProto
    nntc.decode_bytes(data)[None]               decode in memory; external data is under its names
    nntc.sweep("model.onnx", evaluation=...)    draw how near its outputs stay against how small it is
    nntc.session("model.nntc")                  run it (needs onnxruntime)
    nntc.merge(["v1.nntc", "v1-v2.nntc"], "v2.nntc")   one file of a file and its updates
    nntc.sign("model.nntc", "release.key")      sign it; nntc.decode(..., require_key="release.key.pub")

Names are loaded on first use: a program that only decodes never imports what encoding needs. That comes with
the extra `encode`: pip install 'nntc[encode]'.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nntc.errors import (
    ClusterError,
    DeliveryError,
    FormatError,
    KeyFileError,
    LimitError,
    ModelError,
    NntcError,
    OutputError,
    SamplesError,
    SourceError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from nntc.decoder.directory import Section
    from nntc.decoder.model import DecodedFile, DecodeResult, decode, decode_bytes
    from nntc.encoder.encode import encode, encode_bytes
    from nntc.encoder.goals.fidelity import Fidelity, Share
    from nntc.encoder.goals.goal import Goal, GoalReport, GoalTry
    from nntc.encoder.merge.merge import merge, merge_bytes
    from nntc.encoder.merge.merging import MergeReport
    from nntc.encoder.options.choices import Centroids, Entropy, Method, PruneScope
    from nntc.encoder.options.options import Options
    from nntc.encoder.report import EncodeReport, Stage, TensorReport
    from nntc.encoder.samples.image_folder import ImageFolder
    from nntc.encoder.samples.preprocess import Preprocess
    from nntc.encoder.samples.summary import InputSummary
    from nntc.encoder.sweep.curves import Curves, SweepPoint, sweep
    from nntc.limits import Limits
    from nntc.progress import Phase, ProgressEvent
    from nntc.reader.compare import TensorDifference, VerifyResult, verify
    from nntc.reader.container import Container, open  # noqa: A004 - the verb that Python's users expect
    from nntc.reader.lazy import LazyTensor
    from nntc.reader.runtime import session
    from nntc.signing.public import PublicKey, TrustedKeys
    from nntc.signing.sign import sign
    from nntc.sources.source import Source

    __version__: str

__all__ = [
    "Centroids",
    "ClusterError",
    "Container",
    "Curves",
    "DecodeResult",
    "DecodedFile",
    "DeliveryError",
    "EncodeReport",
    "Entropy",
    "Fidelity",
    "FormatError",
    "Goal",
    "GoalReport",
    "GoalTry",
    "ImageFolder",
    "InputSummary",
    "KeyFileError",
    "LazyTensor",
    "LimitError",
    "Limits",
    "MergeReport",
    "Method",
    "ModelError",
    "NntcError",
    "Options",
    "OutputError",
    "Phase",
    "Preprocess",
    "ProgressEvent",
    "PruneScope",
    "PublicKey",
    "SamplesError",
    "Section",
    "Share",
    "Source",
    "SourceError",
    "Stage",
    "SweepPoint",
    "TensorDifference",
    "TensorReport",
    "TrustedKeys",
    "UnsupportedError",
    "VerifyResult",
    "__version__",
    "decode",
    "decode_bytes",
    "encode",
    "encode_bytes",
    "merge",
    "merge_bytes",
    "open",
    "session",
    "sign",
    "sweep",
    "verify",
]

_HOMES = {
    "Centroids": "nntc.encoder.options.choices",
    "Container": "nntc.reader.container",
    "Curves": "nntc.encoder.sweep.curves",
    "DecodeResult": "nntc.decoder.model",
    "DecodedFile": "nntc.decoder.model",
    "EncodeReport": "nntc.encoder.report",
    "Entropy": "nntc.encoder.options.choices",
    "Fidelity": "nntc.encoder.goals.fidelity",
    "Goal": "nntc.encoder.goals.goal",
    "GoalReport": "nntc.encoder.goals.goal",
    "GoalTry": "nntc.encoder.goals.goal",
    "ImageFolder": "nntc.encoder.samples.image_folder",
    "InputSummary": "nntc.encoder.samples.summary",
    "LazyTensor": "nntc.reader.lazy",
    "Limits": "nntc.limits",
    "MergeReport": "nntc.encoder.merge.merging",
    "Method": "nntc.encoder.options.choices",
    "Options": "nntc.encoder.options.options",
    "Phase": "nntc.progress",
    "Preprocess": "nntc.encoder.samples.preprocess",
    "ProgressEvent": "nntc.progress",
    "PruneScope": "nntc.encoder.options.choices",
    "PublicKey": "nntc.signing.public",
    "Section": "nntc.decoder.directory",
    "Share": "nntc.encoder.goals.fidelity",
    "Source": "nntc.sources.source",
    "Stage": "nntc.encoder.report",
    "SweepPoint": "nntc.encoder.sweep.curves",
    "TensorDifference": "nntc.reader.compare",
    "TensorReport": "nntc.encoder.report",
    "TrustedKeys": "nntc.signing.public",
    "VerifyResult": "nntc.reader.compare",
    "decode": "nntc.decoder.model",
    "decode_bytes": "nntc.decoder.model",
    "encode": "nntc.encoder.encode",
    "encode_bytes": "nntc.encoder.encode",
    "merge": "nntc.encoder.merge.merge",
    "merge_bytes": "nntc.encoder.merge.merge",
    "open": "nntc.reader.container",
    "session": "nntc.reader.runtime",
    "sign": "nntc.signing.sign",
    "sweep": "nntc.encoder.sweep.curves",
    "verify": "nntc.reader.compare",
}

if not TYPE_CHECKING:  # or every name would seem to exist

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(_load(_HOMES[name], f"nntc.{name}"), name)
        elif name == "__version__":
            value = _version()
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def _load(home: str, what: str) -> Any:
    """Import a module; ImportError that names the extra where one is missing."""
    try:
        return import_module(home)
    except ModuleNotFoundError as e:
        from nntc.extras import missing_extra

        better = missing_extra(e, what)
        if better is None:
            raise
        raise better from e


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nntc")
    except PackageNotFoundError:
        return "unknown (not installed)"
