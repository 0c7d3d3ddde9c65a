"""The table of operators: what each does with its inputs (https://onnx.ai/onnx/operators/).

Everything that this package knows of operators stands here, by domain and name. Of an operator that is not
in the table, or has the name of one in another domain, nothing is known: its constants are coded exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import onnx

CONTRIB, ML = "com.microsoft", "ai.onnx.ml"


class Operand(Enum):
    """What an input is to its operator."""

    KERNEL = "kernel of a convolution"
    TRANSPOSED_KERNEL = "kernel of a transposed convolution"
    LEFT = "left matrix of a product"
    RIGHT = "right matrix of a product"
    GATES = "weights of a recurrent layer"
    PACKED = "right matrix of a product, its rows in blocks"
    PRODUCT = "one of the factors of a sum of products"
    TABLE = "table that rows are looked up in"
    BIAS = "added to the outputs of the layer"
    FACTOR = "multiplied with, element by element"
    TERM = "added, element by element"
    SCALE = "factor of a normalization"
    SHIFT = "added to what a normalization has scaled"
    MEAN = "running mean of a normalization"
    VARIANCE = "running variance of a normalization"
    STEP = "step of quantized values"
    INPUT = "input of a layer or a normalization"
    CHOICE = "one of the values to choose from"
    DATA = "numbers to compare, to count or to index with"


class Trait:
    """What an operator does with values: bits of an integer, since they are looked at for every node."""

    NONE = 0
    MOVES = 1 << 0
    """The output is the first input's elements, cast perhaps, in another place perhaps."""
    RESHAPES = 1 << 1
    """It also changes the shape, or leaves elements out."""
    POOLS = 1 << 2
    """The output's elements are chosen from, or means of, neighbouring ones of the first input's."""
    AVERAGES = 1 << 3
    """They are means."""
    ELEMENTWISE = 1 << 4
    """The output is a function of the inputs, element by element or along an axis."""
    AFFINE = 1 << 5
    """That function is a sum or a product."""
    COMBINES = 1 << 6
    """The output is a mean, a sum, a product or the largest of inputs, or one beside the other."""
    BOUNDED = 1 << 7
    """The output is between 0 and 1."""
    EXACTING = 1 << 8
    """A small change of an input may change the output altogether."""
    DECIDES = 1 << 13
    """What changes is which is larger, as a layer's outputs are there to tell."""
    LINEAR = 1 << 9
    """Convolution or matrix product, to which a bias may be added."""
    NORMALIZES = 1 << 10
    """The output is normalized, or scaled as a normalization does."""
    RECURRENT = 1 << 11
    """A layer with states."""
    PLAIN = 1 << 12
    """Constants are multiplied with, or looked up by, floating-point numbers and indices as they come in."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Facts about an operator: what its inputs are, by number, and what it does with values."""

    operands: Mapping[int, Operand] = field(default_factory=dict)
    traits: int = Trait.NONE
    integers: Mapping[int, tuple[int | None, int | None]] = field(default_factory=dict)
    """Inputs that are quantized weights, and which inputs are their scale and zero point."""

    def has(self, traits: int) -> bool:
        """Return whether it has one of the traits."""
        return self.traits & traits != 0

    def places(self, operand: Operand) -> list[int]:
        """Return the numbers of the inputs that are this."""
        return [index for index, own in self.operands.items() if own is operand]


UNKNOWN = Operator()
_K, _L, _R, _B, _D, _IN = (
    Operand.KERNEL, Operand.LEFT, Operand.RIGHT, Operand.BIAS, Operand.DATA, Operand.INPUT
)  # fmt: skip
_SCALE, _SHIFT, _STEP, _TABLE = Operand.SCALE, Operand.SHIFT, Operand.STEP, Operand.TABLE
_TERM, _FACTOR = Operand.TERM, Operand.FACTOR
_RECURRENT = {0: _IN, 1: Operand.GATES, 2: Operand.GATES, 3: _B, 4: _D}
_PLAIN = Trait.LINEAR | Trait.PLAIN
_LINEAR, _NORMALIZES, _ELEMENTWISE = Trait.LINEAR, Trait.NORMALIZES, Trait.ELEMENTWISE
_AFFINE = Trait.AFFINE | Trait.ELEMENTWISE
_QUANTIZED = {1: _STEP, 2: _D, 4: _STEP, 5: _D}

_ONNX: dict[str, Operator] = {
    # layers
    "Conv": Operator({0: _IN, 1: _K, 2: _B}, _PLAIN),
    "ConvInteger": Operator({0: _IN, 1: _K, 2: _D, 3: _D}, _LINEAR, {1: (None, 3)}),
    "QLinearConv": Operator({0: _IN, **_QUANTIZED, 3: _K, 6: _STEP, 7: _D, 8: _B}, _LINEAR, {3: (4, 5)}),
    "DeformConv": Operator({0: _IN, 1: _K, 2: _IN, 3: _B, 4: _IN}, _LINEAR),
    "ConvTranspose": Operator({0: _IN, 1: Operand.TRANSPOSED_KERNEL, 2: _B}, _PLAIN),
    "Gemm": Operator({0: _L, 1: _R, 2: _B}, _PLAIN),
    "MatMul": Operator({0: _L, 1: _R}, _PLAIN),
    "MatMulInteger": Operator({0: _L, 1: _R, 2: _D, 3: _D}, _LINEAR, {1: (None, 3)}),
    "QLinearMatMul": Operator({**_QUANTIZED, 0: _L, 3: _R, 6: _STEP, 7: _D}, _LINEAR, {3: (4, 5)}),
    "Einsum": Operator(dict.fromkeys(range(8), Operand.PRODUCT), _LINEAR),
    "LSTM": Operator({**_RECURRENT, 7: _B}, Trait.RECURRENT | Trait.PLAIN),
    "GRU": Operator(_RECURRENT, Trait.RECURRENT | Trait.PLAIN),
    "RNN": Operator(_RECURRENT, Trait.RECURRENT | Trait.PLAIN),
    "Attention": Operator({0: _IN, 1: _IN, 2: _IN}, _LINEAR),
    "Gather": Operator({0: _TABLE, 1: _D}, Trait.PLAIN),
    # normalizations
    "BatchNormalization": Operator(
        {0: _IN, 1: _SCALE, 2: _SHIFT, 3: Operand.MEAN, 4: Operand.VARIANCE}, _NORMALIZES | Trait.AFFINE
    ),
    "InstanceNormalization": Operator({0: _IN, 1: _SCALE, 2: _SHIFT}, _NORMALIZES),
    "GroupNormalization": Operator({0: _IN, 1: _SCALE, 2: _SHIFT}, _NORMALIZES),
    "LayerNormalization": Operator({0: _IN, 1: _SCALE, 2: _SHIFT}, _NORMALIZES),
    "SimplifiedLayerNormalization": Operator({0: _IN, 1: _SCALE}, _NORMALIZES),
    "RMSNormalization": Operator({0: _IN, 1: _SCALE}, _NORMALIZES),
    "LpNormalization": Operator({0: _IN}, _NORMALIZES),
    "MeanVarianceNormalization": Operator({0: _IN}, _NORMALIZES),
    "LRN": Operator({0: _IN}, Trait.POOLS),
    # element by element
    "Add": Operator({0: _TERM, 1: _TERM}, _AFFINE | Trait.COMBINES),
    "Sub": Operator({0: _TERM, 1: _TERM}, _AFFINE),
    "Mul": Operator({0: _FACTOR, 1: _FACTOR}, _AFFINE | Trait.COMBINES),
    "Div": Operator({0: _FACTOR, 1: _FACTOR}, _AFFINE),
    "PRelu": Operator({1: _FACTOR}, _ELEMENTWISE),
    "Concat": Operator({}, Trait.MOVES | Trait.RESHAPES | Trait.COMBINES),
    **dict.fromkeys(("Max", "Mean", "Sum"), Operator({}, _ELEMENTWISE | Trait.COMBINES)),
    **dict.fromkeys(("Sigmoid", "HardSigmoid"), Operator({}, _ELEMENTWISE | Trait.BOUNDED)),
    "Clip": Operator({1: _D, 2: _D}, _ELEMENTWISE),
    "Pow": Operator({1: _D}, _ELEMENTWISE),
    "Where": Operator({0: _D, 1: Operand.CHOICE, 2: Operand.CHOICE}, _ELEMENTWISE),
    **dict.fromkeys(
        ("Abs", "Celu", "CumSum", "Elu", "Erf", "Exp", "Gelu", "HardSwish", "LeakyRelu", "Log", "LogSoftmax",
         "Min", "Mish", "Neg", "Reciprocal", "Relu", "Selu", "Softmax", "Softplus", "Softsign", "Sqrt",
         "Swish", "Tanh", "ThresholdedRelu"),
        Operator({}, _ELEMENTWISE),
    ),
    # what moves or pools values
    **dict.fromkeys(("Identity", "Cast", "CastLike", "Dropout"), Operator({1: _D, 2: _D}, Trait.MOVES)),
    "DequantizeLinear": Operator({1: _STEP, 2: _D}, Trait.MOVES, {0: (1, 2)}),
    "QuantizeLinear": Operator({1: _STEP, 2: _D}, Trait.MOVES),
    "Transpose": Operator({}, Trait.MOVES),
    **dict.fromkeys(
        ("Expand", "Flatten", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Unsqueeze"),
        Operator(dict.fromkeys(range(1, 5), _D), Trait.MOVES | Trait.RESHAPES),
    ),
    **dict.fromkeys(
        ("DepthToSpace", "GlobalMaxPool", "MaxPool", "Pad", "ReduceMax", "Resize", "SpaceToDepth",
         "Upsample"),
        Operator(dict.fromkeys(range(1, 5), _D), Trait.POOLS),
    ),
    **dict.fromkeys(
        ("AveragePool", "GlobalAveragePool", "ReduceMean"), Operator({1: _D}, Trait.POOLS | Trait.AVERAGES)
    ),
    **dict.fromkeys(
        ("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSum", "ReduceSumSquare"),
        Operator({1: _D}, _ELEMENTWISE),
    ),
    # what a small change may change altogether
    **dict.fromkeys(
        ("And", "Ceil", "Cos", "Equal", "Floor", "GatherElements", "GatherND", "IsInf", "IsNaN", "MaxUnpool",
         "Mod", "NonZero", "Not", "OneHot", "Or", "Range", "Round", "Sin", "Tan", "Unique", "Xor"),
        Operator(dict.fromkeys(range(6), _D), Trait.EXACTING),
    ),
    **dict.fromkeys(
        ("ArgMax", "ArgMin", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "NonMaxSuppression", "Sign",
         "TopK"),
        Operator(dict.fromkeys(range(6), _D), Trait.EXACTING | Trait.DECIDES),
    ),
    **dict.fromkeys(("GridSample", "RoiAlign", "MaxRoiPool"), Operator({1: _D, 2: _D}, Trait.POOLS)),
    "AffineGrid": Operator({0: _D, 1: _D}),
    "ScatterND": Operator({1: _D}),
    "ScatterElements": Operator({1: _D}),
    "ConstantOfShape": Operator({0: _D}),
    "Shape": Operator(),
    "Size": Operator(),
}  # fmt: skip

_CONTRIB: dict[str, Operator] = {
    "FusedConv": _ONNX["Conv"],
    "FusedGemm": _ONNX["Gemm"],
    "QGemm": Operator({**_QUANTIZED, 0: _L, 3: _R, 6: _B, 7: _STEP, 8: _D}, _LINEAR, {3: (4, 5)}),
    "FusedMatMul": _ONNX["MatMul"],
    "MatMulIntegerToFloat": Operator({0: _L, 1: _R, 2: _STEP, 3: _STEP, 6: _B}, _LINEAR, {1: (3, 5)}),
    "DynamicQuantizeMatMul": Operator({0: _IN, 1: _R, 2: _STEP, 4: _B}, _LINEAR, {1: (2, 3)}),
    "MatMulNBits": Operator({0: _IN, 1: Operand.PACKED, 2: _STEP, 3: _D, 4: _D, 5: _B}, _LINEAR, {1: (2, 3)}),
    "Attention": Operator({0: _IN, 1: _R, 2: _B}, _PLAIN),
    "QAttention": Operator({0: _IN, 1: _R, 2: _B, 3: _STEP, 4: _STEP}, _LINEAR),
    "MultiHeadAttention": Operator({0: _IN, 1: _IN, 2: _IN, 3: _B}, _LINEAR),
    "DynamicQuantizeLSTM": Operator(
        {**_RECURRENT, 7: _B, 8: _STEP, 10: _STEP}, Trait.RECURRENT, {1: (8, 9), 2: (10, 11)}
    ),
    "GatherBlockQuantized": Operator({0: _TABLE, 1: _D, 2: _STEP, 3: _D}, Trait.PLAIN, {0: (2, 3)}),
    "EmbedLayerNormalization": Operator(
        {0: _D, 1: _D, 2: _TABLE, 3: _TABLE, 4: _TABLE, 5: _SCALE, 6: _SHIFT, 7: _D}, _NORMALIZES
    ),
    "GroupNorm": _ONNX["GroupNormalization"],
    "SkipLayerNormalization": Operator({0: _IN, 1: _IN, 2: _SCALE, 3: _SHIFT, 4: _B}, _NORMALIZES),
    "SkipSimplifiedLayerNormalization": Operator({0: _IN, 1: _IN, 2: _SCALE, 3: _B}, _NORMALIZES),
    "BiasGelu": Operator({1: _B}, _ELEMENTWISE),
    "FastGelu": Operator({1: _B}, _ELEMENTWISE),
    **dict.fromkeys(("Gelu", "QuickGelu"), Operator({}, _ELEMENTWISE)),
    "DequantizeLinear": _ONNX["DequantizeLinear"],
    "QuantizeLinear": _ONNX["QuantizeLinear"],
}

_ML: dict[str, Operator] = dict.fromkeys(
    ("ArrayFeatureExtractor", "LabelEncoder", "TreeEnsemble", "TreeEnsembleClassifier",
     "TreeEnsembleRegressor"),
    Operator(dict.fromkeys(range(2), _D), Trait.EXACTING),
)  # fmt: skip

OPERATORS: dict[tuple[str, str], Operator] = {
    **{("", name): operator for name, operator in _ONNX.items()},
    **{(CONTRIB, name): operator for name, operator in _CONTRIB.items()},
    **{(ML, name): operator for name, operator in _ML.items()},
}
"""All operators that something is known of, by domain ("" is ONNX's own) and name."""


def domain_of(node: onnx.NodeProto | onnx.FunctionProto) -> str:
    """Return the domain of a node or a function, "" for ONNX's own under either of its names."""
    domain = node.domain
    return "" if domain == "ai.onnx" else domain


def operator_of(node: onnx.NodeProto) -> Operator:
    """Return what is known of a node's operator."""
    return OPERATORS.get(key_of(node), UNKNOWN)


def key_of(node: onnx.NodeProto) -> tuple[str, str]:
    """Return a node's domain and operator, as `OPERATORS` has them."""
    return domain_of(node), node.op_type


def is_operator(node: onnx.NodeProto, *names: str, domain: str = "") -> bool:
    """Return whether a node is one of these operators of a domain."""
    return node.op_type in names and domain_of(node) == domain


def bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs in a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
