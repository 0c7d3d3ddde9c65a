"""Limits of what a file may take: each is reached, and says what was needed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.cli import main
from nntc.encoder.container import CodedFile, NewFile, graph_section
from nntc.format.registry import Profile
from nntc.limits import NO_LIMITS, Deadline, Limits
from nntc.reader.container import LISTED
from onnx import helper, numpy_helper

TENSOR = b"\x2a\x00"
"""An empty TensorProto as a field of a graph."""


def many(count: int) -> bytes:
    """Return a small file whose model has so many empty tensors, all of them graph bytes."""
    graph = TENSOR * count
    model = b"\x3a" + bytes([len(graph) >> shift & 0x7F | 0x80 for shift in (0, 7, 14)] + [len(graph) >> 21])
    files = [NewFile(len(model + graph), bytes(32), None)]
    return CodedFile(Profile.DEVICE, 0, [graph_section(files, [], model + graph)]).tobytes()


def coded(**chosen: Any) -> bytes:
    weights = numpy_helper.from_array(np.random.default_rng(0).normal(size=(30, 40)), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [], [], [weights])
    model: onnx.ModelProto = helper.make_model(graph, ir_version=10)
    return nntc.encode_bytes(model, **chosen)[0]


def test_limits_do_not_change_and_are_not_negative() -> None:
    with pytest.raises(FrozenInstanceError):
        Limits().memory = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="files"):
        Limits(files=-1)
    assert Limits.of() == NO_LIMITS
    assert Limits.of(files=3) == Limits(None, None, 3, None, None, None)


def test_what_are_no_limits() -> None:
    data = coded()
    with pytest.raises(TypeError, match="memory must be a number, not '1G'"):
        Limits(memory="1G")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="limits must be"):
        nntc.decode_bytes(data, limits=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="jobs must be a whole number, not '2'"):
        nntc.decode_bytes(data, jobs="2")  # type: ignore[arg-type]


def test_a_small_file_of_very_many_tensors_is_refused_before_they_take_memory() -> None:
    data = many(1 << 20)
    assert len(data) < 1000
    assert (LISTED.tensors, LISTED.fields) == (Limits().tensors, Limits().fields)
    message = r"1,001 tensors are in the graph or more, and 1,000 .*Limits\(tensors=...\) or --max-tensors"
    limits = replace(LISTED, tensors=1000)
    with nntc.open(data, limits=limits) as container, pytest.raises(nntc.LimitError, match=message):
        container.tensors  # noqa: B018 - that is what raises
    limits, message = Limits.of(fields=1000), r"4,09[67] fields .*, and 1,000 are allowed.*max-fields"
    with nntc.open(data, limits=limits) as container, pytest.raises(nntc.LimitError, match=message):
        container.tensors  # noqa: B018


def test_as_many_tensors_as_are_allowed_are_listed() -> None:
    data = many(50)
    with nntc.open(data, limits=Limits.of(tensors=50)) as container:
        assert len(container.tensors) == 50
    with nntc.open(data, limits=Limits.of(tensors=49)) as container, pytest.raises(nntc.LimitError):
        container.tensors  # noqa: B018


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"memory": 1 << 20}, r"E_MEMORY @ 28: decoding may need [\d,]+ bytes, and 1,048,576 are allowed"),
        ({"output": 100}, r"E_MEMORY @ 28: decoding gives [\d,]+ bytes, and 100 are allowed"),
        ({"files": 0}, r"E_LIMIT: 1 files are written or more, and 0 are allowed.*max-files"),
        ({"seconds": 0}, r"E_LIMIT: this takes longer than 0 seconds.*max-seconds"),
    ],
)
def test_what_decoding_may_take(limits: dict[str, Any], message: str) -> None:
    data = coded()
    for action in (nntc.decode_bytes, nntc.verify):
        with pytest.raises(nntc.NntcError, match=message):
            action(data, limits=Limits.of(**limits))
        action(data, limits=Limits())
        action(data)


def test_time_is_over_once_it_is() -> None:
    Deadline(NO_LIMITS).check()
    Deadline(Limits()).check()
    with pytest.raises(nntc.LimitError):
        Deadline(Limits.of(seconds=0)).check()


def test_commands_take_limits(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path, target = tmp_path / "m.nntc", tmp_path / "m.onnx"
    path.write_bytes(coded())
    for words, code, told in (
        (["decode", path, target, "--max-files", "1", "--untrusted"], 0, ""),
        (["verify", path, "--max-output", "10"], 1, "E_MEMORY"),
        (["info", path, "--max-tensors", "1"], 0, ""),
        (["info", path, "--max-fields", "2"], 1, "and 2 are allowed"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        assert ended.value.code == code
        assert told in capsys.readouterr().err
