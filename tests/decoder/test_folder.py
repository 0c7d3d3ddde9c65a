"""Output: all files or none, and nothing replaced that nobody asked to replace."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from nntc.decoder.folder import FolderSink, temporary_folder
from nntc.decoder.model import decode
from nntc.errors import FormatError, OutputError

from conformance.proof import samples


def file_with(*names: str, valid: bool = True) -> bytes:
    """Return a file with a model b"model" and an external file b"data" for each name."""
    skeleton = b"model" + b"data" * len(names) + "".join(names).encode()
    files: list[tuple[int, bytes, tuple[int, int] | None]] = [(5, hashlib.sha256(b"model").digest(), None)]
    at = 5 + 4 * len(names)
    for i, name in enumerate(names):
        # The last file also holds the names.
        body = b"data" if i < len(names) - 1 else b"data" + "".join(names).encode()
        digest = hashlib.sha256(body if valid else b"").digest()
        files.append((len(body), digest, (at, len(name.encode()))))
        at += len(name.encode())
    content = samples.graph_content(files, [], skeleton)
    return samples.container(0, [(samples.GRAPH, samples.zstd(content), len(content))])


def refused(data: bytes, target: Path, **options: bool) -> str:
    with pytest.raises(OutputError) as caught:
        decode(data, target, **options)  # type: ignore[arg-type]
    return caught.value.id


def listing(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, and empty folders as b""."""
    found = [path for path in folder.rglob("*") if not path.is_dir() or not any(path.iterdir())]
    return {p.relative_to(folder).as_posix(): b"" if p.is_dir() else p.read_bytes() for p in found}


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
    data = file_with("a.bin", "b.bin", valid=False)
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


def test_links_are_neither_followed_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.bin").symlink_to(tmp_path / "elsewhere")
    assert refused(file_with("a.bin"), tmp_path / "out" / "model.onnx") == "E_OUTPUT_EXISTS"
    assert refused(file_with("a.bin"), tmp_path / "out" / "model.onnx", replace_external=True) == "E_OUTPUT"
    assert not (tmp_path / "elsewhere").exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.bin"]
    assert (tmp_path / "out" / "a.bin").is_symlink()


def test_the_model_does_not_share_its_name(tmp_path: Path) -> None:
    data = file_with("model.onnx")
    assert refused(data, tmp_path / "model.onnx", replace_external=True) == "E_OUTPUT_EXISTS"
    assert listing(tmp_path) == {}


def test_names_that_differ_in_case_are_two_where_the_system_tells_them_apart(tmp_path: Path) -> None:
    decode(file_with("W", "w", "MODEL.onnx"), tmp_path / "model.onnx")
    assert len(listing(tmp_path)) == 4


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


def test_errors_of_a_temporary_folder_name_it_and_those_of_other_places_stay() -> None:
    with pytest.raises(OutputError, match=r"cannot write temporary files \(TMPDIR\): No space left$"):  # noqa: SIM117
        with temporary_folder() as outer, temporary_folder():
            raise OutputError("E_OUTPUT", f"cannot write {outer / 'model'}: ") from OSError(
                28, "No space left"
            )
    with pytest.raises(OutputError, match=r"E_OUTPUT: cannot write merged: full$"), temporary_folder():
        raise OutputError("E_OUTPUT", "cannot write merged: full")
