"""An emulated Cortex-M4 decodes trained networks from its flash in the memory that their headers state."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from nntc.decoder.directory import read_directory
from nntc.decoder.graph import graph_of
from nntc.decoder.model import decode_bytes
from nntc.decoder.payloads import decode_section, read_parse_context
from nntc.encoder.encode import encode_bytes
from nntc.sources.source import BytesSource

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


def digests(data: bytes) -> list[str]:
    source = BytesSource(data)
    directory = read_directory(source)
    context = read_parse_context(source, directory, graph_of(source, directory).bases)
    payloads = [decode_section(source, section, context)[1] for section in directory.tensors]
    return [hashlib.sha256(payload.tobytes()).hexdigest() for payload in payloads]


def run(folder: Path, data: bytes, *options: str) -> tuple[list[str], dict[str, int]]:
    """Digests of all tensors, and what the firmware says of memory and instructions."""
    if not all(map(shutil.which, TOOLS)):
        missing("no Arm tools (Debian: make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)")
    (folder / "model.nntc").write_bytes(data)
    command = ["make", "-s", "run", f"MODEL={folder / 'model.nntc'}", f"BUILD={folder / 'build'}", *options]
    done = subprocess.run(
        command, cwd=LIBRARY / "firmware", capture_output=True, text=True, timeout=600, check=False
    )
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
