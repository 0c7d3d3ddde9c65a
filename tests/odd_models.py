"""Small models with what few have: outputs and inputs of other kinds, unsorted graphs, odd strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

node, value = helper.make_node, helper.make_tensor_value_info
RNG = np.random.default_rng(0)
W = (RNG.standard_normal((64, 64)) * 0.6).astype(np.float32)
SAMPLES = [{"x": x[None]} for x in RNG.standard_normal((24, 64)).astype(np.float32)]
X, Y = value("x", TensorProto.FLOAT, ["n", 64]), value("y", TensorProto.FLOAT, ["n", 64])
FRONT = [node("MatMul", ["x", "w"], ["h"]), node("Softmax", ["h"], ["y"])]


def made(
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[onnx.ValueInfoProto] = (Y,),
    inputs: Sequence[onnx.ValueInfoProto] = (X,),
    constants: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(W, "w"), *constants])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 2)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def integers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def map_output(key: int = TensorProto.INT64) -> onnx.ValueInfoProto:
    kind = onnx.TypeProto()
    kind.sequence_type.elem_type.map_type.key_type = key
    kind.sequence_type.elem_type.map_type.value_type.CopyFrom(helper.make_tensor_type_proto(1, []))
    return onnx.ValueInfoProto(name="probabilities", type=kind)


def zip_map() -> onnx.ModelProto:
    zipped = node("ZipMap", ["y"], ["probabilities"], domain="ai.onnx.ml", classlabels_int64s=list(range(64)))
    label = node("ArgMax", ["y"], ["label"], axis=1, keepdims=0)
    return made([*FRONT, label, zipped], [value("label", 7, ["n"]), map_output()])


def zip_map_alone() -> onnx.ModelProto:
    names = [f"class {i}" for i in range(64)]
    zipped = node("ZipMap", ["y"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=names)
    return made([*FRONT, zipped], [map_output(TensorProto.STRING)])


def sequence_output() -> onnx.ModelProto:
    packed = node("SequenceConstruct", ["y", "h"], ["s"])
    return made([*FRONT, packed], [helper.make_tensor_sequence_value_info("s", 1, None)])


def split_sequence_output() -> onnx.ModelProto:
    cut = node("SplitToSequence", ["y"], ["s"], axis=1)
    return made([*FRONT, cut], [Y, helper.make_tensor_sequence_value_info("s", 1, None)])


def optional_output() -> onnx.ModelProto:
    kind = helper.make_optional_type_proto(helper.make_tensor_type_proto(1, ["n", 64]))
    return made([*FRONT, node("Optional", ["y"], ["o"])], [onnx.ValueInfoProto(name="o", type=kind)])


def string_output() -> onnx.ModelProto:
    names = TensorProto(name="names", data_type=8, dims=[64], string_data=[b"%d" % i for i in range(64)])
    nodes = [*FRONT, node("ArgMax", ["y"], ["i"], axis=1), node("Gather", ["names", "i"], ["name"])]
    return made(nodes, [value("name", TensorProto.STRING, None), Y], constants=[names])


def strings_not_utf8() -> onnx.ModelProto:
    strings = [bytes([200 + i % 50, 0xFF]) for i in range(64)]
    names = TensorProto(name="names", data_type=8, dims=[64], string_data=strings)
    nodes = [*FRONT, node("ArgMax", ["y"], ["i"], axis=1), node("Gather", ["names", "i"], ["name"])]
    return made(nodes, [Y, value("name", TensorProto.STRING, None)], constants=[names])


def empty_output() -> onnx.ModelProto:
    cut = node("Slice", ["y", "zero", "zero", "one"], ["empty"])
    constants = [integers("zero", 0), integers("one", 1)]
    return made([*FRONT, cut], [value("empty", 1, None), Y], constants=constants)


def only_an_empty_output() -> onnx.ModelProto:
    cut = node("Slice", ["y", "zero", "zero", "one"], ["empty"])
    return made([*FRONT, cut], [value("empty", 1, None)], constants=[integers("zero", 0), integers("one", 1)])


def dynamic_output() -> onnx.ModelProto:
    nodes = [node("Greater", ["h", "c"], ["p"]), node("Reshape", ["p", "all"], ["q"])]
    nodes.append(node("Compress", ["h", "q"], ["found"]))
    constants = [numpy_helper.from_array(np.array(0.5, np.float32), "c"), integers("all", -1)]
    return made([FRONT[0], *nodes], [value("found", 1, [None])], constants=constants)


def scalar_output() -> onnx.ModelProto:
    return made([*FRONT, node("ReduceMax", ["h"], ["top"], keepdims=0)], [value("top", 1, []), Y])


def output_without_type() -> onnx.ModelProto:
    return made(FRONT, [onnx.ValueInfoProto(name="y")])


def output_of_another_type() -> onnx.ModelProto:
    return made([*FRONT, node("Cast", ["y"], ["b"], to=TensorProto.BFLOAT16)], [value("b", 16, ["n", 64]), Y])


def input_as_output() -> onnx.ModelProto:
    return made(FRONT, [Y, X])


def constant_as_output() -> onnx.ModelProto:
    return made(FRONT, [Y, value("w", 1, [64, 64])])


def unsorted() -> onnx.ModelProto:
    return made([*FRONT[::-1]])


def unsorted_body() -> onnx.ModelProto:
    inner = [node("Softmax", ["k"], ["z"]), node("MatMul", ["x", "v"], ["k"])]
    v = numpy_helper.from_array(W * 2, "v")
    names = ("then_branch", "else_branch")
    bodies = {name: helper.make_graph(inner, name, [], [value("z", 1, None)], [v]) for name in names}
    return made([node("Add", ["b", "h"], ["y"]), node("If", ["c"], ["b"], **bodies), FRONT[0]],
                constants=[numpy_helper.from_array(np.array(True), "c")])  # fmt: skip


def in_a_circle() -> onnx.ModelProto:
    circle = [node("Identity", ["b"], ["a"]), node("Add", ["a", "h"], ["b"])]
    return made([*FRONT, *circle], [Y, value("b", 1, None)])


def nested_functions() -> onnx.ModelProto:
    model = made([node("Outer", ["x", "w"], ["y"], domain="own")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    inner = [node("MatMul", ["a", "b"], ["c"]), node("Softmax", ["c"], ["d"])]
    model.functions.append(helper.make_function("own", "Inner", ["a", "b"], ["d"], inner, opsets))
    outer = [node("Inner", ["a", "b"], ["c"], domain="own")]
    model.functions.append(helper.make_function("own", "Outer", ["a", "b"], ["c"], outer, opsets))
    model.opset_import.append(opsets[1])
    return model


def with_training() -> onnx.ModelProto:
    model = made(FRONT)
    step = helper.make_graph([node("Add", ["w", "w"], ["w2"])], "step", [], [value("w2", 1, [64, 64])])
    model.training_info.append(helper.make_training_info(step, [("w", "w2")], None, None))
    return model


def sparse_initializer() -> onnx.ModelProto:
    values = numpy_helper.from_array(np.arange(1, 65, dtype=np.float32), "s")
    sparse = helper.make_sparse_tensor(values, integers("", *range(0, 64 * 64, 65)), [64, 64])
    model = made([node("MatMul", ["x", "s"], ["t"]), node("MatMul", ["t", "w"], ["y"])])
    model.graph.sparse_initializer.append(sparse)
    return model


def old_version() -> onnx.ModelProto:
    model = made(FRONT, inputs=[X, value("w", 1, [64, 64])])
    model.ir_version = 3
    return model


def new_version() -> onnx.ModelProto:
    model = made(FRONT)
    model.ir_version = 99
    return model


def new_opset() -> onnx.ModelProto:
    return made(FRONT, opset=999)


def without_opset() -> onnx.ModelProto:
    model = made(FRONT)
    del model.opset_import[:]
    return model


def custom_domain() -> onnx.ModelProto:
    model = made([*FRONT[:1], node("Special", ["h"], ["y"], domain="com.example")])
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    return model


def unknown_operator() -> onnx.ModelProto:
    return made([*FRONT[:1], node("Softplusplus", ["h"], ["y"])])


def sequence_input() -> onnx.ModelProto:
    given = helper.make_tensor_sequence_value_info("x", 1, None)
    return made([node("SequenceAt", ["x", "first"], ["v"]), node("MatMul", ["v", "w"], ["y"])],
                inputs=[given], constants=[integers("first", 0)])  # fmt: skip


def without_inputs() -> onnx.ModelProto:
    return made([node("MatMul", ["w", "w"], ["y"])], inputs=[])


def without_outputs() -> onnx.ModelProto:
    return made(FRONT, [])


def shapes_that_do_not_fit() -> onnx.ModelProto:
    v = numpy_helper.from_array(W[:9], "v")
    return made([*FRONT[:1], node("MatMul", ["h", "v"], ["y"])], constants=[v])


def data_of_another_size() -> onnx.ModelProto:
    bad = TensorProto(name="v", data_type=1, dims=[64, 64], raw_data=bytes(400))
    return made([*FRONT[:1], node("MatMul", ["h", "v"], ["y"])], constants=[bad])


def types_that_nobody_knows() -> onnx.ModelProto:
    bad = TensorProto(name="v", data_type=77, dims=[4], raw_data=bytes(400))
    return made([*FRONT[:1], node("Identity", ["v"], ["u"]), node("Softmax", ["h"], ["y"])], constants=[bad])


def missing_input() -> onnx.ModelProto:
    return made([*FRONT[:1], node("Add", ["h", "nowhere"], ["y"])])


def empty_constant_node() -> onnx.ModelProto:
    return made([*FRONT, node("Constant", [], []), node("Constant", [], ["c"])])


RUNS: tuple[Callable[[], onnx.ModelProto], ...] = (
    zip_map, zip_map_alone, sequence_output, split_sequence_output, optional_output, string_output,
    strings_not_utf8, empty_output, only_an_empty_output, dynamic_output, scalar_output, output_without_type,
    output_of_another_type, input_as_output, constant_as_output, unsorted, nested_functions, with_training,
    sparse_initializer, old_version, empty_constant_node,
)  # fmt: skip
"""What runs on samples."""

RUNS_NOT: dict[Callable[[], onnx.ModelProto], str] = {
    in_a_circle: "E_RUN",
    unsorted_body: "E_RUN",
    new_version: "E_RUN",
    new_opset: "E_RUN",
    without_opset: "E_RUN",
    custom_domain: "E_RUN",
    unknown_operator: "E_RUN",
    sequence_input: "E_SAMPLES",
    without_inputs: "E_SAMPLES",
    without_outputs: "E_RUN",
    shapes_that_do_not_fit: "E_RUN",
    data_of_another_size: "E_RUN",
    types_that_nobody_knows: "E_RUN",
    missing_input: "E_RUN",
}
"""What does not, and the error."""
