"""First bytes of files that are taken for models, each made anew by the layout of its format."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import zstandard
from onnx import helper, numpy_helper


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name in names:
            opened.writestr(name, "content")
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        opened.addfile(tarfile.TarInfo("model.onnx"))
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros(3))
    return buffer.getvalue()


def safetensors() -> bytes:
    head = json.dumps({"w": {"dtype": "F32", "shape": [100], "data_offsets": [0, 400]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(400)


def field(number: int, content: bytes | int) -> bytes:
    """Return a protobuf field with a content of less than 128 bytes, or a small number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def onnx_model() -> bytes:
    weights = numpy_helper.from_array(np.arange(1000, dtype=np.float32), "w")
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [weights])
    return bytes(helper.make_model(graph).SerializeToString())


NODE = field(1, field(1, b"input") + field(2, b"Placeholder"))
WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty file"),
    "torch": (archive("archive/data.pkl", "archive/version"), "PyTorch"),
    "torchscript": (archive("m/code/a.py", "m/constants.pkl"), "PyTorch"),
    "torch-2": (archive("m/data.pkl", "m/.format_version", "m/byteorder"), "PyTorch"),
    "old-torch": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "pickle"),
    "pickle": (pickle.dumps({"weight": np.zeros(3)}), "pickle"),
    "pickle-2": (pickle.dumps({"weight": [1, 2]}, 2), "pickle"),
    "safetensors": (safetensors(), "safetensors"),
    "tflite": (b"\x1c\0\0\0TFL3\x14\0 \0" + bytes(100), "TensorFlow Lite"),
    "ort": (b"\x18\0\0\0ORTM\0\0\x0a\0" + bytes(100), "ORT format"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "git lfs pull"),
    "html": (b"\n<!DOCTYPE html>\n<html><body>Not found</body></html>", "web page"),
    "html-bare": (b"<HTML><HEAD></HEAD></HTML>", "web page"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "XML"),
    "gzip": (gzip.compress(onnx_model()), "gzip"),
    "xz": (lzma.compress(onnx_model()), "xz"),
    "zstd": (zstandard.compress(onnx_model()), "zstd"),
    "bzip2": (bz2.compress(onnx_model()), "bzip2"),
    "zip": (archive("model.onnx"), "ZIP"),
    "tar": (tar(), "tar"),
    "keras-h5": (b"\x89HDF\r\n\x1a\n\0\0\0\0" + bytes(100), "Keras"),
    "keras": (archive("metadata.json", "config.json", "model.weights.h5"), "Keras"),
    "saved-model": (field(1, 1) + field(2, field(1, field(2, b"ops") + field(4, b"serve"))), "SavedModel"),
    "frozen": (NODE + NODE, "frozen"),
    "npz": (npz(), "NumPy"),
    "npy": (b"\x93NUMPY\x01\0v\0{'descr': '<f4'}", "NumPy"),
    "gguf": (b"GGUF\3\0\0\0" + bytes(50), "GGUF"),
    "text": (b"import torch\nmodel = torch.load('m.pt')\n", "text"),
    "utf-8": ("größe\n".encode(), "text"),
    "json": (b'{"model": "resnet50"}', "JSON"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(30), "image"),
    "mangled": (b"\x8eNNT\n\x1a\n\1", "as binary"),
}
"""By name: first bytes, and what a message must say."""
