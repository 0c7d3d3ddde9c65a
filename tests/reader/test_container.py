from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.container import NewFile, NewSection, graph_section, write_container
from nntc.encoder.model import encode_bytes
from nntc.encoder.split import open_model
from nntc.encoder.tensors import MAX_PIECE
from nntc.errors import FormatError, ModelError
from nntc.format.registry import Profile, SectionType
from nntc.reader.container import GRAPH_TOOL
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def model_of(*tensors: onnx.TensorProto, nodes: tuple[onnx.NodeProto, ...] = ()) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "g", [], [], initializer=tensors)
    return helper.make_model(graph, ir_version=10)


def coded(model: onnx.ModelProto, method: str = "lossless", **options: Any) -> bytes:
    return encode_bytes(model.SerializeToString(), method=method, **options)[0]


def opened(*tensors: onnx.TensorProto) -> nntc.Container:
    return nntc.open(coded(model_of(*tensors)))


def random_values(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


SMALL_FLOATS: set[int] = {
    TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ, TensorProto.FLOAT8E5M2,
    TensorProto.FLOAT8E5M2FNUZ, TensorProto.FLOAT4E2M1, TensorProto.FLOAT8E8M0,
}  # fmt: skip
SMALL_INTEGERS: dict[int, type[np.integer[Any]]] = {TensorProto.INT4: np.int8, TensorProto.UINT4: np.uint8}
OTHERS: set[int] = {
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.UINT8,
    TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64,
    TensorProto.UINT64, TensorProto.BOOL, TensorProto.COMPLEX64, TensorProto.COMPLEX128,
}  # fmt: skip


def every_code(data_type: int, count: int) -> bytes:
    """Return raw data of `count` elements that goes through all codes of small types."""
    bits = 4 if data_type in (TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1) else 8
    if data_type == TensorProto.BOOL:
        return bytes(i % 2 for i in range(count))
    if data_type in OTHERS or data_type == TensorProto.BFLOAT16:
        dtype = helper.tensor_dtype_to_np_dtype(data_type)
        return (np.arange(count) - 3).astype(dtype).tobytes()
    return bytes(i % 256 for i in range((count * bits + 7) // 8))


def expected(tensor: onnx.TensorProto) -> NDArray[Any]:
    values = numpy_helper.to_array(tensor)
    if tensor.data_type in SMALL_FLOATS:
        return values.astype(np.float32)
    return values.astype(SMALL_INTEGERS[tensor.data_type]) if tensor.data_type in SMALL_INTEGERS else values


@pytest.mark.parametrize("data_type", sorted(SMALL_FLOATS | SMALL_INTEGERS.keys() | OTHERS))
@pytest.mark.parametrize("shape", [(3,), (2, 3, 100)])
def test_every_type_as_raw_data(data_type: int, shape: tuple[int, ...]) -> None:
    tensor = helper.make_tensor("t", data_type, shape, every_code(data_type, int(np.prod(shape))), raw=True)
    lazy = opened(tensor).tensors["t"]
    wanted = expected(tensor)
    assert lazy.shape == shape
    assert lazy.size == wanted.size
    assert lazy.dtype == wanted.dtype
    assert lazy.array().dtype == wanted.dtype
    np.testing.assert_array_equal(lazy.array(), wanted)
    assert lazy.tobytes() == tensor.raw_data
    assert lazy.tool == GRAPH_TOOL or len(tensor.raw_data) >= 64


@pytest.mark.parametrize(
    "data_type", sorted((SMALL_FLOATS | SMALL_INTEGERS.keys() | OTHERS) - {TensorProto.FLOAT8E8M0})
)
def test_every_type_in_its_own_field(data_type: int) -> None:
    values = [0, 1, 1, 0, 1, 0, 1] if data_type == TensorProto.BOOL else [0, 1, 2, 3, 4, 6, 1]
    tensor = helper.make_tensor("t", data_type, (7,), values)
    assert not tensor.HasField("raw_data")
    np.testing.assert_array_equal(opened(tensor).tensors["t"].array(), expected(tensor))


@pytest.mark.parametrize("values", [[-1, -(2**31), 2**31 - 1], [-128, 127, 0]])
def test_negative_integers_in_varints(values: list[int]) -> None:
    for data_type in (TensorProto.INT32, TensorProto.INT64):
        array = opened(helper.make_tensor("t", data_type, (3,), values)).tensors["t"].array()
        assert array.tolist() == values


def test_two_bit_types() -> None:
    for data_type, name, values in ((25, "uint2", [0, 1, 2, 3, 1]), (26, "int2", [0, 1, -2, -1, 1])):
        tensor = TensorProto(name="t", dims=[5], data_type=data_type, raw_data=bytes([0b11100100, 0b01]))
        lazy = opened(tensor).tensors["t"]
        assert lazy.data_type == name
        assert lazy.array().tolist() == values


def test_strings() -> None:
    tensor = TensorProto(name="t", dims=[2, 1], data_type=TensorProto.STRING, string_data=[b"a", b"\xff\x00"])
    lazy = opened(tensor).tensors["t"]
    assert lazy.array().tolist() == [[b"a"], [b"\xff\x00"]]
    assert lazy.data_type == "string"
    with pytest.raises(TypeError):
        lazy.tobytes()


def test_scalars_and_empty_tensors() -> None:
    tensors = opened(
        numpy_helper.from_array(np.array(2.5, np.float32), "scalar"),
        numpy_helper.from_array(np.zeros((0, 4)), "empty"),
    ).tensors
    assert tensors["scalar"].array().shape == ()
    assert tensors["scalar"].array() == 2.5
    assert tensors["empty"].array().shape == (0, 4)
    assert tensors["empty"].coded_bytes == 0


def test_arrays_are_the_callers_own() -> None:
    lazy = opened(numpy_helper.from_array(random_values(8, 8), "t")).tensors["t"]
    lazy.array()[:] = 0
    assert lazy.array().any()


def test_unpacked_floats_and_pieces_of_raw_data() -> None:
    # float_data 1.5, 2.5 as two fixed32 fields; raw_data twice, of which the last one counts.
    unpacked = b"".join(b"\x25" + struct.pack("<f", value) for value in (1.5, 2.5))
    head = b"\x08\x02\x10\x01"  # dims 2, data_type FLOAT
    first = head + b"\x42\x01a" + unpacked
    second = head + b"\x42\x01b" + b"\x4a\x04" + bytes(4) + b"\x4a\x08" + struct.pack("<2f", 3, 4)
    graph = b"".join(b"\x2a" + bytes([len(t)]) + t for t in (first, second))
    data, _ = encode_bytes(b"\x3a" + bytes([len(graph)]) + graph, method="lossless")
    tensors = nntc.open(data).tensors
    assert tensors["a"].array().tolist() == [1.5, 2.5]
    assert tensors["b"].array().tolist() == [3, 4]


def test_data_that_does_not_fit_its_shape_is_an_error() -> None:
    tensors = opened(
        TensorProto(name="short", dims=[3], data_type=1, raw_data=bytes(8)),
        TensorProto(name="huge", dims=[2**40, 2**40], data_type=1),
        TensorProto(name="negative", dims=[-4], data_type=1, raw_data=bytes(8)),
        TensorProto(name="odd", dims=[1], data_type=77, raw_data=bytes(8)),
    ).tensors
    for tensor in tensors.values():
        with pytest.raises(ModelError, match="E_TENSOR"):
            tensor.array()
    with pytest.raises(ModelError, match="E_TENSOR"):
        _ = tensors["odd"].dtype


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


def test_a_large_tensor_in_several_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIECE > 10_000
    monkeypatch.setattr("nntc.encoder.tensors.MAX_PIECE", 10_000)
    values = random_values(100, 100)
    container = opened(numpy_helper.from_array(values, "t"))
    sections = [section for section in container.sections if section.type == SectionType.TENSOR]
    assert len(sections) >= 4
    lazy = container.tensors["t"]
    np.testing.assert_array_equal(lazy.array(), values)
    assert lazy.coded_bytes == sum(section.length for section in sections)
    assert lazy.same_as is None


@pytest.fixture(scope="module")
def lossy() -> tuple[onnx.ModelProto, bytes]:
    """Return a network with many small tensors, and its file."""
    nodes, tensors = [], []
    for k in range(6):
        kernel, bias = random_values(16, 16, 3, 3, seed=k), random_values(16, seed=100 + k)
        tensors += [numpy_helper.from_array(kernel, f"w{k}"), numpy_helper.from_array(bias, f"b{k}")]
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}", f"b{k}"], [f"x{k + 1}"]))
    model = model_of(*tensors, nodes=tuple(nodes))
    return model, coded(model, "auto", quality=20)


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


def test_errors_are_as_noted(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    container = nntc.open(data)
    assert container.notes is not None
    for tensor in model.graph.initializer:
        lazy = container.tensors[tensor.name]
        original = numpy_helper.to_array(tensor).astype(np.float64)
        error = float(np.linalg.norm(lazy.array() - original) / np.linalg.norm(original))
        assert lazy.error == pytest.approx(error, rel=0.03)  # a note counts half decibels


def test_a_file_without_notes_knows_errors_of_exact_tools_only() -> None:
    container = opened(
        numpy_helper.from_array(random_values(4096), "planes"),
        numpy_helper.from_array(np.sign(random_values(4000)), "codebook"),
        numpy_helper.from_array(np.ones(1, np.float32), "graph"),
    )
    assert container.notes is None
    assert {name: (tensor.tool, tensor.error) for name, tensor in container.tensors.items()} == {
        "planes": ("planes", 0.0),
        "codebook": ("codebook", None),
        "graph": ("graph", 0.0),
    }


class RecordingSource:
    """Bytes that note which of them are read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]


def test_only_the_sections_asked_for_are_read() -> None:
    data = coded(model_of(*(numpy_helper.from_array(random_values(2100, seed=k), f"t{k}") for k in range(5))))
    source = RecordingSource(data)
    container = nntc.open(source)
    sections = [section for section in container.sections if section.type == SectionType.TENSOR]
    assert list(container.tensors) == ["t0", "t1", "t2", "t3", "t4"]
    assert all(offset < sections[0].offset for offset, _ in source.reads)
    source.reads.clear()
    container.tensors["t3"].array()
    assert source.reads == [(sections[3].offset, sections[3].length)]


def test_damage_is_found_in_the_tensor_that_has_it() -> None:
    data = bytearray(
        coded(model_of(*(numpy_helper.from_array(random_values(2100, seed=k), f"t{k}") for k in range(3))))
    )
    place = [section for section in nntc.open(data).sections if section.type == SectionType.TENSOR][1]
    data[place.offset + 5] ^= 1
    tensors = nntc.open(data).tensors
    tensors["t0"].array()
    tensors["t2"].array()
    with pytest.raises(FormatError) as caught:
        tensors["t1"].array()
    assert (caught.value.id, caught.value.offset) == ("E_CRC", place.offset)


@pytest.fixture
def external(tmp_path: Path) -> Path:
    values = random_values(64, seed=1)
    (tmp_path / "data.bin").write_bytes(b"padding " + values.tobytes() + random_values(16, seed=2).tobytes())

    def entry(name: str, offset: int, count: int, length: int | None) -> onnx.TensorProto:
        tensor = TensorProto(name=name, dims=[count], data_type=1, data_location=TensorProto.EXTERNAL)
        places = {"location": "data.bin", "offset": offset}
        if length is not None:
            places["length"] = length
        for key, value in places.items():
            tensor.external_data.add(key=key, value=str(value))
        return tensor

    model = model_of(entry("all", 8, 64, 256), entry("again", 8, 64, 256), entry("last", 264, 16, None))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_external_data(external: Path, tmp_path: Path) -> None:
    nntc.encode(external, tmp_path / "m.nntc", method="lossless")
    with nntc.open(tmp_path / "m.nntc") as container:
        assert [file.name for file in container.files] == [None, "data.bin"]
        tensors = container.tensors
        np.testing.assert_array_equal(tensors["all"].array(), random_values(64, seed=1))
        np.testing.assert_array_equal(tensors["again"].array(), random_values(64, seed=1))
        np.testing.assert_array_equal(tensors["last"].array(), random_values(16, seed=2))
        assert tensors["again"].same_as == "all"
        assert tensors["last"].same_as is None


def test_what_a_container_tells(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    container = nntc.open(data)
    assert container.size == len(data)
    assert container.version == "1.0"
    assert container.profile in ("baseline", "main")
    assert sum(section.length for section in container.sections) < len(data)
    assert container.files[0].size == len(model.SerializeToString())
    assert container.memory_bound > 0
    assert repr(container.tensors["w0"]) == "LazyTensor('w0', shape=(16, 16, 3, 3), data_type='float32')"


def test_the_template_is_the_model_with_zeros_for_weights(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    template = onnx.load_model_from_string(nntc.open(data).template())
    for tensor in model.graph.initializer:
        tensor.raw_data = bytes(len(tensor.raw_data))
    small = {t.name for t in nntc.open(data).tensors.values() if t.tool == GRAPH_TOOL}
    assert not small
    assert template == model


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
    with pytest.raises(FormatError, match="E_MEMORY @ 24"):
        nntc.open(data, max_memory=1000)


def with_other_graph(data: bytes, splices: list[tuple[int, int]], skeleton: bytes, size: int) -> bytes:
    """Return a file with its TENSOR sections and another graph."""
    container = nntc.open(data)
    tensors = [
        NewSection(SectionType.TENSOR, data[s.offset : s.offset + s.length], s.output)
        for s in container.sections
        if s.type == SectionType.TENSOR
    ]
    graph = graph_section([NewFile(size, hashlib.sha256().digest(), None)], splices, skeleton)
    return write_container(Profile.MAIN, [graph, *tensors])


def test_pieces_that_do_not_fit_the_files_are_refused() -> None:
    data = coded(model_of(numpy_helper.from_array(random_values(5000), "t")))
    for skeleton, run, size in ((b"ab", 1, 20_003), (b"ab", 1, 20_001), (b"ab", 1, 150), (b"", 0, 19_999)):
        container = nntc.open(with_other_graph(data, [(run, 0)], skeleton, size))
        with pytest.raises(FormatError) as caught:
            _ = container.tensors
        assert (caught.value.id, caught.value.offset) == ("E_SPLICE", container.sections[0].offset)


def test_a_payload_is_never_taken_for_structure() -> None:
    data = coded(model_of(numpy_helper.from_array(random_values(5000), "t")))
    container = nntc.open(with_other_graph(data, [(0, 0)], b"", 20_000))
    with pytest.raises(ModelError, match="E_PROTOBUF"):
        _ = container.tensors


def test_the_number_of_parts_is_checked(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    container = nntc.open(lossy[1])
    parts = container._content.graph.splices.used
    assert max(parts) > 1, "auto puts small tensors together"
    sections = [s for s in container.sections if s.type == SectionType.TENSOR]
    output = sum(s.output for s in sections)
    container = nntc.open(with_other_graph(lossy[1], [(0, 0)] * len(sections), b"", output))
    ragged = next(number for number, used in enumerate(parts) if used > 1)
    with pytest.raises(FormatError) as caught:
        container._content.section_tool(ragged)
    assert caught.value.id == "E_SPLICE"
    assert caught.value.offset == container.sections[1 + ragged].offset


def test_payloads_and_skeleton_are_those_of_the_splitter(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    with open_model(model.SerializeToString()) as split:
        assert [p.name for p in split.payloads] == list(nntc.open(data).tensors)


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
