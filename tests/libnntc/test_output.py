"""Sets of files that the command in C replaces: whole after a kill or a failure at every system call."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from nntc.decoder.folder import FolderSink
from nntc.decoder.model import decode as decode_in_python
from nntc.decoder.staging import settle_dead
from nntc.errors import OutputError

from tests.decoder.kill_at import prepare, state
from tests.decoder.test_folder import file_with

from .building import CODERS, LIBRARY, LINKED, PROGRAMS, build, core, require_coders


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, which stops where the environment says."""
    require_coders()
    folder = tmp_path_factory.mktemp("stopping")
    objects = build_objects(folder)
    sources = [*core(), LIBRARY / "cli" / "nntc.c", PROGRAMS / "stop_at.c"]
    return build(sources, folder / "nntc-c", *map(str, objects), *CODERS, *LINKED)


def build_objects(folder: Path) -> list[Path]:
    return [
        build([path], folder / f"{path.stem}.o", "-c", "-include", str(PROGRAMS / "stop_at.h"))
        for path in sorted((LIBRARY / "posix").glob("*.c"))
    ]


def decode(
    command: Path, source: Path, target: Path, *options: str, **stop: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(command), "decode", *options, str(source), str(target)],
        env={**os.environ, **stop},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "set").write_bytes(file_with("a/w", "b/u", "v"))
    (folder / "one").write_bytes(file_with())
    return folder / "set", folder / "one"


def stopped(command: Path, files: tuple[Path, Path], folder: Path, how: str) -> list[tuple[int, str, str]]:
    """For each call: exit code, state after it, and after the next run, every second time in Python."""
    results = []
    for number in range(1, 1000):
        prepare(folder)
        target = folder / "model.onnx"
        done = decode(command, files[0], target, "--replace", STOP_AT=str(number), STOP_HOW=how)
        if done.returncode == 99:
            break
        after = state(folder)
        if number % 2:
            settle_dead(folder)
        else:
            assert decode(command, files[1], folder / "other.onnx").returncode == 0
            (folder / "other.onnx").unlink()
        results.append((done.returncode, after, state(folder)))
    assert len(results) > 50
    return results


def test_a_kill_at_any_call_leaves_the_old_set_or_the_new_and_the_next_run_tidies_up(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    found = stopped(command, files, tmp_path, "kill")
    assert {code for code, _, _ in found} == {-9}
    assert {after.rstrip("+") for _, after, _ in found} == {"old", "none", "new"}
    assert {later for _, _, later in found} == {"old", "new"}
    assert [later for _, _, later in found] == sorted((later for _, _, later in found), reverse=True)


def test_a_call_that_fails_leaves_no_mix(command: Path, files: tuple[Path, Path], tmp_path: Path) -> None:
    found = stopped(command, files, tmp_path, "fail")
    assert {code for code, _, _ in found} <= {0, 2}
    assert {after.rstrip("+") for _, after, _ in found} <= {"old", "none", "new"}
    assert {later for _, _, later in found} == {"old", "new"}
    assert all(later == ("old" if code else "new") for code, _, later in found)


def test_a_journal_that_leads_elsewhere_and_a_folder_open_to_others_move_nothing(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    out = tmp_path / "out"
    for name, mode in ((".nntc-open", 0o777), (".nntc-leads", 0o700)):
        planted = out / name
        planted.mkdir(parents=True)
        planted.chmod(mode)
        (planted / "0.part").touch()
        (planted / "1.old").write_bytes(b"theirs")
        (planted / "journal").write_bytes(b"f 0 1 model.onnx\0f 0 1 ../mine\0.\0")
    assert decode(command, files[1], out / "model.onnx").returncode == 0
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert sorted(path.name for path in out.iterdir()) == [".nntc-open", "model.onnx"]


def test_links_devices_and_read_only_files_are_not_replaced(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("mine")
    (tmp_path / "fixed").write_bytes(b"fixed")
    (tmp_path / "fixed").chmod(0o444)
    os.mkfifo(tmp_path / "pipe")
    before = sorted(path.name for path in tmp_path.iterdir())
    for name, message in (("link", "no regular file"), ("pipe", "no regular file"), ("fixed", "read-only")):
        done = decode(command, files[1], tmp_path / name, "--replace")
        assert done.returncode == 2
        assert message in done.stderr
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (tmp_path / "fixed").read_bytes() == b"fixed"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_nothing_is_replaced_entered_or_hidden_without_leave(command: Path, tmp_path: Path) -> None:
    for number, (there, named) in enumerate([("v", "v"), ("a/other", "a/w"), ("other", ".hidden")]):
        folder = tmp_path / str(number)
        (folder / there).parent.mkdir(parents=True)
        (folder / there).write_bytes(b"mine")
        source = tmp_path / "source"
        source.write_bytes(file_with(named))
        assert decode(command, source, folder / "model.onnx").returncode == 2
        assert [path.name for path in folder.rglob("*") if path.is_file()] == [Path(there).name]
        assert decode(command, source, folder / "model.onnx", "--replace").returncode == 0


def test_a_new_file_keeps_the_mode_of_the_one_that_it_replaces(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"older")
    target.chmod(0o640)
    assert decode(command, files[1], target).returncode == 0
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes() != b"older"


def test_a_target_that_a_run_in_python_is_writing_is_refused(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    target = tmp_path / "größe.onnx"
    with FolderSink(target) as sink:
        sink.begin(None)
        sink.write(memoryview(b"ours"))
        done = decode(command, files[1], target)
        assert done.returncode == 2
        assert "another run is writing größe.onnx" in done.stderr
        assert decode(command, files[1], tmp_path / "other.onnx").returncode == 0
    assert target.read_bytes() == b"ours"
    assert decode(command, files[1], target).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["größe.onnx", "other.onnx"]


def test_runs_in_c_and_in_python_that_race_leave_the_set_of_one_of_them(
    command: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ours = file_with("a/w", "v")
    for _ in range(10):
        words = [str(command), "decode", "--replace", str(files[0]), str(out / "model.onnx")]
        others = [subprocess.Popen(words, stderr=subprocess.DEVNULL) for _ in range(3)]
        ended = []
        for _ in range(3):
            try:
                decode_in_python(ours, out / "model.onnx", replace_external=True)
                ended.append(0)
            except OutputError as e:
                ended.append(2 if e.id == "E_OUTPUT_BUSY" else 9)
        ended += [process.wait() for process in others]
        assert 0 in ended
        assert set(ended) <= {0, 2}
        assert (out / "model.onnx").read_bytes() == b"model"
        assert (out / "v").read_bytes() in (b"dataa/wv", b"dataa/wb/uv")
        assert not list(out.glob(".nntc-*"))
