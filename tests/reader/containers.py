"""Models coded and opened."""

from __future__ import annotations

import hashlib
from typing import Any

import nntc
import numpy as np
import onnx
from nntc.encoder.container import CodedFile, NewFile, NewSection, graph_section
from nntc.encoder.encode import encode_bytes
from nntc.format.registry import Profile, SectionType
from numpy.typing import NDArray
from onnx import helper


def model_of(*tensors: onnx.TensorProto, nodes: tuple[onnx.NodeProto, ...] = ()) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "g", [], [], initializer=tensors)
    return helper.make_model(graph, ir_version=10)


def coded(model: onnx.ModelProto, method: str = "lossless", **options: Any) -> bytes:
    return encode_bytes(model.SerializeToString(), method=method, **options)[0]


def opened(*tensors: onnx.TensorProto) -> nntc.Container:
    return nntc.open(coded(model_of(*tensors)))


def random_values(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def with_other_graph(data: bytes, splices: list[tuple[int, int]], skeleton: bytes, size: int) -> bytes:
    """Return a file with its TENSOR sections and another graph."""
    container = nntc.open(data)
    tensors = [
        NewSection(SectionType.TENSOR, data[s.offset : s.offset + s.length], s.output)
        for s in container.sections
        if s.type == SectionType.TENSOR
    ]
    graph = graph_section([NewFile(size, hashlib.sha256().digest(), None)], splices, skeleton)
    return CodedFile(Profile.MAIN, 2**32 - 1, [graph, *tensors]).tobytes()


class RecordingSource:
    """Bytes that note which of them are read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]
