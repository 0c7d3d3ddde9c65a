"""Output: all files or none, and nothing replaced that nobody asked to replace."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from nntc.decoder.model import decode
from nntc.decoder.sink import FolderSink, MemorySink
from nntc.errors import FormatError, OutputError

from conformance.proof import samples


def file_with(*names: str, sound: bool = True) -> bytes:
    """Return a file with a model b"model" and an external file b"data" for each name."""
    skeleton = b"model" + b"data" * len(names) + "".join(names).encode()
    files: list[tuple[int, bytes, tuple[int, int] | None]] = [(5, hashlib.sha256(b"model").digest(), None)]
    at = 5 + 4 * len(names)
    for i, name in enumerate(names):
        # The last file also holds the names.
        body = b"data" if i < len(names) - 1 else b"data" + "".join(names).encode()
        digest = hashlib.sha256(body if sound else b"").digest()
        files.append((len(body), digest, (at, len(name.encode()))))
        at += len(name.encode())
    content = samples.graph_content(files, [], skeleton)
    return samples.container(0, [(samples.GRAPH, samples.zstd(content), len(content))])


def refused(data: bytes, target: Path, **options: bool) -> str:
    with pytest.raises(OutputError) as caught:
        decode(data, target, **options)  # type: ignore[arg-type]
    return caught.value.id


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_appear_under_their_names(tmp_path: Path) -> None:
    decode(file_with("a.bin", "größe"), tmp_path / "model.onnx")
    assert listing(tmp_path) == {"model.onnx": b"model", "a.bin": b"data", "größe": "dataa.bingröße".encode()}


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    decode(file_with("a.bin"), tmp_path / "model.onnx")
    expected = stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {expected}


def test_a_failed_decode_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"old")
    data = file_with("a.bin", "b.bin", sound=False)
    for bad in (data, data[:-1], data[:-1] + b"x", file_with("a.bin")[:30]):
        with pytest.raises(FormatError):
            decode(bad, tmp_path / "model.onnx", replace_external=True)
        assert listing(tmp_path) == {"model.onnx": b"old"}


def test_naming_the_target_is_asking_to_replace_it(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"old")
    decode(file_with(), tmp_path / "model.onnx")
    assert listing(tmp_path) == {"model.onnx": b"model"}


def test_other_files_are_replaced_only_if_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"old")
    data = file_with("a.bin", "b.bin")
    assert refused(data, tmp_path / "model.onnx") == "E_OUTPUT_EXISTS"
    assert listing(tmp_path) == {"b.bin": b"old"}
    decode(data, tmp_path / "model.onnx", replace_external=True)
    assert listing(tmp_path)["b.bin"] == b"dataa.binb.bin"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.bin").symlink_to(tmp_path / "elsewhere")
    assert refused(file_with("a.bin"), tmp_path / "out" / "model.onnx") == "E_OUTPUT_EXISTS"
    decode(file_with("a.bin"), tmp_path / "out" / "model.onnx", replace_external=True)
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "out" / "a.bin").is_symlink()


@pytest.mark.parametrize(("name", "target"), [("model.onnx", "model.onnx"), ("MODEL.onnx", "model.ONNX")])
def test_the_model_does_not_share_its_name(tmp_path: Path, name: str, target: str) -> None:
    assert refused(file_with(name), tmp_path / target, replace_external=True) == "E_OUTPUT_EXISTS"
    assert listing(tmp_path) == {}


def test_letters_beyond_ascii_make_another_name(tmp_path: Path) -> None:
    decode(file_with("Ä"), tmp_path / "ä")
    assert len(listing(tmp_path)) == 2


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    assert refused(file_with(), tmp_path / "missing" / "model.onnx") == "E_OUTPUT"
    (tmp_path / "a.bin").mkdir()
    (tmp_path / "folder").mkdir()
    assert refused(file_with("a.bin"), tmp_path / "model.onnx", replace_external=True) == "E_OUTPUT"
    assert refused(file_with(), tmp_path / "folder") == "E_OUTPUT"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "folder"]


def test_what_was_published_before_a_failure_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "model.onnx":
            raise PermissionError(1, "not now")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    assert refused(file_with("a.bin", "b.bin"), tmp_path / "model.onnx") == "E_OUTPUT"
    assert listing(tmp_path) == {}


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    sink = FolderSink(tmp_path / "model.onnx")
    sink.begin(None)
    handle = sink._handle
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, handle.fileno())
    os.close(full)
    with pytest.raises(OutputError) as caught:
        sink.write(memoryview(bytes(1 << 20)))
    assert caught.value.id == "E_OUTPUT"
    sink.discard()
    assert listing(tmp_path) == {}


def test_nothing_is_written_before_a_file_has_begun(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file"):
        FolderSink(tmp_path / "model").write(memoryview(b"a"))


def test_more_files_than_may_be_open_at_once(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    names = [f"{i:03}" for i in range(100)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        decode(file_with(*names), tmp_path / "model.onnx")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(listing(tmp_path)) == 101


@pytest.mark.parametrize(
    ("kind", "large"), [("memory", 1 << 16), ("memory", 3), ("memory", 1), ("folder", 1)]
)
def test_bytes_written_earlier_can_be_read_again(
    kind: str, large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntc.decoder.sink._LARGE", large)
    sink = MemorySink() if kind == "memory" else FolderSink(tmp_path / "model")
    sink.begin(None)
    sink.write(memoryview(b"0123456789"))
    assert sink.reread(0, 3, 4) == b"3456"
    sink.write(memoryview(b"ab"))
    sink.begin("next")
    sink.write(memoryview(b"xyz"))
    assert sink.reread(0, 8, 4) == b"89ab"
    assert sink.reread(1, 1, 2) == b"yz"
    sink.write(memoryview(b"!"))
    assert sink.reread(1, 0, 4) == b"xyz!"
    if isinstance(sink, FolderSink):
        sink.discard()
        assert listing(tmp_path) == {}
    else:
        assert sink.files() == {None: b"0123456789ab", "next": b"xyz!"}
