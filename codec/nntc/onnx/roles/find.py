"""Find the role of every tensor by following constants to the nodes that use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import onnx

from nntc.onnx.elements import is_floating
from nntc.onnx.operators import Trait
from nntc.onnx.roles.demand import Demand, Demands, ends_of_body, is_cast_to_integers
from nntc.onnx.roles.flow import Constants, made_of, reshaped, scale_of, source_of, union
from nntc.onnx.roles.role import UNKNOWN_USE, UNUSED, Role, TensorRole, Tolerance, Use
from nntc.onnx.roles.scope import NOTHING, Scope, Value
from nntc.onnx.roles.steps import Step, key_of_function, steps_of
from nntc.onnx.roles.uses import COMPARED, classify
from nntc.onnx.roles.views import Constant, generic_view, stored_view
from nntc.onnx.tensor import Path

_MAX_DEPTH = 100  # of subgraphs and function calls
_MAX_CALLED_NODES = 200_000  # functions that call functions multiply
_CAST, _CONCAT, _CONSTANT = ("", "Cast"), ("", "Concat"), ("", "Constant")
OUTPUT = "it is an output of a graph"
NOT_RUN = "the network does not use it"


def find_roles(model: onnx.ModelProto) -> dict[Path, TensorRole]:
    """Return the role of every tensor in a model.

    A tensor used in several ways has the role of its first known use in the order of nodes, and the tolerance
    of the strictest one. An unused one, or one used in no known way, is OTHER and must be exact; so must what
    an output of the model is made of, and whatever stands in training graphs and in functions that nothing
    calls.

    `model` is any model; its external data need not be loaded.

    Returns
    -------
    dict
        Roles by the paths of `nntc.onnx.model.find_tensors`.
    """
    return _searched(model).all_roles()


def find_uses(model: onnx.ModelProto) -> dict[Path, list[Use]]:
    """Return every use of a model's tensors by path, in node order; functions count once for each call."""
    return _searched(model, uses={}).uses or {}


def _searched(model: onnx.ModelProto, uses: dict[Path, list[Use]] | None = None) -> _Finder:
    finder = _Finder(model, uses)
    scope = Scope()
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
    """Collects tensors and their first uses from graph to graph; all `uses` if there is a place for them."""

    def __init__(self, model: onnx.ModelProto, uses: dict[Path, list[Use]] | None) -> None:
        self.roles: dict[Path, TensorRole] = {}
        self.tensors: dict[Path, tuple[tuple[int, ...], int]] = {}  # dimensions and type
        self.uses = uses
        self.classified: dict[tuple[object, ...], TensorRole] = {}
        self.functions = {
            key_of_function(function): (("functions", index), function)
            for index, function in reversed(list(enumerate(model.functions)))
        }
        self.all_functions = model.functions
        self.called: set[Path] = set()
        self.demands = Demands({key: function for key, (_, function) in self.functions.items()})
        self.budget = _MAX_CALLED_NODES

    def all_roles(self) -> dict[Path, TensorRole]:
        """Return the roles found, OTHER for the tensors without one."""
        roles = {}
        for path, (dims, data_type) in self.tensors.items():
            role = self.roles.get(path)
            if role is None:
                role = TensorRole(Role.OTHER, generic_view(dims), reason=UNUSED)
            view = stored_view(role.view, data_type)
            roles[path] = role if view is role.view else role._replace(view=view)
        return roles

    def graph(
        self,
        graph: onnx.GraphProto,
        path: Path,
        scope: Scope,
        depth: int,
        demands: Mapping[str, int],
    ) -> None:
        """Go through a graph whose names are put into `scope`; `demands` are those of its outputs."""
        if depth > _MAX_DEPTH:
            return
        for value in graph.input:
            scope.set(value.name, NOTHING)
        for index, tensor in enumerate(graph.initializer):
            scope.set(tensor.name, (self.tensor(tensor, (*path, "initializer", index)), 0))
        for index, sparse in enumerate(graph.sparse_initializer):
            values = self.sparse(sparse, (*path, "sparse_initializer", index))
            scope.set(sparse.values.name, (values, 0))
        steps = steps_of(graph.node)
        scope.demands = self.demands.of_graph(steps, demands)
        self.nodes(steps, path, scope, depth)
        for value in graph.output:
            for constant in scope.get(value.name, NOTHING)[0]:
                self.must_be_exact(constant.path, OUTPUT)

    def must_be_exact(self, path: Path, reason: str) -> None:
        """Note a use of a tensor that stands no error."""
        known = self.roles.get(path) or TensorRole(Role.OTHER, generic_view(self.tensors[path][0]))
        self.roles[path] = _stricter(known, known._replace(tolerance=Tolerance.EXACT, reason=reason))

    def uncalled_functions(self) -> None:
        """Go through the bodies of functions that nothing calls."""
        for index, function in enumerate(self.all_functions):
            path: Path = ("functions", index)
            scope = Scope(is_run=False)
            for number, attribute in enumerate(function.attribute_proto):
                self.attribute(attribute, (*path, "attribute_proto", number), scope, 0)
            if path not in self.called:
                steps = steps_of(function.node)
                scope.demands = self.demands.of_graph(steps, {})
                self.nodes(steps, path, scope, 0)

    def tensor(self, tensor: onnx.TensorProto, path: Path) -> Constants:
        """Note a tensor and return it as a constant."""
        dims, data_type = tuple(tensor.dims), tensor.data_type
        self.tensors[path] = dims, data_type
        return (Constant(path, dims, tuple(range(len(dims))), is_floating(data_type)),)

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
        scope: Scope,
        depth: int,
        ends: Sequence[int] = (),
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

    def nodes(self, steps: Sequence[Step], path: Path, scope: Scope, depth: int) -> None:
        """Go through nodes, each after those that compute its inputs."""
        for step in steps:
            self.budget -= path[0] == "functions"
            self.node(step, path, scope, depth)
            if step.has_attributes:
                self.attributes(step, (*path, "node", step.index), scope, depth)

    def attributes(self, step: Step, place: Path, scope: Scope, depth: int) -> None:
        """Go through a node's attributes."""
        ends = ends_of_body(step, [scope.demands.get(name, Demand.NONE) for name in step.outputs])
        for number, attribute in enumerate(step.node.attribute):
            constant = self.attribute(attribute, (*place, "attribute", number), scope, depth, ends)
            if not constant:
                continue
            if step.key == _CONSTANT and step.outputs:
                scope.set(step.outputs[0], (constant, 0))
            elif step.operator.operands:
                for part in constant:
                    self.must_be_exact(part.path, COMPARED)

    def node(self, step: Step, path: Path, scope: Scope, depth: int) -> None:
        """Note what a node, of the graph at `path`, does with its inputs."""
        get = scope.get
        values = [get(name, NOTHING) for name in step.inputs]
        constants = [parts for parts, _ in values]
        sources = [source for _, source in values]
        call = self.functions.get(step.function) if self.functions else None
        if call:
            ends = [scope.demands.get(name, Demand.NONE) for name in step.outputs]
            results = self.call(*call, values, ends, scope, depth)
            for name, result in zip(step.outputs, results, strict=False):
                scope.set(name, result)
            return
        moved = made_of(step.node, constants) if step.operator.traits & Trait.MOVES else ()
        computed = moved, source_of(step.operator, sources, constants)
        for name in step.outputs:
            # What a body computes hides a constant of the same name outside.
            scope.set(name, computed)
        if moved and step.key == _CAST and is_cast_to_integers(step.node):
            for part in moved:
                self.must_be_exact(part.path, COMPARED)
        if not any(constants):
            return
        for index, parts in enumerate(constants):
            if not parts or (moved and (index == 0 or step.key == _CONCAT)):
                continue  # its use is what uses the output
            other = union(sources[:index] + sources[index + 1 :])
            place: Path = (*path, "node", step.index)
            for constant in parts:
                self.use(step, place, index, constant, constants, other, scope)

    def use(
        self,
        step: Step,
        place: Path,
        index: int,
        constant: Constant,
        constants: list[Constants],
        source: int,
        scope: Scope,
    ) -> None:
        """Note one use of a tensor."""
        path = constant.path
        if self.uses is not None:
            self.uses.setdefault(path, []).append(Use(place, index, constant.axes))
        known = self.roles.get(path)
        if not scope.is_run and known:
            return  # training graphs read the network's weights, which does not change what these stand
        use = self.classify(step, index, constant, source, scope.demand(step.outputs))
        if scope.is_run:
            tolerance, reason, scale = use.tolerance, use.reason, scale_of(step, index, constants)
        else:
            tolerance, reason, scale = Tolerance.EXACT, NOT_RUN, None
        found = TensorRole(use.role, use.view, place, index, tolerance, reason, scale)
        self.roles[path] = found if known is None else _stricter(known, found)

    def classify(self, step: Step, index: int, constant: Constant, source: int, demand: int) -> TensorRole:
        """Return what `classify` does; networks use most of their tensors as some before."""
        if step.has_attributes:
            return classify(step.node, index, constant, source, demand)
        key = step.key, index, constant.dims, constant.axes, constant.floating, source, demand
        found = self.classified.get(key)
        if found is None:
            found = self.classified[key] = classify(step.node, index, constant, source, demand)
        return found

    def call(
        self,
        path: Path,
        function: onnx.FunctionProto,
        arguments: list[Value],
        ends: list[int],
        outer: Scope,
        depth: int,
    ) -> list[Value]:
        """Go through a function's body with the values it is called with; return those of its outputs."""
        if depth >= _MAX_DEPTH or (path in self.called and self.budget < 0):
            for part in chain.from_iterable(parts for parts, _ in arguments):
                self.must_be_exact(part.path, UNKNOWN_USE)
            return [NOTHING] * len(function.output)
        self.called.add(path)
        scope = Scope(is_run=outer.is_run)
        for name, value in zip(function.input, arguments, strict=False):
            scope.set(name, value)
        demands = dict(zip(function.output, ends, strict=False))
        steps = steps_of(function.node)
        scope.demands = self.demands.of_graph(steps, demands, depth)
        self.nodes(steps, path, scope, depth + 1)
        return [scope.get(name, NOTHING) for name in function.output]


def _stricter(known: TensorRole, found: TensorRole) -> TensorRole:
    """Return the role of the first use that has one, with the tolerance of the stricter use."""
    first = found if known.role is Role.OTHER and found.role is not Role.OTHER else known
    strict = found if found.tolerance > known.tolerance else known
    return first._replace(tolerance=strict.tolerance, reason=strict.reason, scale=strict.scale)
