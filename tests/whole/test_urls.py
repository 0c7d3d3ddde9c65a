"""Files behind URLs, from the first request to the model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import nntc
import numpy as np
import pytest
from nntc.cli import main
from nntc.sources.cache import BLOCK
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tests.sources.server import Handler, Web, partial, serving, status, whole, zipped


def values(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(80, 100)).astype(np.float32)


def model(tensors: int = 12) -> bytes:
    """Return a model whose tensors have about 30 KiB each."""
    made = [numpy_helper.from_array(values(k), f"t{k}") for k in range(tensors)]
    return bytes(helper.make_model(helper.make_graph([], "g", [], [], made)).SerializeToString())


@pytest.fixture(scope="module")
def data() -> bytes:
    return nntc.encode_bytes(model(), method="lossless")[0]


@pytest.fixture
def web(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr("nntc.sources.http._PAUSES", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        server.data = data
        yield server


@pytest.mark.parametrize("answer", [partial, whole, zipped])
def test_decoding(answer: Callable[[Handler], None], web: Web, data: bytes, tmp_path: Path) -> None:
    web.answer = answer
    nntc.decode(web.url, tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_bytes() == model()
    assert nntc.decode_bytes(web.url, jobs=2) == {None: model()}
    assert nntc.verify(web.url, tmp_path / "m.onnx").identical
    if answer is partial:
        assert len(web.requests) <= 3 * (1 + len(data) // BLOCK)


def test_opening_takes_one_request_and_a_tensor_one_more(web: Web) -> None:
    with nntc.open(web.url) as container:
        tensors = container.tensors
        assert len(tensors) == 12
        assert web.ranges == [(0, BLOCK)]
        np.testing.assert_array_equal(tensors["t7"].array(), values(7))
        assert len(web.ranges) == 2
        assert sum(length for _, length in web.ranges) <= 4 * BLOCK
        tensors["t7"].array()
        assert len(web.ranges) == 2


def test_a_session(web: Web) -> None:
    matrix = np.eye(4, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, (1, 4))],
        [helper.make_tensor_value_info("y", 1, (1, 4))],
        [numpy_helper.from_array(matrix, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    web.data = nntc.encode_bytes(made, method="lossless")[0]
    inputs = np.ones((1, 4), np.float32)
    assert nntc.session(web.url).run(None, {"x": inputs})[0].tolist() == inputs.tolist()
    assert len(web.requests) == 1


def test_the_same_through_fsspec(data: bytes, tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe("/urls/m.nntc", data)
    try:
        assert nntc.decode_bytes("memory://urls/m.nntc") == {None: model()}
        with nntc.open("memory://urls/m.nntc") as container:
            assert len(container.tensors) == 12
    finally:
        fsspec.filesystem("memory").store.clear()
    (tmp_path / "m.nntc").write_bytes(data)
    assert nntc.verify((tmp_path / "m.nntc").as_uri()).files[0].size == len(model())


def test_a_fault_of_the_file_is_told_apart_from_one_of_the_server(web: Web, tmp_path: Path) -> None:
    web.data = web.data[:-1] + bytes([web.data[-1] ^ 1])
    with pytest.raises(nntc.FormatError, match="E_DIGEST"):
        nntc.decode(web.url, tmp_path / "m.onnx")
    answers = iter([partial, *[status(500)] * 3])
    web.answer = lambda handler: next(answers)(handler)
    with pytest.raises(nntc.SourceError, match=r"E_SOURCE: .*: 500 "):
        nntc.decode(web.url, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_replaced_half_way(web: Web) -> None:
    with nntc.open(web.url) as container:
        tensors = container.tensors
        web.data = nntc.encode_bytes(model(3), method="lossless")[0]
        with pytest.raises(nntc.SourceError, match="E_SOURCE_CHANGED"):
            tensors["t7"].array()


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_commands(web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "m.onnx"
    assert command("decode", web.url, str(target)) == 0
    assert target.read_bytes() == model()
    assert command("verify", web.url, str(target)) == 0
    assert f"{web.url}: " in capsys.readouterr().out
    assert command("info", web.url, "--json") == 0
    assert json.loads(capsys.readouterr().out)["file"] == web.url
    assert command("conformance", "check", web.url) == 0


def test_commands_where_a_server_has_no_such_file(
    web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web.answer = status(404)
    for words in (["decode", web.url, str(tmp_path / "m.onnx")], ["verify", web.url], ["info", web.url]):
        assert command(*words) == 2
        assert capsys.readouterr() == ("", f"nntc: E_SOURCE: {web.url}: 404 Not Found\n")
    assert list(tmp_path.iterdir()) == []
    assert command("encode", web.url, str(tmp_path / "m.nntc")) == 2
    assert "download the file first" in capsys.readouterr().err
