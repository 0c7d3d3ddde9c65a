"""Folders of samples with everything in them that folders have."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from nntc.encoder.samples import ModelInput, load_samples
from nntc.encoder.samples.files import list_files
from nntc.errors import SamplesError

INPUT = ModelInput("x", np.dtype(np.float32), (None, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    np.save(folder / "a.npy", np.zeros((3, 2), np.float32))
    return folder


def test_foreign_files_are_noted_and_hidden_ones_are_foreign(folder: Path) -> None:
    for name in (".DS_Store", "README", "._a.npy", "notes.txt"):
        (folder / name).write_bytes(b"\0")
    os.mkfifo(folder / "pipe")
    samples = load_samples(folder, [INPUT])
    assert len(samples) == 3
    assert samples.remarks == (
        "5 files in samples were left out as no samples (.DS_Store, ._a.npy, README, ...)",
    )
    assert samples[:1].remarks == samples.remarks


def test_a_folder_of_samples_alone_has_no_note(folder: Path) -> None:
    assert load_samples(folder, [INPUT]).remarks == ()


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "b.npy")
    with pytest.raises(SamplesError, match=r"^E_SAMPLES: b\.npy is no regular file$"):
        load_samples(folder, [INPUT])
    with pytest.raises(SamplesError, match=r"b\.npy is no regular file"):
        load_samples(folder / "b.npy", [INPUT])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00{'descr': 1"])
@pytest.mark.parametrize("name", ["b.npy", "b.npz"])
def test_a_damaged_file_is_named(name: str, content: bytes, folder: Path) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(SamplesError, match=f"^E_SAMPLES: {name} cannot be read") as raised:
        load_samples(folder, [INPUT])
    assert "\n" not in str(raised.value)


def test_damage_anywhere_in_an_archive_is_named(folder: Path) -> None:
    np.savez_compressed(folder / "b.npz", x=np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32))
    data = (folder / "b.npz").read_bytes()
    for at in range(0, len(data), 7):
        (folder / "b.npz").write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            load_samples(folder / "b.npz", [INPUT])
        except SamplesError as e:
            assert "b.npz" in e.message  # noqa: PT017 - damage that matters to nobody raises nothing
    (folder / "b.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(SamplesError, match=r"b\.npz cannot be read"):
        load_samples(folder, [INPUT])


def test_a_member_that_is_no_array_is_named(folder: Path) -> None:
    import zipfile

    with zipfile.ZipFile(folder / "b.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(SamplesError, match=r"b\.npz holds notes\.txt, which is no array"):
        load_samples(folder, [INPUT])


def test_an_unreadable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SamplesError, match="cannot be read: Permission denied"):
        list_files(tmp_path, (".npy",))


def test_links_that_lead_back_end(folder: Path) -> None:
    (folder / "sub").mkdir()
    np.save(folder / "sub" / "b.npy", np.zeros(2, np.float32))
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "elsewhere").symlink_to(folder / "sub", target_is_directory=True)
    assert [path.name for path in list_files(folder, (".npy",))[0]] == ["a.npy"]
    assert sorted(path.name for path in list_files(folder, (".npy",), deep=True)[0]) == ["a.npy", "b.npy"]
