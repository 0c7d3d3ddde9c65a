"""A model to be encoded: opened and parsed once, and never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import onnx
from google.protobuf.message import DecodeError

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.network.network import Network
from nntc.encoder.network.real_weights import with_real_weights
from nntc.encoder.split import SplitSource
from nntc.encoder.split import open_model as open_files
from nntc.encoder.tensors import Tensor, load_tensors
from nntc.errors import ModelError, OutputError
from nntc.onnx.elements import is_floating
from nntc.onnx.serialized import path_or_bytes
from nntc.sources.source import Source

if TYPE_CHECKING:
    from nntc.encoder.integers.made import MadeIntegers
    from nntc.encoder.update.base import UpdateBase
    from nntc.onnx.serialized import ModelSource


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """An open model; a context manager as `SplitSource` is.

    Parameters
    ----------
    path
        Where it was opened; None if it came as bytes.
    files
        Its files, and which of their bytes are payloads.
    tensors
        What is coded, in the order of payloads; `original` and `data` are the same.
    repeats
        Numbers of payloads that repeat an earlier one, and that one's.
    base
        What an update of it is made from; None for a file that is decoded by itself.
    original, made
        The float model that its integers were made of, and how; None where it is what the user gave.
    """

    path: Path | None
    files: SplitSource
    tensors: tuple[Tensor, ...]
    repeats: Mapping[int, int]
    base: UpdateBase | None = None
    original: Model | None = None
    made: MadeIntegers | None = None

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.files.__exit__(kind, error, trace)

    @property
    def name(self) -> str:
        """What to call it: its file's name, or `model`."""
        return "model" if self.path is None else self.path.name

    @property
    def bases(self) -> Sequence[Source]:
        """What decoders need beside an update."""
        return () if self.base is None else self.base.sources

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files.files)

    @property
    def original_size(self) -> int:
        """Bytes of the files that the user gave."""
        return (self.original or self).size

    @property
    def float_elements(self) -> int:
        """Elements of all its tensors of float16, bfloat16, float32 and float64, also of those not coded.

        Quantized weights that may have errors are among them.
        """
        found = (prod(wire.dims) for wire in self.files.tensors if is_floating(wire.data_type))
        copies = Counter(self.repeats.values())
        integers = sum(
            t.size * (1 + copies[t.payload]) for t in self.tensors if t.has_values and not t.element.is_float
        )
        return integers + sum(max(size, 0) for size in found)

    def network(self, *, real_weights: bool = False) -> Network:
        """Return the model ready to be run.

        Parameters
        ----------
        real_weights
            Whether quantized weights are to be the numbers that their integers stand for.

        Raises
        ------
        ImportError
            There is no onnxruntime.
        ModelError
            E_RUN: the onnx library cannot read it.
        """
        try:
            graph = onnx.load_model_from_string(bytes(self.files.files[0].data))
        except DecodeError as e:
            raise ModelError("E_RUN", "the model cannot be read by the onnx library") from e
        external = {file.name: file.data for file in self.files.files if file.name is not None}
        return Network(with_real_weights(graph, external) if real_weights else graph, external)

    def refuse_to_replace(self, target: Path) -> None:
        """Raise E_OUTPUT_EXISTS if `target` is one of the model's own files."""
        if self.path is None:
            return
        names = (file.name for file in self.files.files if file.name)
        for own in (self.path, *(self.path.parent / name for name in names)):
            if target.exists() and own.exists() and target.samefile(own):
                raise OutputError("E_OUTPUT_EXISTS", f"{target} is part of the model")


def open_model(source: ModelSource, *, follow_links: bool = False, device: Device = ANY_DEVICE) -> Model:
    """Open a model for a decoder; `follow_links` as in `nntc.encoder.split.open_model`.

    Raises
    ------
    ModelError
        E_PROTOBUF, E_LOCATION, E_EXTERNAL: see `nntc.encoder.split.open_model`.
    OSError
        The model file cannot be opened.
    """
    source = path_or_bytes(source)
    with ExitStack() as opened:
        files = opened.enter_context(open_files(source, follow_links=follow_links))
        tensors, repeats = load_tensors(files, parse_outline(files), device)
        opened.pop_all()  # from here on the model closes them
    path = None if isinstance(source, bytes) else Path(source)
    return Model(path, files, tuple(tensors), repeats)


def parse_outline(files: SplitSource) -> onnx.ModelProto | None:
    """Return a model without payloads, None if the onnx library cannot read it."""
    try:
        return onnx.load_model_from_string(files.outline())
    except DecodeError:
        return None
