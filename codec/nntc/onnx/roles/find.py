"""Find the role of every tensor by following constants to the nodes that use them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain

import onnx

from nntc.onnx.elements import is_floating
from nntc.onnx.roles.role import Role, TensorRole, Use
from nntc.onnx.roles.uses import classify, is_linear
from nntc.onnx.roles.views import Constant, generic_view, stored_view
from nntc.onnx.tensor import Path

_SAME_SHAPE = {"Identity", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear"}
_OTHER_SHAPE = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Split"}
_PASSING = _SAME_SHAPE | _OTHER_SHAPE | {"Transpose"}
_MAX_PARTS = 64  # constants that one value is made of
_MAX_DEPTH = 100  # of subgraphs and function calls
_MAX_CALLED_NODES = 200_000  # functions that call functions multiply


_Constants = tuple[Constant, ...]
"""Constants that a value is made of: one as a rule, several behind Concat, none if it is computed."""


@dataclass(slots=True)
class _Scope:
    """Names visible at a node: what is constant, and which outputs are those of linear nodes."""

    constants: ChainMap[str, _Constants] = field(default_factory=ChainMap)
    linear: ChainMap[str, bool] = field(default_factory=ChainMap)

    def inner(self) -> _Scope:
        return _Scope(self.constants.new_child(), self.linear.new_child())


def find_roles(model: onnx.ModelProto) -> dict[Path, TensorRole]:
    """Return the role of every tensor in a model.

    A tensor used in several ways has the role of its first known use in node order. An unused one, or one
    used in no known way, is OTHER.

    Parameters
    ----------
    model
        Any model; external data need not be loaded.

    Returns
    -------
    dict
        Roles by the paths of `nntc.onnx.model.find_tensors`.
    """
    return _searched(model).all_roles()


def find_uses(model: onnx.ModelProto) -> dict[Path, list[Use]]:
    """Return every use of a model's tensors by path, in node order; functions count once for each call."""
    return _searched(model).uses


def _searched(model: onnx.ModelProto) -> _Finder:
    finder = _Finder(model)
    scope = _Scope()
    finder.graph(model.graph, ("graph",), scope, 0)
    for index, training in enumerate(model.training_info):
        inner = scope.inner()
        finder.graph(training.initialization, ("training_info", index, "initialization"), inner.inner(), 0)
        finder.graph(training.algorithm, ("training_info", index, "algorithm"), inner.inner(), 0)
    finder.uncalled_functions()
    return finder


class _Finder:
    """Collects tensors and their first uses from graph to graph."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.roles: dict[Path, TensorRole] = {}
        self.tensors: dict[Path, onnx.TensorProto] = {}
        self.uses: dict[Path, list[Use]] = {}
        self.functions = {
            (function.domain, function.name, function.overload): (("functions", index), function)
            for index, function in reversed(list(enumerate(model.functions)))
        }
        self.all_functions = model.functions
        self.called: set[Path] = set()
        self.budget = _MAX_CALLED_NODES

    def all_roles(self) -> dict[Path, TensorRole]:
        """Return the roles found, OTHER for the tensors without one."""
        roles = {}
        for path, tensor in self.tensors.items():
            role = self.roles.get(path) or TensorRole(Role.OTHER, generic_view(tuple(tensor.dims)))
            roles[path] = replace(role, view=stored_view(role.view, tensor.data_type))
        return roles

    def graph(self, graph: onnx.GraphProto, path: Path, scope: _Scope, depth: int) -> None:
        """Go through a graph whose names are put into `scope`."""
        if depth > _MAX_DEPTH:
            return
        scope.constants.update((value.name, ()) for value in graph.input)
        for index, tensor in enumerate(graph.initializer):
            scope.constants[tensor.name] = self.tensor(tensor, (*path, "initializer", index))
        for index, sparse in enumerate(graph.sparse_initializer):
            values = self.sparse(sparse, (*path, "sparse_initializer", index))
            scope.constants[sparse.values.name] = values
        self.nodes(graph.node, path, scope, depth)

    def uncalled_functions(self) -> None:
        """Go through the bodies of functions that nothing calls."""
        for index, function in enumerate(self.all_functions):
            path: Path = ("functions", index)
            for number, attribute in enumerate(function.attribute_proto):
                self.attribute(attribute, (*path, "attribute_proto", number), _Scope(), 0)
            if path not in self.called:
                self.nodes(function.node, path, _Scope(), 0)

    def tensor(self, tensor: onnx.TensorProto, path: Path) -> _Constants:
        """Note a tensor and return it as a constant."""
        self.tensors[path] = tensor
        dims = tuple(tensor.dims)
        return (Constant(path, dims, tuple(range(len(dims))), is_floating(tensor.data_type)),)

    def sparse(self, sparse: onnx.SparseTensorProto, path: Path) -> _Constants:
        """Note both parts of a sparse tensor and return its values as a constant without a shape."""
        if sparse.HasField("indices"):
            self.tensor(sparse.indices, (*path, "indices"))
        if not sparse.HasField("values"):
            return ()
        return _reshaped(self.tensor(sparse.values, (*path, "values")))

    def attribute(self, attribute: onnx.AttributeProto, path: Path, scope: _Scope, depth: int) -> _Constants:
        """Note everything in an attribute; return its one tensor as a constant."""
        constant: _Constants = ()
        if attribute.HasField("t"):
            constant = self.tensor(attribute.t, (*path, "t"))
        if attribute.HasField("sparse_tensor"):
            constant = self.sparse(attribute.sparse_tensor, (*path, "sparse_tensor"))
        for index, tensor in enumerate(attribute.tensors):
            self.tensor(tensor, (*path, "tensors", index))
        for index, sparse in enumerate(attribute.sparse_tensors):
            self.sparse(sparse, (*path, "sparse_tensors", index))
        if attribute.HasField("g"):
            self.graph(attribute.g, (*path, "g"), scope.inner(), depth + 1)
        for index, graph in enumerate(attribute.graphs):
            self.graph(graph, (*path, "graphs", index), scope.inner(), depth + 1)
        return constant

    def nodes(self, nodes: Iterable[onnx.NodeProto], path: Path, scope: _Scope, depth: int) -> None:
        """Go through nodes in order."""
        for index, node in enumerate(nodes):
            self.budget -= path[0] == "functions"
            place = (*path, "node", index)
            self.node(node, place, scope, depth)
            for number, attribute in enumerate(node.attribute):
                constant = self.attribute(attribute, (*place, "attribute", number), scope, depth)
                if constant and node.op_type == "Constant" and node.output:
                    scope.constants[node.output[0]] = constant

    def node(self, node: onnx.NodeProto, place: Path, scope: _Scope, depth: int) -> None:
        """Note what a node does with its inputs."""
        constants = [scope.constants.get(name, ()) if name else () for name in node.input]
        call = self.functions.get((node.domain, node.op_type, node.overload))
        if call:
            self.call(*call, constants, depth)
            return
        linear = any(scope.linear.get(name, False) for name in node.input)
        passed = _passed(node, constants)
        for name in node.output:
            # What a body computes hides a constant of the same name outside.
            scope.constants[name] = passed
            scope.linear[name] = is_linear(node) or (linear and node.op_type in _PASSING)
        for index, made_of in enumerate(constants):
            if passed and (index == 0 or node.op_type == "Concat"):
                continue  # its use is what uses the output
            for constant in made_of:
                self.uses.setdefault(constant.path, []).append(Use(place, index, constant.axes))
                known = self.roles.get(constant.path)
                if known and known.role is not Role.OTHER:
                    continue
                role, view = classify(node, index, constant, after_linear=linear)
                if not known or role is not Role.OTHER:
                    self.roles[constant.path] = TensorRole(role, view, place, index)

    def call(self, path: Path, function: onnx.FunctionProto, arguments: list[_Constants], depth: int) -> None:
        """Go through a function's body with the constants it is called with."""
        if depth >= _MAX_DEPTH or (path in self.called and self.budget < 0):
            return
        self.called.add(path)
        scope = _Scope()
        scope.constants.update(zip(function.input, arguments, strict=False))
        self.nodes(function.node, path, scope, depth + 1)


def _passed(node: onnx.NodeProto, constants: list[_Constants]) -> _Constants:
    """Return what a node's output is made of if it only moves or casts the elements of constants."""
    if node.op_type == "Concat" and all(constants):
        parts = {constant.path: constant for constant in chain.from_iterable(constants)}
        return _reshaped(tuple(parts.values())) if len(parts) <= _MAX_PARTS else ()
    data = constants[0] if constants else ()
    if node.op_type in _SAME_SHAPE:
        floats = node.op_type == "DequantizeLinear"
        return tuple(replace(constant, floating=floats or constant.floating) for constant in data)
    if node.op_type in _OTHER_SHAPE:
        return _reshaped(data)
    if node.op_type == "Transpose":
        order = next((tuple(a.ints) for a in node.attribute if a.name == "perm"), None)
        return tuple(_transposed(constant, order) for constant in data)
    return ()


def _reshaped(constants: _Constants) -> _Constants:
    return tuple(replace(constant, axes=None) for constant in constants)


def _transposed(constant: Constant, order: tuple[int, ...] | None) -> Constant:
    axes = constant.axes
    if axes is None:
        return constant
    if order is None:
        return replace(constant, axes=axes[::-1])
    if sorted(order) != list(range(len(axes))):
        return replace(constant, axes=None)
    return replace(constant, axes=tuple(axes[axis] for axis in order))
