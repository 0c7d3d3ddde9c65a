"""Files written together, and runs that write the same ones at once: one wins whole, the others say so."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from nntc.decoder.locks import HAS_LOCKS
from nntc.decoder.model import decode
from nntc.decoder.output_set import OutputSet
from nntc.encoder.encode import encode
from nntc.errors import NntcError, OutputError
from nntc.progress import ProgressEvent

from tests.decoder.test_folder import file_with, listing
from tests.networks import classifier

needs_locks = pytest.mark.skipif(not HAS_LOCKS, reason="needs locks of folders")


def refused(*paths: Path) -> OutputError:
    with pytest.raises(OutputError) as caught, OutputSet(paths):
        pytest.fail("it was not refused")
    return caught.value


def test_all_or_none(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    with OutputSet(paths) as outputs:
        outputs.write([[b"1"], [b"2"], [b"3"]])
        assert not any(path.exists() for path in paths)
    assert listing(tmp_path) == {"a": b"1", "b": b"2", "c": b"3"}
    with pytest.raises(ValueError, match="invalid literal"), OutputSet(paths) as outputs:
        outputs.write([[b"4"], [b"5"], [str(int("no number")).encode()]])
    assert listing(tmp_path) == {"a": b"1", "b": b"2", "c": b"3"}


def test_places_are_refused_before_the_work_begins(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "fixed").write_bytes(b"mine")
    (tmp_path / "fixed").chmod(0o444)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    for name in ("link", "fixed", "pipe", "folder"):
        assert refused(tmp_path / name, tmp_path / "page").id == "E_OUTPUT"
        assert refused(tmp_path / "main", tmp_path / name).id == "E_OUTPUT"
        assert refused(tmp_path / "main", tmp_path / "folder" / "page", tmp_path / name).id == "E_OUTPUT"
    assert refused(tmp_path / "main", tmp_path / "missing" / "page").id == "E_OUTPUT"
    assert sorted(tmp_path.iterdir()) == before


@needs_locks
def test_a_target_that_is_being_written_is_refused(tmp_path: Path) -> None:
    target, page = tmp_path / "main", tmp_path / "page"
    with OutputSet([target, page]) as outputs:
        outputs.write([[b"ours"], [b"page"]])
        error = refused(target)
        assert (error.id, str(target) in error.message) == ("E_OUTPUT_BUSY", True)
        with OutputSet([tmp_path / "other"]) as others:
            others.write([[b"theirs"]])
    assert listing(tmp_path) == {"main": b"ours", "page": b"page", "other": b"theirs"}
    with OutputSet([target]) as outputs:  # not busy any more
        outputs.write([[b"later"]])


@needs_locks
def test_encoding_and_decoding_what_is_being_written(tmp_path: Path) -> None:
    model, target, restored = (tmp_path / name for name in ("model.onnx", "model.nntc", "restored.onnx"))
    model.write_bytes(classifier().SerializeToString())
    busy = []

    def encode_too(_: ProgressEvent) -> None:
        with pytest.raises(OutputError) as caught:
            encode(model, target, method="lossless")
        busy.append(caught.value.id)

    def decode_too(_: ProgressEvent) -> None:
        with pytest.raises(OutputError) as caught:
            decode(target, restored)
        busy.append(caught.value.id)

    encode(model, target, method="lossless", progress=encode_too)
    decode(target, restored, progress=decode_too)
    assert restored.read_bytes() == model.read_bytes()
    assert len(busy) > 4
    assert set(busy) == {"E_OUTPUT_BUSY"}


@needs_locks
def test_runs_that_race_leave_the_set_of_one_of_them(tmp_path: Path) -> None:
    """Different sets of the same names: in the end one is there whole, and whoever lost was told."""
    sets = [file_with("a/w", "v"), file_with("a/w", "b/w", "v"), file_with("a/w", "v", "w", "x")]
    wholes = []
    for number, data in enumerate(sets):
        alone = tmp_path / str(number)
        alone.mkdir()
        decode(data, alone / "model.onnx")
        wholes.append(listing(alone))
    out = tmp_path / "out"
    out.mkdir()
    ended: Counter[int] = Counter()
    for _ in range(10):
        processes = []
        for data in sets * 2:
            process = os.fork()
            if process == 0:
                os._exit(ending(data, out / "model.onnx"))
            processes.append(process)
        codes = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]
        ended.update(codes)
        assert 0 in codes
        found = listing(out)
        assert any(found.items() >= whole.items() for whole in wholes), sorted(found)
        assert not [name for name in found if name.startswith(".nntc-")]
    assert set(ended) == {0, 1}


def ending(data: bytes, target: Path) -> int:
    try:
        decode(data, target, replace_external=True)
    except NntcError as e:
        return 1 if e.id == "E_OUTPUT_BUSY" else 2
    except BaseException:
        return 3
    return 0
