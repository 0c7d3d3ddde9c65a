"""Target files described as releases."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from nntc.decoder.directory import read_directory
from nntc.decoder.graph import graph_of
from nntc.delivery.durable import file_id
from nntc.delivery.release import FileId, Output, Release
from nntc.sources.source import opened


def describe(file: Path, name: str, version: str, channel: str) -> Release:
    """Return a file as a release: what it says of itself, and what it is called if it is a full one."""
    with opened(file) as source:
        directory = read_directory(source)
        graph = graph_of(source, directory)
        head = source.read(0, directory.sections[0].offset)
    decoded = tuple(Output(f.name or f"{name}.onnx", FileId(f.sha256.hex(), f.size)) for f in graph.files)
    base = tuple(FileId(file.sha256.hex(), file.size) for file in graph.bases)
    head_id = FileId(hashlib.sha256(head).hexdigest(), len(head))
    path = f"{name}/{channel}/{version}.nntc"
    memory = directory.memory_bound()
    return Release(path, file_id(file), name, version, channel, 1, base, decoded, head_id, memory)


def as_update(described: Release, full: Release, before: Release) -> Release:
    """Return the release of an update to what a full file gives, from a version before."""
    path = f"{full.path.removesuffix('.nntc')}/from-{before.version}.nntc"
    return replace(described, path=path, serial=full.serial, decoded=full.decoded)
