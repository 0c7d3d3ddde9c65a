"""Find the role of every tensor by following constants to the nodes that use them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import onnx

from nntc.onnx.elements import is_floating
from nntc.onnx.operators import domain_of, is_operator, operator_of
from nntc.onnx.order import in_order
from nntc.onnx.roles.demand import Demand, Demands, is_cast_to_integers
from nntc.onnx.roles.flow import Constants, made_of, reshaped, scale_of, source_of, union
from nntc.onnx.roles.role import UNKNOWN_USE, UNUSED, Role, TensorRole, Tolerance, Use
from nntc.onnx.roles.uses import COMPARED, Source, classify
from nntc.onnx.roles.views import Constant, generic_view, stored_view
from nntc.onnx.tensor import Path

_MAX_DEPTH = 100  # of subgraphs and function calls
_MAX_CALLED_NODES = 200_000  # functions that call functions multiply
OUTPUT = "it is an output of a graph"
NOT_RUN = "the network does not use it"


@dataclass(slots=True)
class _Scope:
    """Names visible at a node: what is constant, where values come from and where they go."""

    constants: ChainMap[str, Constants] = field(default_factory=ChainMap)
    sources: ChainMap[str, Source] = field(default_factory=ChainMap)
    demands: Mapping[str, Demand] = field(default_factory=dict)
    is_run: bool = True  # when the network is

    def inner(self) -> _Scope:
        return replace(self, constants=self.constants.new_child(), sources=self.sources.new_child())


def find_roles(model: onnx.ModelProto) -> dict[Path, TensorRole]:
    """Return the role of every tensor in a model.

    A tensor used in several ways has the role of its first known use in the order of nodes, and the tolerance
    of the strictest one. An unused one, or one used in no known way, is OTHER and must be exact; so must what
    an output of the model is made of, and whatever stands in training graphs and in functions that nothing
    calls.

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
    finder.graph(model.graph, ("graph",), scope, 0, {})
    scope.is_run = False
    for index, training in enumerate(model.training_info):
        inner = scope.inner()
        finder.graph(
            training.initialization, ("training_info", index, "initialization"), inner.inner(), 0, {}
        )
        finder.graph(training.algorithm, ("training_info", index, "algorithm"), inner.inner(), 0, {})
    finder.uncalled_functions()
    return finder


class _Finder:
    """Collects tensors and their first uses from graph to graph."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.roles: dict[Path, TensorRole] = {}
        self.tensors: dict[Path, onnx.TensorProto] = {}
        self.uses: dict[Path, list[Use]] = {}
        self.functions = {
            (domain_of(function), function.name, function.overload): (("functions", index), function)
            for index, function in reversed(list(enumerate(model.functions)))
        }
        self.all_functions = model.functions
        self.called: set[Path] = set()
        self.demands = Demands({key: function for key, (_, function) in self.functions.items()})
        self.budget = _MAX_CALLED_NODES

    def all_roles(self) -> dict[Path, TensorRole]:
        """Return the roles found, OTHER for the tensors without one."""
        roles = {}
        for path, tensor in self.tensors.items():
            unused = TensorRole(Role.OTHER, generic_view(tuple(tensor.dims)), reason=UNUSED)
            role = self.roles.get(path) or unused
            roles[path] = replace(role, view=stored_view(role.view, tensor.data_type))
        return roles

    def graph(
        self,
        graph: onnx.GraphProto,
        path: Path,
        scope: _Scope,
        depth: int,
        demands: Mapping[str, Demand],
    ) -> None:
        """Go through a graph whose names are put into `scope`; `demands` are those of its outputs."""
        if depth > _MAX_DEPTH:
            return
        scope.constants.update((value.name, ()) for value in graph.input)
        scope.sources.update((value.name, Source.NONE) for value in graph.input)
        for index, tensor in enumerate(graph.initializer):
            scope.constants[tensor.name] = self.tensor(tensor, (*path, "initializer", index))
        for index, sparse in enumerate(graph.sparse_initializer):
            values = self.sparse(sparse, (*path, "sparse_initializer", index))
            scope.constants[sparse.values.name] = values
        scope.demands = self.demands.of_graph(graph.node, demands)
        self.nodes(graph.node, path, scope, depth)
        for value in graph.output:
            for constant in scope.constants.get(value.name, ()):
                self.must_be_exact(constant.path, OUTPUT)

    def must_be_exact(self, path: Path, reason: str) -> None:
        """Note a use of a tensor that stands no error."""
        known = self.roles.get(path) or TensorRole(Role.OTHER, generic_view(tuple(self.tensors[path].dims)))
        self.roles[path] = _stricter(known, replace(known, tolerance=Tolerance.EXACT, reason=reason))

    def uncalled_functions(self) -> None:
        """Go through the bodies of functions that nothing calls."""
        for index, function in enumerate(self.all_functions):
            path: Path = ("functions", index)
            scope = _Scope(is_run=False)
            for number, attribute in enumerate(function.attribute_proto):
                self.attribute(attribute, (*path, "attribute_proto", number), scope, 0)
            if path not in self.called:
                scope.demands = self.demands.of_graph(function.node, {})
                self.nodes(function.node, path, scope, 0)

    def tensor(self, tensor: onnx.TensorProto, path: Path) -> Constants:
        """Note a tensor and return it as a constant."""
        self.tensors[path] = tensor
        dims = tuple(tensor.dims)
        return (Constant(path, dims, tuple(range(len(dims))), is_floating(tensor.data_type)),)

    def sparse(self, sparse: onnx.SparseTensorProto, path: Path) -> Constants:
        """Note both parts of a sparse tensor and return its values as a constant without a shape."""
        if sparse.HasField("indices"):
            self.tensor(sparse.indices, (*path, "indices"))
        if not sparse.HasField("values"):
            return ()
        return reshaped(self.tensor(sparse.values, (*path, "values")))

    def attribute(
        self,
        attribute: onnx.AttributeProto,
        path: Path,
        scope: _Scope,
        depth: int,
        ends: Sequence[Demand] = (),
    ) -> Constants:
        """Note everything in an attribute; return its one tensor as a constant.

        Parameters
        ----------
        ends
            Demand of the outputs of a graph in it.
        """
        constant: Constants = ()
        if attribute.HasField("t"):
            constant = self.tensor(attribute.t, (*path, "t"))
        if attribute.HasField("sparse_tensor"):
            constant = self.sparse(attribute.sparse_tensor, (*path, "sparse_tensor"))
        for index, tensor in enumerate(attribute.tensors):
            self.tensor(tensor, (*path, "tensors", index))
        for index, sparse in enumerate(attribute.sparse_tensors):
            self.sparse(sparse, (*path, "sparse_tensors", index))
        graphs = [((*path, "graphs", index), graph) for index, graph in enumerate(attribute.graphs)]
        if attribute.HasField("g"):
            graphs.append(((*path, "g"), attribute.g))
        for place, graph in graphs:
            demands = dict(zip((value.name for value in graph.output), ends, strict=False))
            self.graph(graph, place, scope.inner(), depth + 1, demands)
        return constant

    def nodes(self, nodes: Sequence[onnx.NodeProto], path: Path, scope: _Scope, depth: int) -> None:
        """Go through nodes, each after those that compute its inputs."""
        for index, node in in_order(nodes):
            self.budget -= path[0] == "functions"
            place: Path = (*path, "node", index)
            self.node(node, place, scope, depth)
            is_branch = is_operator(node, "If")
            ends = [scope.demands.get(name, Demand.NONE) for name in node.output] if is_branch else []
            for number, attribute in enumerate(node.attribute):
                constant = self.attribute(attribute, (*place, "attribute", number), scope, depth, ends)
                if not constant:
                    continue
                if is_operator(node, "Constant") and node.output:
                    scope.constants[node.output[0]] = constant
                elif operator_of(node).operands:
                    for part in constant:
                        self.must_be_exact(part.path, COMPARED)

    def node(self, node: onnx.NodeProto, place: Path, scope: _Scope, depth: int) -> None:
        """Note what a node does with its inputs."""
        constants = [scope.constants.get(name, ()) if name else () for name in node.input]
        sources = [scope.sources.get(name, Source.NONE) for name in node.input]
        demand = union([scope.demands.get(name, Demand.NONE) for name in node.output], Demand.NONE)
        call = self.functions.get((domain_of(node), node.op_type, node.overload))
        if call:
            ends = [scope.demands.get(name, Demand.NONE) for name in node.output]
            results = self.call(*call, constants, sources, ends, scope, depth)
            for name, (parts, result) in zip(node.output, results, strict=False):
                scope.constants[name], scope.sources[name] = parts, result
            return
        moved = made_of(node, constants)
        result = source_of(node, sources, constants)
        for name in node.output:
            # What a body computes hides a constant of the same name outside.
            scope.constants[name], scope.sources[name] = moved, result
        if is_cast_to_integers(node):
            for part in moved:
                self.must_be_exact(part.path, COMPARED)
        for index, parts in enumerate(constants):
            if moved and (index == 0 or is_operator(node, "Concat")):
                continue  # its use is what uses the output
            other = union([s for i, s in enumerate(sources) if i != index], Source.NONE)
            for constant in parts:
                self.use(node, place, index, constant, constants, other, demand, is_run=scope.is_run)

    def use(
        self,
        node: onnx.NodeProto,
        place: Path,
        index: int,
        constant: Constant,
        constants: list[Constants],
        source: Source,
        demand: Demand,
        *,
        is_run: bool,
    ) -> None:
        """Note one use of a tensor."""
        self.uses.setdefault(constant.path, []).append(Use(place, index, constant.axes))
        found = classify(node, index, constant, source, demand)
        found = replace(found, node=place, input=index, scale=scale_of(node, index, constants))
        known = self.roles.get(constant.path)
        if not is_run:
            # Training graphs read the network's weights, which does not change what these stand.
            if known:
                return
            found = replace(found, tolerance=Tolerance.EXACT, reason=NOT_RUN, scale=None)
        self.roles[constant.path] = found if known is None else _stricter(known, found)

    def call(
        self,
        path: Path,
        function: onnx.FunctionProto,
        arguments: list[Constants],
        sources: list[Source],
        ends: list[Demand],
        outer: _Scope,
        depth: int,
    ) -> list[tuple[Constants, Source]]:
        """Go through a function's body with the constants it is called with.

        Returns
        -------
        For each output what it is made of and where it comes from.
        """
        if depth >= _MAX_DEPTH or (path in self.called and self.budget < 0):
            for part in chain.from_iterable(arguments):
                self.must_be_exact(part.path, UNKNOWN_USE)
            return [((), Source.NONE)] * len(function.output)
        self.called.add(path)
        scope = _Scope(is_run=outer.is_run)
        scope.constants.update(zip(function.input, arguments, strict=False))
        scope.sources.update(zip(function.input, sources, strict=False))
        demands = dict(zip(function.output, ends, strict=False))
        scope.demands = self.demands.of_graph(function.node, demands, depth)
        self.nodes(function.node, path, scope, depth + 1)
        return [
            (scope.constants.get(name, ()), scope.sources.get(name, Source.NONE)) for name in function.output
        ]


def _stricter(known: TensorRole, found: TensorRole) -> TensorRole:
    """Return the role of the first use that has one, with the tolerance of the stricter use."""
    first = found if known.role is Role.OTHER and found.role is not Role.OTHER else known
    strict = found if found.tolerance > known.tolerance else known
    return replace(first, tolerance=strict.tolerance, reason=strict.reason, scale=strict.scale)
