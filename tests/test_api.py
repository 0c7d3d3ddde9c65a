from __future__ import annotations

import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

ROOT = Path(__file__).resolve().parents[1]


def weights(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(16, 32)).astype(np.float32)


def linear(folder: Path, *, seed: int = 0, external: bool = False) -> Path:
    """Write a network of one matrix."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 16))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 32))],
        [numpy_helper.from_array(weights(seed), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "linear.onnx"
    if external:
        onnx.save(model, path, save_as_external_data=True, location="linear.bin", size_threshold=0)
    else:
        path.write_bytes(model.SerializeToString())
    return path


def python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


LOADED = "; print(*sorted({name.split('.')[0] for name in sys.modules}))"


def test_all_is_sorted_and_complete() -> None:
    assert nntc.__all__ == sorted(nntc.__all__)
    assert len(set(nntc.__all__)) == len(nntc.__all__)
    for name in nntc.__all__:
        assert getattr(nntc, name) is not None
    assert set(nntc.__all__) <= set(dir(nntc))


def test_lazy_names_are_those_that_type_checkers_see() -> None:
    source = Path(nntc.__file__).read_text()
    block = source[source.index("if TYPE_CHECKING:") : source.index("__all__")]
    seen = {
        name: module
        for module, names in re.findall(r"from (nntc[\w.]+) import ([\w, ]+)", block)
        for name in names.strip().split(", ")
    }
    assert seen == nntc._HOMES


def test_public_names_say_where_they_live() -> None:
    for name, home in nntc._HOMES.items():
        assert getattr(nntc, name).__module__ == home


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="module 'nntc' has no attribute 'compress'"):
        _ = nntc.compress  # type: ignore[attr-defined]


def test_importing_codec_loads_nothing_heavy() -> None:
    loaded = set(python("import sys, nntc" + LOADED).split())
    assert not loaded & {"numpy", "construct", "zstandard", "onnx", "scipy", "click", "rich", "google"}


def test_decoding_loads_neither_onnx_nor_scipy(tmp_path: Path) -> None:
    nntc.encode(linear(tmp_path), tmp_path / "m.nntc", method="lossless")
    code = "import sys, nntc; nntc.decode(sys.argv[1], sys.argv[2]); nntc.verify(sys.argv[1])" + LOADED
    loaded = set(python(code, str(tmp_path / "m.nntc"), str(tmp_path / "again.onnx")).split())
    assert not loaded & {"onnx", "scipy", "click", "rich", "google", "onnxruntime"}


def test_encode_and_decode(tmp_path: Path) -> None:
    model = linear(tmp_path)
    report = nntc.encode(model, tmp_path / "m.nntc", method=nntc.Method.LOSSLESS)
    assert isinstance(report, nntc.EncodeReport)
    assert report.size == (tmp_path / "m.nntc").stat().st_size
    result = nntc.decode(tmp_path / "m.nntc", tmp_path / "again.onnx")
    assert isinstance(result, nntc.DecodeResult)
    assert result.size == model.stat().st_size
    assert (tmp_path / "again.onnx").read_bytes() == model.read_bytes()


def test_sources_of_every_kind(tmp_path: Path) -> None:
    model = linear(tmp_path)
    nntc.encode(model.read_bytes(), tmp_path / "m.nntc", method="lossless")
    data = (tmp_path / "m.nntc").read_bytes()
    for source in (data, bytearray(data), memoryview(data), str(tmp_path / "m.nntc"), tmp_path / "m.nntc"):
        nntc.decode(source, tmp_path / "again.onnx")
        assert (tmp_path / "again.onnx").read_bytes() == model.read_bytes()
    with pytest.raises(TypeError):
        nntc.decode(7, tmp_path / "again.onnx")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        nntc.decode(tmp_path / "none.nntc", tmp_path / "again.onnx")


def test_misuse_is_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one goal"):
        nntc.encode(linear(tmp_path), tmp_path / "m.nntc", bits=3, ratio=10)
    assert not (tmp_path / "m.nntc").exists()


def test_errors_form_one_tree() -> None:
    assert issubclass(nntc.UnsupportedError, nntc.FormatError)
    for error in (nntc.FormatError, nntc.ModelError, nntc.OutputError, nntc.SamplesError):
        assert issubclass(error, nntc.NntcError)
    with pytest.raises(nntc.NntcError) as caught:
        nntc.verify(b"nothing of the kind")
    assert (caught.value.id, caught.value.offset) == ("E_SIGNATURE", 0)
    assert str(caught.value) == "E_SIGNATURE @ 0: not a .nntc file but text"


def test_open(tmp_path: Path) -> None:
    nntc.encode(linear(tmp_path), tmp_path / "m.nntc", method="lossless")
    with nntc.open(tmp_path / "m.nntc") as container:
        assert isinstance(container, nntc.Container)
        assert all(isinstance(section, nntc.Section) for section in container.sections)
        tensor = container.tensors["w"]
        assert isinstance(tensor, nntc.LazyTensor)
        np.testing.assert_array_equal(tensor.array(), weights())


def test_verify(tmp_path: Path) -> None:
    model = linear(tmp_path)
    nntc.encode(model, tmp_path / "exact.nntc", method="lossless")
    exact = nntc.verify(tmp_path / "exact.nntc", model)
    assert isinstance(exact, nntc.VerifyResult)
    assert (exact.identical, exact.error) == (True, 0)
    assert exact.tensors == (nntc.TensorDifference("w", (16, 32), "float32", 512, 0.0),)
    assert nntc.verify(tmp_path / "exact.nntc").identical is None
    assert nntc.verify(tmp_path / "exact.nntc").error is None

    report = nntc.encode(model, tmp_path / "lossy.nntc", method="quantization", bits=5)
    lossy = nntc.verify(tmp_path / "lossy.nntc", model)
    assert lossy.identical is False
    assert lossy.error == pytest.approx(report.error)
    decoded = nntc.open(tmp_path / "lossy.nntc").tensors["w"].array()
    assert lossy.tensors[0].error == pytest.approx(
        float(np.linalg.norm(decoded - weights()) / np.linalg.norm(weights()))
    )


def test_verify_with_external_data(tmp_path: Path) -> None:
    model = linear(tmp_path, external=True)
    report = nntc.encode(model, tmp_path / "m.nntc", method="quantization", bits=5)
    result = nntc.verify(tmp_path / "m.nntc", model)
    assert [file.name for file in result.files] == [None, "linear.bin"]
    assert result.error == pytest.approx(report.error)
    (tmp_path / "linear.bin").rename(tmp_path / "elsewhere")
    with pytest.raises(nntc.ModelError, match="E_EXTERNAL"):
        nntc.verify(tmp_path / "m.nntc", model)
    (tmp_path / "linear.bin").hardlink_to(tmp_path / "elsewhere")
    with pytest.raises(nntc.ModelError, match=r"E_EXTERNAL.* is a link"):
        nntc.verify(tmp_path / "m.nntc", model)
    assert nntc.verify(tmp_path / "m.nntc", model, follow_links=True).error == result.error


def test_verify_against_another_model(tmp_path: Path) -> None:
    model = linear(tmp_path)
    nntc.encode(model, tmp_path / "m.nntc", method="lossless")
    data = model.read_bytes()
    place = data.index(b"MatMul")
    (tmp_path / "other.onnx").write_bytes(data.replace(b"MatMul", b"MatMuI"))
    with pytest.raises(nntc.ModelError) as caught:
        nntc.verify(tmp_path / "m.nntc", tmp_path / "other.onnx")
    assert (caught.value.id, caught.value.offset) == ("E_OTHER_MODEL", place + 5)
    (tmp_path / "other.onnx").write_bytes(data + b"\x0a\x00")
    with pytest.raises(nntc.ModelError, match=f"E_OTHER_MODEL @ {len(data)}"):
        nntc.verify(tmp_path / "m.nntc", tmp_path / "other.onnx")
    (tmp_path / "other.onnx").write_bytes(linear(tmp_path, seed=1).read_bytes())
    result = nntc.verify(tmp_path / "m.nntc", tmp_path / "other.onnx")
    assert result.identical is False
    assert result.error is not None
    assert result.error > 1


def test_verify_where_there_is_no_relative_error(tmp_path: Path) -> None:
    for name, value in (("nan", np.nan), ("zero", 0.0)):
        graph = helper.make_graph(
            [], "g", [], [], [numpy_helper.from_array(np.full(64, value, np.float32), "w")]
        )
        (tmp_path / f"{name}.onnx").write_bytes(helper.make_model(graph).SerializeToString())
        nntc.encode(tmp_path / f"{name}.onnx", tmp_path / f"{name}.nntc", method="lossless")
        assert nntc.verify(tmp_path / f"{name}.nntc", tmp_path / f"{name}.onnx").error == 0
    for coded, original in (("nan", "zero"), ("zero", "nan")):
        result = nntc.verify(tmp_path / f"{coded}.nntc", tmp_path / f"{original}.onnx")
        assert np.isnan(result.tensors[0].error)


@pytest.mark.parametrize("external", [False, True])
def test_a_session_straight_from_a_file(external: bool, tmp_path: Path) -> None:
    model = linear(tmp_path, external=external)
    nntc.encode(model, tmp_path / "m.nntc", method="lossless")
    model.unlink()
    (tmp_path / "linear.bin").unlink(missing_ok=True)
    session = nntc.session(tmp_path / "m.nntc", providers=["CPUExecutionProvider"])
    inputs = np.ones((1, 16), np.float32)
    np.testing.assert_allclose(session.run(None, {"x": inputs})[0], inputs @ weights(), rtol=1e-5, atol=1e-5)


def test_a_session_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nntc.encode(linear(tmp_path), tmp_path / "m.nntc", method="lossless")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[runtime\]'"):
        nntc.session(tmp_path / "m.nntc")


def test_public_functions_are_typed() -> None:
    for function in (nntc.encode, nntc.decode, nntc.open, nntc.verify, nntc.sweep):
        hints = dict(function.__annotations__)
        assert hints.pop("return")
        assert hints
        assert function.__doc__ is not None
        assert "Raises" in function.__doc__
    assert (ROOT / "codec" / "nntc" / "py.typed").exists()
    assert typing.get_type_hints(nntc.DecodedFile) == {"name": str | None, "size": int, "sha256": str}


def test_the_modules_docstring_lists_the_functions() -> None:
    doc: Any = nntc.__doc__
    for name in ("encode", "decode", "open", "verify", "sweep", "session"):
        assert f"nntc.{name}(" in doc


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['onnx'] = None; import nntc; nntc.decode, nntc.verify; nntc.encode"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "codec", check=False
    )
    last = done.stderr.splitlines()[-1]
    assert last == "ImportError: nntc.encode needs more: pip install 'nntc[encode]'"
