"""Changed inputs stay readable: that is what the mutators are for."""

from __future__ import annotations

import onnx
import zstandard
from nntc.errors import FormatError
from nntc.reader.container import open as open_container

from conformance.proof import samples
from fuzz import LARGEST, mutators, seeds


def plain(data: bytes, largest: int) -> bytes:
    return data[:-1] + b"\x7f" if data else b"\x7f"[:largest]


def opens(data: bytes) -> bool:
    try:
        open_container(data).close()
    except FormatError as error:
        return error.id != "E_CRC"
    return True


def test_most_changed_files_have_right_checksums() -> None:
    data = dict(seeds.coded_models())["held-auto"]
    changed = [mutators.change_file(data, LARGEST, seed, plain) for seed in range(100)]
    assert sum(one != data and opens(one) for one in changed) > 50
    assert changed == [mutators.change_file(data, LARGEST, seed, plain) for seed in range(100)]


def test_a_file_that_cannot_be_taken_apart_is_changed_as_it_stands() -> None:
    data = dict(seeds.coded_models())["held-auto"]
    broken = data[:60] + bytes(20) + data[80:]
    assert all(mutators.change_file(broken, LARGEST, seed, plain) for seed in range(50))


def test_most_changed_models_are_models() -> None:
    data = dict(seeds.models())["zip_map"]
    changed = [mutators.change_model(data, LARGEST, seed, plain) for seed in range(100)]
    fitting = [one for one in changed if one != data and len(one) <= LARGEST]
    for one in fitting[:20]:
        onnx.ModelProto().ParseFromString(one)
    assert len(fitting) > 60


def test_a_graph_that_claims_to_be_large_is_not_believed() -> None:
    content = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(100))
    claim = content[:4] + b"\xe0" + (1 << 60).to_bytes(8, "little") + content[6:]
    assert zstandard.frame_content_size(claim) == 1 << 60
    data = samples.container(1, [(samples.GRAPH, claim, 1 << 20)])
    for seed in range(40):
        assert mutators.change_file(data, 1 << 16, seed, plain)
