"""An emulated Cortex-M4 decodes trained networks and updates of them from its flash in little memory."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.decoder.directory import read_directory
from nntc.decoder.graph import graph_of
from nntc.decoder.model import base_files, decode_bytes
from nntc.decoder.payloads import decode_sections, read_parse_context
from nntc.encoder.encode import encode_bytes
from nntc.sources.source import BytesSource
from onnx import numpy_helper

from .building import LIBRARY, ROOT, missing

TOOLS = ("make", "arm-none-eabi-gcc", "qemu-system-arm")
HANDLE, SECTION = 800, 48
"""Bytes that are kept of a file, and of each of its sections."""


def device_file(name: str, quality: int | None) -> bytes:
    """A trained network for a device of 64 KiB; lossless without a quality."""
    model = next(iter(decode_bytes((ROOT / name).read_bytes()).values()))
    if quality is None:
        return encode_bytes(model, method="lossless", device_memory=65536)[0]
    return encode_bytes(model, quality=quality, device_memory=65536)[0]


def digests(data: bytes, base: bytes | None = None) -> list[str]:
    source = BytesSource(data)
    directory = read_directory(source)
    graph = graph_of(source, directory)
    context = read_parse_context(source, directory, graph.bases)
    with base_files(() if base is None else base) as files:
        found = files.find(graph)
        decoded = decode_sections(source, directory.tensors, context, base=found)
        return [hashlib.sha256(payload.tobytes()).hexdigest() for _, payload in decoded]


def make(folder: Path, data: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    """Build the firmware with a file in it, and run it."""
    if not all(map(shutil.which, TOOLS)):
        missing("no Arm tools (Debian: make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)")
    (folder / "model.nntc").write_bytes(data)
    command = ["make", "-s", "run", f"MODEL={folder / 'model.nntc'}", f"BUILD={folder / 'build'}", *options]
    return subprocess.run(
        command, cwd=LIBRARY / "firmware", capture_output=True, text=True, timeout=600, check=False
    )


def run(folder: Path, data: bytes, *options: str) -> tuple[list[str], dict[str, int]]:
    """Digests of all tensors, and what the firmware says of memory and instructions."""
    done = make(folder, data, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r"^(.+?):? (\d+)$", done.stdout, re.MULTILINE)
    return re.findall(r"\b[0-9a-f]{64}\b", done.stdout), {what: int(number) for what, number in told}


@pytest.mark.parametrize("options", [[], ["READS=1", "OPTIMIZATION=-Os"]], ids=["mapped", "read"])
@pytest.mark.parametrize(
    ("name", "quality"),
    [("reference_models/trained/images.cnn.nntc", None), ("codec/nntc/demo/digits.nntc", 30)],
    ids=["exact", "close"],
)
def test_every_tensor_has_the_right_digest_in_the_memory_that_the_header_states(
    tmp_path: Path, name: str, quality: int | None, options: list[str]
) -> None:
    data = device_file(name, quality)
    directory = read_directory(BytesSource(data))
    found, told = run(tmp_path, data, *options)
    assert found == digests(data)
    assert told["working memory in the header"] == directory.working_memory <= 65536
    kept = HANDLE + SECTION * len(directory.sections)
    window = 1024 if options else 0
    assert told["of it used"] <= directory.working_memory + kept + window
    assert told["stack"] < 8192


def tuned(model: bytes) -> bytes:
    """The same network with weights that have moved a little, and one tensor that is another altogether."""
    draw, changed = np.random.default_rng(0), onnx.load_model_from_string(model)
    for number, tensor in enumerate(changed.graph.initializer):
        values = numpy_helper.to_array(tensor)
        moved = values + draw.normal(size=values.shape) * (2 if number == 9 else 0.02) * values.std()
        tensor.CopyFrom(numpy_helper.from_array(moved.astype(values.dtype), tensor.name))
    data: bytes = changed.SerializeToString()
    return data


def write_base(folder: Path) -> bytes:
    """Put what the demo's network decodes to beside the firmware, as base.onnx."""
    if not (shutil.which("npm") or os.environ.get("ZSTD")):
        missing("no sources of zstd (Debian: nodejs npm, to fetch them; or ZSTD names their folder)")
    base = next(iter(decode_bytes((ROOT / "codec/nntc/demo/digits.nntc").read_bytes()).values()))
    (folder / "base.onnx").write_bytes(base)
    return base


@pytest.mark.parametrize("options", [[], ["READS=1", "OPTIMIZATION=-Os"]], ids=["mapped", "read"])
@pytest.mark.parametrize("quality", [None, 30], ids=["exact", "close"])
def test_an_update_is_decoded_with_its_base_in_flash_in_less_than_a_megabyte(
    tmp_path: Path, quality: int | None, options: list[str]
) -> None:
    base = write_base(tmp_path)
    chosen = {"method": "lossless"} if quality is None else {"quality": quality}
    data = encode_bytes(tuned(base), base=base, device_memory=65536, **chosen)[0]
    found, told = run(tmp_path, data, f"BASE={tmp_path / 'base.onnx'}", *options)
    assert found == digests(data, base)
    assert told["bytes of files, as GRAPH says"] == len(base)
    assert told["stack"] < 8192
    assert told["memory in all"] < 200_000


def test_another_base_in_flash_is_told_before_anything_is_decoded(tmp_path: Path) -> None:
    base = write_base(tmp_path)
    data = encode_bytes(tuned(base), base=base, device_memory=65536, quality=30)[0]
    (tmp_path / "base.onnx").write_bytes(base[:-1] + b"?")
    done = make(tmp_path, data, f"BASE={tmp_path / 'base.onnx'}")
    assert done.returncode != 0
    assert done.stdout.splitlines() == [f"E_BASE @ {read_directory(BytesSource(data)).graph.offset}"]
