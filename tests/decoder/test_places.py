"""External data goes below the model's folder, through no link, and nowhere that nobody asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from nntc.decoder import places
from nntc.decoder.model import decode, verify
from nntc.errors import OutputError

from tests.decoder.test_folder import file_with, listing


def message(data: bytes, target: Path, error: str = "E_OUTPUT_EXISTS", **options: bool) -> str:
    with pytest.raises(OutputError) as caught:
        decode(data, target, **options)  # type: ignore[arg-type]
    assert caught.value.id == error
    assert "\n" not in caught.value.message
    return caught.value.message


def test_folders_are_made_below_the_models(tmp_path: Path) -> None:
    data = file_with("a/b/w", "a/v", "u")
    verify(data)
    decode(data, tmp_path / "model.onnx")
    assert set(listing(tmp_path)) == {"model.onnx", "a/b/w", "a/v", "u"}


def test_hidden_names_go_into_a_folder_that_holds_nothing_else(tmp_path: Path) -> None:
    data = file_with(".w", "a/.b/c")
    for _ in range(2):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        (out / "model.onnx").write_bytes(b"older")
        decode(data, out / "model.onnx")
        assert set(listing(out)) == {"model.onnx", ".w", "a/.b/c"}
        for name in (".w", "a/.b/c"):
            (out / name).unlink()
        (out / "a/.b").rmdir()
        (out / "a").rmdir()
    (tmp_path / "out" / "notes.txt").write_bytes(b"mine")
    assert "empty folder" in message(data, tmp_path / "out" / "model.onnx")
    assert set(listing(tmp_path / "out")) == {"model.onnx", "notes.txt"}
    decode(data, tmp_path / "out" / "model.onnx", replace_external=True)
    assert set(listing(tmp_path / "out")) == {"model.onnx", "notes.txt", ".w", "a/.b/c"}


def test_a_folder_that_is_there_is_used_only_if_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").write_bytes(b"mine")
    data = file_with("u", "a/w")
    assert "--replace-external" in message(data, tmp_path / "model.onnx")
    assert set(listing(tmp_path)) == {"a/mine"}
    decode(data, tmp_path / "model.onnx", replace_external=True)
    assert set(listing(tmp_path)) == {"a/mine", "a/w", "u", "model.onnx"}


@pytest.mark.parametrize("name", ["link/w", "a/link/w"])
def test_links_in_the_place_of_folders_are_not_followed(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    (out / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (out / name).parent.symlink_to(tmp_path / "elsewhere")
    assert "link" in message(file_with(name), out / "model.onnx", "E_OUTPUT", replace_external=True)
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not (out / "model.onnx").exists()


def test_a_link_that_appears_while_decoding_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = places.Publication.run

    def attack(self: places.Publication) -> None:
        (tmp_path / "a").symlink_to(tmp_path)
        run(self)

    monkeypatch.setattr(places.Publication, "run", attack)
    message(file_with("a/w"), tmp_path / "model.onnx", "E_OUTPUT", replace_external=True)
    assert not (tmp_path / "w").exists()


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    for allowed in (False, True):
        message(file_with("a/w"), tmp_path / "model.onnx", "E_OUTPUT", replace_external=allowed)
    assert listing(tmp_path) == {"a": b"mine"}


def test_a_failure_takes_back_files_and_folders_and_puts_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "model.onnx" and self.suffix == ".part":
            raise PermissionError(1, "not now")
        return replace(self, target)

    for name in ("old/w", "model.onnx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    monkeypatch.setattr(Path, "replace", failing)
    data = file_with("old/w", "new/v", "new/er/u")
    message(data, tmp_path / "model.onnx", "E_OUTPUT", replace_external=True)
    assert listing(tmp_path) == {"old/w": b"mine", "model.onnx": b"mine"}
    monkeypatch.undo()
    decode(data, tmp_path / "model.onnx", replace_external=True)
    assert set(listing(tmp_path)) == {"old/w", "new/v", "new/er/u", "model.onnx"}


def test_two_names_that_are_one_file_to_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in place of a file system that ignores case: both names lead to the file written first."""
    put = places.Publication.put

    def ignoring_case(self: places.Publication, number: int) -> None:
        put(self, number)
        if number == 2:
            (tmp_path / "W").hardlink_to(tmp_path / "w")

    monkeypatch.setattr(places.Publication, "put", ignoring_case)
    for allowed in (False, True):
        text = message(file_with("W", "w"), tmp_path / "model.onnx", "E_OUTPUT", replace_external=allowed)
        assert "another output" in text
        (tmp_path / "W").unlink()
        assert listing(tmp_path) == {}


@pytest.mark.parametrize("name", ["onnx::MatMul_12", "a/CON", "a./w"])
def test_names_that_windows_does_not_keep_are_not_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    decode(file_with(name), tmp_path / "model.onnx")
    assert (tmp_path / name).is_file()
    monkeypatch.setattr(places, "_IS_WINDOWS", True)
    (tmp_path / "out").mkdir()
    assert "another system" in message(file_with(name), tmp_path / "out" / "model.onnx", "E_OUTPUT")
    assert listing(tmp_path / "out") == {}
