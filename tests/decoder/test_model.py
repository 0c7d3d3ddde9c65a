"""Whole files: every tool against the second decoder, the order of errors, limits, threads."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from nntc.decoder.directory import read_directory
from nntc.decoder.model import decode, decode_bytes, verify
from nntc.errors import FormatError
from nntc.format.container import digest_of
from nntc.limits import Limits
from nntc.progress import Phase, ProgressEvent
from nntc.sources.source import BytesSource, open_source

from conformance.proof import samples
from conformance.proof.mutations import read_head
from conformance.proof.outcomes import of_reference
from tests import strategies
from tests.decoder.files import ZERO, digest, offset_of, one_byte, raised

pytestmark = pytest.mark.usefixtures("kernels")

ROOT = Path(__file__).resolve().parents[2]


@given(strategies.files())
def test_any_file_decodes_to_what_it_holds(sample: samples.Sample) -> None:
    assert of_reference(sample.data) == sample.files
    assert decode_bytes(sample.data) == sample.files


@given(strategies.files(records=6, size=200))
def test_threads_change_nothing(sample: samples.Sample) -> None:
    assert decode_bytes(sample.data, jobs=3) == sample.files


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntc.decoder.payloads.BATCH_SECTIONS", 2)
    threads = threading.active_count()
    for seed in range(30):
        rng = Random(seed)
        sample = samples.random_file(rng, records=9, size=30)
        assert decode_bytes(sample.data) == sample.files
        assert decode_bytes(sample.data, jobs=2) == sample.files
        # The first fault in the order of the file, whatever batch and thread meets it first.
        entries = [e for e in read_head(sample.data)[1] if e.type == samples.TENSOR]
        broken = bytearray(sample.data)
        for entry in entries[rng.randrange(9) :]:
            broken[entry.start] ^= 1
        expected = of_reference(bytes(broken))
        if isinstance(expected, tuple):
            assert raised(bytes(broken)) == raised(bytes(broken), jobs=3) == expected
            assert threading.active_count() <= threads, "a fault leaves threads behind"
        else:
            assert decode_bytes(bytes(broken), jobs=3) == expected


def test_files_and_verification_agree(tmp_path: Path) -> None:
    for seed in range(20):
        sample = samples.random_file(Random(seed))
        source = tmp_path / f"{seed}.nntc"
        source.write_bytes(sample.data)
        folder = tmp_path / str(seed)
        folder.mkdir()
        result = decode(source, folder / "model.bin")
        files = [path for path in folder.rglob("*") if path.is_file()]
        written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        assert written == {name or "model.bin": data for name, data in sample.files.items()}
        assert verify(source) == result
        assert result.size == sum(map(len, sample.files.values()))
        assert [(f.name, f.sha256) for f in result.files] == [
            (name, hashlib.sha256(data).hexdigest()) for name, data in sample.files.items()
        ]


def test_progress_ends_at_the_total() -> None:
    seen: list[ProgressEvent] = []
    decode_bytes(one_byte(), progress=seen.append)
    assert [event.done for event in seen] == [0, 1, 2, 3]
    assert {(event.phase, event.total) for event in seen} == {(Phase.DECODING, 3)}


def test_sources() -> None:
    data = one_byte()
    for source in (data, bytearray(data), memoryview(data), BytesSource(data)):
        assert decode_bytes(source)[None] == b"a\0b"
    with pytest.raises(TypeError):
        open_source(3)  # type: ignore[arg-type]


def test_unknown_ignorable_sections_are_skipped_and_checked() -> None:
    data = one_byte(more=[(0x81, b"\x07whatever", 0), (0x90, b"", 0), (0xFF, b"x", 0)])
    assert decode_bytes(data)[None] == b"a\0b"


def test_ragged_payloads_have_a_total() -> None:
    zeros = samples.zstd(bytes(1 << 23))
    tensor = b"\x00\x02\x01" + samples.varint(1 << 23) + b"\x00\x04" + samples.varint(len(zeros)) + zeros
    content = samples.graph_content([(3 << 23, bytes(32), None)], [(0, 0)] * 3, b"")
    sections = [
        (samples.GRAPH, samples.zstd(content), len(content)),
        *[(samples.TENSOR, tensor, 1 << 23)] * 3,
    ]
    data = samples.container(1, sections)
    assert raised(data) == ("E_LIMIT", offset_of(data, 3))
    content = samples.graph_content([(2 << 23, bytes(32), None)], [(0, 0)] * 2, b"")
    sections = [
        (samples.GRAPH, samples.zstd(content), len(content)),
        *[(samples.TENSOR, tensor, 1 << 23)] * 2,
    ]
    assert raised(samples.container(1, sections)) == ("E_HASH", 0)


def test_limits_of_the_caller() -> None:
    data = one_byte()
    assert raised(data, limits=Limits(memory=1 << 20)) == ("E_MEMORY", 28)
    assert raised(data, limits=Limits(output=2)) == ("E_MEMORY", 28)
    assert decode_bytes(data, limits=Limits(output=3, memory=1 << 30))[None] == b"a\0b"
    # After the directory, before anything else.
    assert raised(data[:-1] + b"\1", limits=Limits(memory=1 << 20)) == ("E_MEMORY", 28)
    assert raised(data[:-1], limits=Limits(memory=1 << 20))[0] == "E_TRUNCATED"


def test_shared_tables_end_where_they_end() -> None:
    def with_tables(body: bytes) -> bytes:
        content = samples.graph_content([(1, digest(b"\0"), None)], [(0, 0)], b"")
        graph = samples.GRAPH, samples.zstd(content), len(content)
        return samples.container(0, [graph, (samples.TABLES, body, 0), (samples.TENSOR, ZERO, 1)])

    table = samples.write_tables([samples.Table(0, (4096,), 0, 0)])
    assert decode_bytes(with_tables(b"\x01" + table))[None] == b"\0"
    for body, error, place in (
        (b"", "E_TRUNCATED", 0),
        (b"\x00", "E_LIMIT", 0),
        (samples.varint(1025), "E_LIMIT", 0),
        (b"\x02" + table, "E_TRUNCATED", 5),
        (b"\x01" + table + b"\0", "E_TRAILING", 5),
        (b"\x01" + table[:-1] + bytes([table[-1] | 0x80]), "E_PADDING", 4),
        (b"\x01" + bytes([9, 250, 0, 0, 0, 0]), "E_TABLE", 1),
    ):
        data = with_tables(body)
        assert of_reference(data) == raised(data) == (error, offset_of(data, 1) + place)


def test_a_file_without_tensors() -> None:
    content = samples.graph_content([(2, digest(b"ab"), None)], [], b"ab")
    data = samples.container(0, [(samples.GRAPH, samples.zstd(content), len(content))])
    assert decode_bytes(data) == {None: b"ab"}


@pytest.mark.parametrize(
    ("kind", "tool", "sparse"),
    [
        (0x10, b"\x01\x01\x05", False),
        (0x10, b"\x01\x01\x05", True),
        (0x28, b"\x00" + struct.pack("<f", 1), False),
        (0x28, b"\x00" + struct.pack("<f", 1), True),
        (0x28, b"\x20" + struct.pack("<ff", 1, 1), True),
    ],
)
def test_memory_stays_within_the_bound(kind: int, tool: bytes, sparse: bool) -> None:
    """Small files that decode to much."""
    n = 1 << 24
    width = kind >> 4
    zeros = samples.zstd(bytes(n))
    tokens = samples.varint(len(zeros)) + zeros
    block = b"\x04\x00" + tokens
    if sparse:
        block = b"\x24\x00\x00" + samples.varint(n) + b"\x04" + tokens + tokens
    tensor = bytes([kind, 1]) + samples.varint(1 << 10) + samples.varint(n >> 10) + b"\x01" + tool + block
    content = samples.graph_content([(n * width, bytes(32), None)], [(0, 0)], b"")
    graph = samples.GRAPH, samples.zstd(content), len(content)
    data = samples.container(2, [graph, (samples.TENSOR, tensor, n * width)])
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="E_HASH"):
            verify(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Less than the bound, so that the test says something about what is proportional to n.
    assert peak < 6 * (n * width + len(tensor)) + 2 * len(content) + (8 << 20)
    assert peak < read_directory(BytesSource(data)).memory_bound()


def test_decoding_imports_a_small_island() -> None:
    script = (
        "import sys, nntc.decoder.model, nntc.decoder.payloads\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    isolated = f"import sys; sys.path[:0] = [{str(ROOT / 'codec')!r}]\n{script}"
    out = subprocess.run(
        [sys.executable, "-I", "-c", isolated], capture_output=True, check=True, text=True
    ).stdout
    own = {name for name in out.split() if not name.startswith(("__", "_distutils", "_virtualenv"))}
    assert own <= {
        "nntc",
        "numpy",
        "construct",
        "zstandard",
        "cython_runtime",
        "sitecustomize",
        "usercustomize",
    }
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, nntc.decoder.model; print(*sys.modules)"],
        capture_output=True, check=True, text=True, cwd=ROOT,
    ).stdout.split()  # fmt: skip
    assert not {name for name in loaded if name.startswith("nntc.enc")}


def test_the_digest_of_every_section_is_checked_before_it_is_parsed() -> None:
    data = one_byte()
    graph, tensor = offset_of(data, 0), offset_of(data, 1)
    for offset in (graph, tensor):
        assert raised(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]) == ("E_DIGEST", offset)
    both = bytearray(data)
    both[graph] ^= 1
    both[tensor] ^= 1
    assert raised(bytes(both)) == ("E_DIGEST", graph)
    assert digest_of(data[tensor:]) == read_head(data)[1][1].digest
