"""Kinds of files that are taken for models, told from their first bytes, and what to do with them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

HEAD = 4096
"""First bytes that `kind_of` wants to see."""

ONNX = "an ONNX model: `nntc encode` makes a .nntc file of it"
_UNPACK = "unpack it first"
_TF = "convert it with tf2onnx"
_TORCH = "load it in PyTorch and export the model with torch.onnx.export"
_PICKLED = re.compile(rb"\x80[\x02-\x05](\x95.{8})?[\x8a\x8c\}\]\(cX]", re.DOTALL)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x8eNNT\r\n\x1a\n", "a .nntc file: it is encoded already, `nntc decode` restores the model"),
    (b"\x8eNNT", "a .nntc file that was damaged in transfer as text: copy it as binary"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer: fetch the file with `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file such as a Keras model (.h5): {_TF}"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"GGUF", "a GGUF file, weights of a language model: export the model to ONNX from its original"),
    (b"\x1f\x8b", f"compressed with gzip: {_UNPACK}"),
    (b"\xfd7zXZ\0", f"compressed with xz: {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"compressed with zstd: {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"compressed with lz4: {_UNPACK}"),
    (b"BZh", f"compressed with bzip2: {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive: {_UNPACK}"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
)


def kind_of(head: bytes) -> str | None:
    """Return what a file is and what to do with it, as the end of a sentence; None if that is not known.

    Parameters
    ----------
    head
        Its first bytes: `HEAD` of them, or all of a shorter file.
    """
    if not head:
        return "an empty file"
    for find in _FINDERS:
        kind = find(head)
        if kind is not None:
            return kind
    return None


def _magic(head: bytes) -> str | None:
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _flatbuffer(head: bytes) -> str | None:
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model (.tflite): convert it with tf2onnx --tflite"
    if head[4:8] == b"ORTM":
        return "an ORT format model (.ort): encode the ONNX model that it was made from"
    return None


def _zip(head: bytes) -> str | None:
    if not head.startswith(b"PK\x03\x04"):
        return None
    names = []
    for entry in re.finditer(rb"PK\x03\x04.{22}(..)..", head, re.DOTALL):
        names.append(head[entry.end() : entry.end() + int.from_bytes(entry[1], "little")])
    if any(name.endswith((b"data.pkl", b"constants.pkl", b"/version", b"/byteorder")) for name in names):
        return f"a PyTorch checkpoint (.pt, .pth): {_TORCH}"
    if any(name.endswith(b".npy") for name in names):
        return "NumPy arrays (.npz), as samples are kept in: they go with --calibration or --evaluation"
    if b"config.json" in names and b"metadata.json" in names:
        return f"a Keras model (.keras): {_TF}"
    return f"a ZIP archive: {_UNPACK}"


def _pickle(head: bytes) -> str | None:
    if not _PICKLED.match(head):
        return None
    return f"a Python pickle such as an older PyTorch checkpoint (.pt, .pth): {_TORCH}"


def _tar(head: bytes) -> str | None:
    return f"a tar archive: {_UNPACK}" if head[257:262] == b"ustar" else None


def _safetensors(head: bytes) -> str | None:
    start = head[8:].lstrip(b" ")
    is_header = start.startswith(b"{") and (b'"dtype"' in head or b'"__metadata__"' in head)
    if is_header and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return "a safetensors file, weights without a network: export the model to ONNX from its framework"
    return None


def _text(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "a web page (HTML), not what it links to: download the file itself"
    if start.startswith(b"<?xml"):
        return "an XML document: an error message of a server, or an OpenVINO model"
    if any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # which may end within a character
    except UnicodeDecodeError:
        return None
    return "JSON text" if start.startswith((b"{", b"[")) else "text"


_LENGTH = rb"[\x80-\xff]*[\x00-\x7f]"


def _protobuf(head: bytes) -> str | None:
    """Tell models in protobuf apart by their first fields."""
    if re.match(rb"\x08\x01\x12" + _LENGTH + rb"\x0a" + _LENGTH + rb"[\x0a\x12\x1a\x22\x2a]", head):
        return f"a TensorFlow SavedModel (saved_model.pb): {_TF}"
    node = re.match(rb"\x0a" + _LENGTH + rb"\x0a([\x01-\x7f])", head)
    if node and head[node.end() + node[1][0] :].startswith(b"\x12"):
        return f"a TensorFlow graph (frozen .pb): {_TF}"
    # ModelProto: ir_version, and most writers' next field.
    if re.match(rb"\x08[\x01-\x1f][\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca]", head):
        return ONNX
    return None


_FINDERS: tuple[Callable[[bytes], str | None], ...] = (
    _magic, _flatbuffer, _zip, _pickle, _tar, _safetensors, _protobuf, _text
)  # fmt: skip
