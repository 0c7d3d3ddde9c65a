"""`nntc conformance`: a check of encoders' files, and the runner as a command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.cli import main
from nntc.conformance.check import check
from nntc.decoder.directory import read_directory
from nntc.encoder.container import CodedFile, NewSection
from nntc.encoder.encode import encode_bytes
from nntc.format.registry import SectionType
from nntc.sources.source import BytesSource
from onnx import helper, numpy_helper

from conformance.generator.build import build
from conformance.generator.cases.basics import BYTES
from conformance.generator.files import MAIN, File
from conformance.generator.records import OPAQUE1, planes
from conformance.generator.views import matrix
from tests.conformance.vectors import CONFORMANCE, VECTORS, read

RECORD = planes(OPAQUE1, matrix(len(BYTES)), BYTES)


def findings(**options: object) -> list[tuple[str, str | None, int | None]]:
    data = build(File([RECORD], **options)).data  # type: ignore[arg-type]
    return [(f.level, f.requirement, f.offset) for f in check(data).findings]


def notes(parts: int) -> tuple[int, bytes]:
    return 0x81, bytes([0, parts, *bytes(2 * parts), 0, 1]) + b"x"


def test_every_valid_vector_is_decoded_and_the_others_are_not() -> None:
    # One in seven: the decoder behind it is tested with all.
    for vector in [vector for vector in VECTORS.values() if "base" not in vector][::7]:
        if vector["size"] < 1000:
            result = check(read(vector))
            faults = [{"id": f.id, "offset": f.offset} for f in result.findings if f.id is not None]
            assert faults == ([vector["error"]] if "error" in vector else []), vector["id"]


def test_a_plain_file_has_nothing_to_be_said_about() -> None:
    assert findings() == []
    result = check(build(File([RECORD])).data)
    assert result.conforms
    assert (result.version, result.profile, result.needs) == ("1.0", "device", ())
    assert result.output == len(BYTES) + 3
    assert result.memory_bound is not None
    assert result.memory_bound > 0


def test_main_without_need() -> None:
    assert findings(profile=MAIN) == [("advice", None, 11)]


@pytest.mark.parametrize(
    ("vector", "needs"),
    [("planes-zstd", "zstd"), ("planes-bzip2", "bzip2"), ("profile-integers-gaps", "zstd")],
)
def test_what_main_is_needed_for(vector: str, needs: str) -> None:
    result = check(read(VECTORS[vector]))
    assert needs in result.needs
    assert result.findings == ()


def test_rules_for_encoders() -> None:
    assert findings(minor=7) == [("error", "R-900", 9)]
    assert findings(others=[notes(1)]) == []
    [found] = findings(others=[notes(1), notes(1)])
    assert found[:2] == ("error", "R-905")
    [found] = findings(others=[notes(2)])
    assert found[:2] == ("advice", "R-272")
    [found] = findings(others=[(0x90, b"")])
    assert found[:2] == ("advice", None)
    assert findings(others=[(0xF0, b"")]) == []


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["conformance", *words])
    assert isinstance(ended.value.code, int)
    captured = capsys.readouterr()
    return ended.value.code, captured.out + captured.err


def test_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(CONFORMANCE / "vectors/valid/trellis.nntc", "trellis.nntc")
    valid = "trellis.nntc"
    assert command(capsys, "check", valid) == (
        0,
        f"{valid}: conforms\n"
        "format 1.0, profile device; decoding needs at most 24 MiB of memory\n"
        + command(capsys, "check", valid)[1].split("\n", 2)[2],
    )
    wrong = Path("wrong.nntc")
    wrong.write_bytes(build(File([RECORD], profile=MAIN, minor=3)).data)
    code, text = command(capsys, "check", str(wrong))
    assert code == 1
    assert text.splitlines()[3:] == [
        "error: R-900 @ 9: minor version is 3, of this format 0",
        "advice: @ 11: SHOULD declare Device: nothing beyond it is used",
    ]
    wrong.write_bytes(b"PK" + bytes(30))
    code, text = command(capsys, "check", str(wrong), "--json")
    assert code == 1
    result = json.loads(text)
    assert (result["conforms"], result["profile"]) == (False, None)
    assert [(f["id"], f["offset"]) for f in result["findings"]] == [("E_SIGNATURE", 0)]
    assert command(capsys, "check", str(tmp_path / "none.nntc"))[0] == 2


def test_the_runner_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = command(capsys, "run", "--help")
    assert code == 0
    assert "nntc conformance run --decoder" in text
    assert command(capsys, "run")[0] == 2
    decoder = 'sh -c "exit 1" {input} {output}'
    assert command(capsys, "run", "--decoder", decoder, "--run", "digest-of-tensor")[0] == 0
    assert command(capsys, "run", "--decoder", decoder, "--run", "empty")[0] == 1


def test_what_our_encoder_writes_conforms() -> None:
    tensors = [numpy_helper.from_array(np.arange(600.0).reshape(20, 30), "w")]
    model: onnx.ModelProto = helper.make_model(helper.make_graph([], "g", [], [], tensors), ir_version=10)
    result = check(encode_bytes(model.SerializeToString(), method="lossless")[0])
    assert result.findings == ()


def test_an_index_says_what_the_graph_does() -> None:
    values = np.arange(900, dtype=np.float32).reshape(30, 30)
    graph = helper.make_graph([], "g", [], [], [numpy_helper.from_array(values, "t")])
    data, _ = encode_bytes(helper.make_model(graph), method="lossless", device_memory=65536, index=True)
    assert check(data).findings == ()
    content = b"\0\1\0\1t\1\2\x1e\x1e\1\0\0"
    assert content in data
    for other in (content.replace(b"t\1", b"u\1"), content.replace(b"\1\2\x1e", b"\1\2\x1d"), content + b"x"):
        [found] = check(with_index(data, other)).findings
        assert (found.level, found.requirement) == ("error", "R-907")
    twice = [(f.level, f.requirement) for f in check(with_index(data, content, again=True)).findings]
    assert twice == [("error", "R-907")]


def test_an_index_of_what_is_no_model() -> None:
    [found] = findings(others=[(0x83, b"\0\0")])
    assert found[:2] == ("error", "R-907")


def with_index(data: bytes, index: bytes, *, again: bool = False) -> bytes:
    directory = read_directory(BytesSource(data))
    old = [
        NewSection(SectionType(s.type), data[s.offset : s.offset + s.length], s.output)
        for s in directory.sections
        if s.type != SectionType.INDEX
    ]
    new = NewSection(SectionType.INDEX, index, 0)
    sections = [new, new, *old] if again else [new, *old]
    return CodedFile(directory.profile, directory.working_memory, sections).tobytes()
