from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nntc
import numpy as np
import onnx
import pytest
from nntc.errors import FormatError, ModelError
from nntc.format.registry import SectionType
from nntc.limits import Limits
from nntc.reader.info import describe
from onnx import TensorProto, helper, numpy_helper

from tests.networks import using
from tests.reader.containers import coded, model_of, opened, random_values


def test_arrays_are_the_callers_own() -> None:
    lazy = opened(numpy_helper.from_array(random_values(8, 8), "t")).tensors["t"]
    lazy.array()[:] = 0
    assert lazy.array().any()


def test_a_negative_dimension_has_no_elements_and_does_not_stop_info() -> None:
    wrong = numpy_helper.from_array(random_values(9), "wrong")
    wrong.dims[0] = -10_000
    with nntc.open(coded(using(right=random_values(30, 40), wrong=wrong), "auto", quality=20)) as container:
        assert container.tensors["wrong"].size == 0
        error = describe(container).totals.error
        assert error is not None
        assert error > 0
        with pytest.raises(ModelError, match="for 0 elements"):
            container.tensors["wrong"].array()


def constant(name: str, tensor: onnx.TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=tensor)


def test_tensors_everywhere_in_a_model() -> None:
    values = random_values(40)

    def tensor(name: str, factor: int) -> onnx.TensorProto:
        return numpy_helper.from_array(values * factor, name)

    def numbers(name: str, count: int) -> onnx.TensorProto:
        return helper.make_tensor(name, TensorProto.INT64, (count,), range(count))

    branch = helper.make_graph(
        [constant("inner", tensor("", 2))], "b", [], [], initializer=[tensor("own", 3)]
    )
    nodes = (
        constant("outer", tensor("", 1)),
        constant("outer_numbers", numbers("", 3)),
        helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch),
        constant("", tensor("", 4)),
        constant("", numbers("", 5)),
    )
    model = model_of(tensor("first", 5), tensor("own", 6), nodes=nodes)
    sparse = helper.make_sparse_tensor(tensor("sparse", 7), helper.make_tensor("", 7, (40,), range(40)), [50])
    model.graph.sparse_initializer.append(sparse)
    function = helper.make_function("d", "f", [], ["z"], [constant("z", numbers("in_function", 6))], [])
    model.functions.append(function)

    tensors = nntc.open(coded(model)).tensors
    for name, wanted in {
        "outer": values,
        "inner": 2 * values,
        "own": 3 * values,
        "graph/node/3/attribute/0/t": 4 * values,
        "first": 5 * values,
        "graph/initializer/1": 6 * values,
        "sparse": 7 * values,
        "outer_numbers": range(3),
        "graph/node/4/attribute/0/t": range(5),
        "in_function": range(6),
        "graph/sparse_initializer/0/indices": range(40),
    }.items():
        np.testing.assert_array_equal(tensors[name].array(), np.asarray(wanted), err_msg=name)
    assert tensors["graph/initializer/1"].name == "own"
    assert tensors["graph/initializer/1"].path == ("graph", "initializer", 1)


def test_equal_tensors_are_stored_once() -> None:
    values = random_values(32, 32)
    tensors = opened(numpy_helper.from_array(values, "a"), numpy_helper.from_array(values, "b")).tensors
    assert (tensors["a"].same_as, tensors["b"].same_as) == (None, "a")
    assert tensors["a"].coded_bytes > 0
    assert tensors["b"].coded_bytes == 0
    np.testing.assert_array_equal(tensors["b"].array(), values)


def test_lossy_tensors_are_those_of_the_decoded_model(
    lossy: tuple[onnx.ModelProto, bytes], tmp_path: Path
) -> None:
    _, data = lossy
    nntc.decode(data, tmp_path / "m.onnx")
    decoded = {t.name: numpy_helper.to_array(t) for t in onnx.load(tmp_path / "m.onnx").graph.initializer}
    container = nntc.open(data)
    assert list(container.tensors) == list(decoded)
    for name, values in decoded.items():
        np.testing.assert_array_equal(container.tensors[name].array(), values)


def test_coded_bytes_add_up_to_the_sections(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    container = nntc.open(lossy[1])
    stored = sum(section.length for section in container.sections if section.type == SectionType.TENSOR)
    assert sum(tensor.coded_bytes for tensor in container.tensors.values()) == pytest.approx(stored)


@pytest.fixture
def external(tmp_path: Path) -> Path:
    values = random_values(1000, seed=1)
    (tmp_path / "data.bin").write_bytes(b"padding " + values.tobytes() + random_values(160, seed=2).tobytes())

    def entry(name: str, offset: int, count: int, length: int | None) -> onnx.TensorProto:
        tensor = TensorProto(name=name, dims=[count], data_type=1, data_location=TensorProto.EXTERNAL)
        places = {"location": "data.bin", "offset": offset}
        if length is not None:
            places["length"] = length
        for key, value in places.items():
            tensor.external_data.add(key=key, value=str(value))
        return tensor

    model = model_of(
        entry("all", 8, 1000, 4000), entry("again", 8, 1000, 4000), entry("last", 4008, 160, None)
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_external_data(external: Path, tmp_path: Path) -> None:
    nntc.encode(external, tmp_path / "m.nntc", method="lossless")
    with nntc.open(tmp_path / "m.nntc") as container:
        assert [file.name for file in container.files] == [None, "data.bin"]
        tensors = container.tensors
        np.testing.assert_array_equal(tensors["all"].array(), random_values(1000, seed=1))
        np.testing.assert_array_equal(tensors["again"].array(), random_values(1000, seed=1))
        np.testing.assert_array_equal(tensors["last"].array(), random_values(160, seed=2))
        assert tensors["again"].same_as == "all"
        assert tensors["last"].same_as is None


def test_what_a_container_tells(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    container = nntc.open(data)
    assert container.size == len(data)
    assert container.version == "1.0"
    assert container.profile in ("device", "main", "full")
    assert sum(section.length for section in container.sections) < len(data)
    assert container.files[0].size == len(model.SerializeToString())
    assert container.memory_bound > 0
    assert repr(container.tensors["w0"]) == "LazyTensor('w0', shape=(16, 16, 3, 3), data_type='float32')"


def test_files_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "m.nntc"
    path.write_bytes(coded(model_of(numpy_helper.from_array(random_values(5000), "t"))))
    with nntc.open(path) as container:
        tensor = container.tensors["t"]
    with pytest.raises(ValueError, match="closed"):
        tensor.array()


def test_damaged_files_do_not_open(tmp_path: Path) -> None:
    path = tmp_path / "m.nntc"
    path.write_bytes(b"not a container, but long enough for one")
    with pytest.raises(FormatError, match="E_SIGNATURE @ 0"):
        nntc.open(path)
    with pytest.raises(FileNotFoundError):
        nntc.open(tmp_path / "none.nntc")
    data = coded(model_of(numpy_helper.from_array(random_values(5000), "t")))
    with pytest.raises(FormatError, match="E_MEMORY @ 28"):
        nntc.open(data, limits=Limits(memory=1000))


@pytest.fixture
def loaded() -> set[str]:
    code = (
        "import sys, nntc; c = nntc.open(sys.argv[1]); [t.array() for t in c.tensors.values()]; "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    demo = Path(__file__).parents[2] / "codec" / "nntc" / "demo" / "digits.nntc"
    done = subprocess.run(
        [sys.executable, "-c", code, str(demo)],
        capture_output=True,
        text=True,
        check=True,
        cwd=demo.parents[2],
    )
    return set(done.stdout.split())


def test_looking_inside_needs_numpy_construct_and_zstandard_only(loaded: set[str]) -> None:
    assert not loaded & {"onnx", "scipy", "rich", "click", "google", "onnxruntime", "ml_dtypes"}
    assert {"numpy", "construct", "zstandard"} <= loaded
