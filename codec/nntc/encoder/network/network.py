"""Network: a model to be run, whole or in part, with other weights, intermediate tensors as outputs.

onnxruntime takes the weights as they are in memory, beside a model that holds none: opening a session costs
little more than its own optimizations, and other weights need no model to be written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nntc.encoder.network.session import Array, Session, one_line, onnxruntime_module
from nntc.encoder.network.shell import ort_value, shell_of, without_data
from nntc.encoder.network.subgraph import Constants, needed_nodes, parts_of, take_apart, take_branch
from nntc.encoder.network.values import ExternalData
from nntc.encoder.samples import ModelInput, model_inputs
from nntc.encoder.split import open_model
from nntc.encoder.split.content import Content
from nntc.errors import ModelError, NntcError
from nntc.onnx.operators import is_operator
from nntc.onnx.roles import Use, find_uses
from nntc.onnx.tensor import Path

_MIN_BYTES = 256  # smaller constants stay in the graph, where shape inference needs to see them
_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13})  # TensorProto.DataType: numpy's, bool too
_NUMBERS_OF_RUNTIME = re.compile(r"tensor\((float|float16|double|bool|u?int(8|16|32|64))\)")


class Network:
    """A model to be run in sessions of any of its parts.

    Parameters
    ----------
    source
        A parsed model, which stays as it is, or its bytes; or the path of a model, its external data beside
        it and no links out of its folder.
    external
        Content of the files of external data by name, of a model that does not come as a path.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError
        E_RUN: the onnx library cannot read the model. E_LOCATION, E_EXTERNAL: its external data is at fault.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes | onnx.ModelProto,
        external: Mapping[str, Content | bytes] | None = None,
    ) -> None:
        onnxruntime_module()
        with _reading():
            self._open(*_read(source, external or {}))

    def _open(self, model: onnx.ModelProto, external: ExternalData) -> None:
        self._read, self.without_data = model, external
        self.inputs: list[ModelInput] = model_inputs(model)
        """What the model needs values for."""
        self.outputs: list[str] = []
        """Names of its outputs that are tensors of numbers; for sequences, of what they are made of."""
        self.constants: dict[str, Array] = {}
        """Values of the main graph's constants by name, those of Constant nodes among them."""
        self.names: dict[Path, str] = {}
        """Names of these constants by their tensors' paths."""
        self._inline: list[onnx.TensorProto] = []
        self._branches = 0
        self._input_names = {entry.name for entry in self.inputs}
        self.nodes, constants = take_apart(model.graph, ("graph",))
        """The main graph's other nodes, in order."""
        self._add_constants(constants)
        for node in self.nodes:
            external.load_into(node.proto)
        self._model = shell_of(model, self._input_names)
        for function in self._model.functions:
            external.load_into(function)
        self._values: dict[str, Any] = {}
        self.outputs += self._outputs_of_numbers(model.graph)

    def _outputs_of_numbers(self, graph: onnx.GraphProto) -> list[str]:
        """Return outputs that are tensors of types that numpy has, and in the place of others their parts.

        What no type is stated for, onnxruntime is asked.
        """
        makers = {name: node.proto for node in self.nodes for name in node.proto.output}
        found: dict[str, bool | None] = {}  # name: whether it is one, if that is known
        for output in graph.output:
            if output.type.WhichOneof("value") in (None, "tensor_type"):
                kind = output.type.tensor_type.elem_type
                found[output.name] = kind in _NUMBERS if kind else None
            else:
                found |= {part: None for part in parts_of(output.name, makers) if part not in found}
        asked = [name for name, known in found.items() if known is None and name not in self.constants]
        if asked:
            kinds = self.session(asked).kinds()
            found |= {n: bool(_NUMBERS_OF_RUNTIME.fullmatch(k)) for n, k in zip(asked, kinds, strict=True)}
        return [name for name, is_of_numbers in found.items() if is_of_numbers]

    @cached_property
    def uses(self) -> dict[Path, list[Use]]:
        """Uses of every tensor by path."""
        with _reading():
            return find_uses(self._read)

    def with_branches(self, samples: Iterable[Mapping[str, Array]]) -> Network:
        """Return the network with the branches that all samples take in the place of If nodes.

        What is inside a body can be neither seen nor replaced otherwise. It is right for inputs only that
        take the same branches.

        Raises
        ------
        ModelError
            E_RUN: onnxruntime cannot run the model.
        """
        network = self._copy()
        kept: set[Path] = set()
        while choices := [n for n in network.nodes if n.proto.op_type == "If" and n.path not in kept]:
            conditions = [node.proto.input[0] for node in choices]
            decided: list[set[bool]] = [set() for _ in choices]
            for values in network.compute(conditions, samples):
                for found, value in zip(decided, values, strict=True):
                    found.add(bool(np.all(value)))
            for node, found in zip(choices, decided, strict=True):
                if len(found) > 1:
                    kept.add(node.path)
                    continue
                network._branches += 1
                nodes, constants = take_branch(node, found.pop(), network._branches)
                place = network.nodes.index(node)
                network.nodes[place : place + 1] = nodes
                network._add_constants(constants)
        return network

    def compute(
        self, names: Sequence[str], batches: Iterable[Mapping[str, Array]], jobs: int = 1
    ) -> Iterator[list[Array]]:
        """Yield the values of any tensors for each batch, inputs and constants among them."""
        computed = [n for n in dict.fromkeys(names) if n not in self.constants and n not in self._input_names]
        batches = list(batches)
        found: Iterable[list[Array]] = ([] for _ in batches)
        if computed:
            found = self.session(computed).run_all(batches, jobs)
        for batch, values in zip(batches, found, strict=True):
            known = {**self.constants, **batch, **dict(zip(computed, values, strict=True))}
            yield [known[name] for name in names]

    def _add_constants(self, constants: Constants) -> None:
        for path, name, tensor in constants:
            array = self.without_data.array(tensor)
            self.names[path] = name
            self.constants[name] = array
            if array.nbytes < _MIN_BYTES or array.dtype.kind not in "biuf":
                inline = self.without_data.loaded(tensor)
                inline.name = name
                self._inline.append(inline)

    def changed(self, values: Mapping[Path, Array]) -> Network:
        """Return the network with other values of constants, of the same shape and type."""
        network = self._copy()
        changed = {self.names[path]: value for path, value in values.items()}
        network.constants.update(changed)
        for name in changed:
            network._values.pop(name, None)
        network._inline = [
            numpy_helper.from_array(changed[tensor.name], tensor.name) if tensor.name in changed else tensor
            for tensor in self._inline
        ]
        return network

    def _copy(self) -> Network:
        """Return a network of the same nodes and constants that can be changed without changing this one."""
        network = copy(self)
        network.nodes = list(self.nodes)
        network.names, network.constants = dict(self.names), dict(self.constants)
        network._inline, network._values = list(self._inline), dict(self._values)
        return network

    def session(
        self,
        outputs: Sequence[str] | None = None,
        *,
        given: Mapping[str, Array] | None = None,
        replaced: Mapping[str, Array] | None = None,
    ) -> Session:
        """Open a session.

        Parameters
        ----------
        outputs
            Names of the tensors to compute, intermediate ones too; by default the model's outputs.
        given
            Tensors, by name with values of their type and rank, that are fed instead of being computed: only
            what depends on nothing else runs. Model inputs still needed are fed as well.
        replaced
            New values of constants, by name, of the same shape and type.

        Raises
        ------
        ModelError
            E_RUN: onnxruntime cannot run the model.
        """
        wanted = list(self.outputs if outputs is None else outputs)
        if not wanted:
            raise ModelError("E_RUN", "the model has no output of numbers that numpy has a type for")
        for name, new in (replaced or {}).items():
            old = self.constants[name]
            if new.shape != old.shape or new.dtype != old.dtype:
                raise ValueError(f"{name} is {old.dtype} {old.shape}, not {new.dtype} {new.shape}")
        with _reading():
            return Session(*self._part(wanted, given or {}, replaced or {}), wanted)

    def _part(
        self, wanted: Sequence[str], given: Mapping[str, Array], replaced: Mapping[str, Array]
    ) -> tuple[bytes, dict[str, Any], list[str]]:
        """Return what a session runs: a model, the values of its constants, and what it is fed."""
        nodes, used = needed_nodes(self.nodes, wanted, given)
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        graph = model.graph
        graph.node.extend(node.proto for node in nodes)
        kept = [value for value in graph.input if value.name in used and value.name not in given]
        # The body of a Scan has no shapes of its own.
        is_ranked = any(is_operator(node.proto, "Scan") for node in nodes)
        kept += [
            helper.make_tensor_value_info(
                name,
                helper.np_dtype_to_tensor_dtype(value.dtype),
                [None] * value.ndim if is_ranked else None,
            )
            for name, value in given.items()
            if name in used
        ]
        del graph.input[:]
        graph.input.extend(kept)
        results = {value.name: value for value in self._model.graph.output}
        described = [results.get(name) or onnx.ValueInfoProto(name=name) for name in wanted]
        del graph.output[:]
        graph.output.extend(described)
        values = self._add_initializers(graph, used | set(wanted), replaced)
        return model.SerializeToString(), values, [value.name for value in kept]

    def _add_initializers(
        self, graph: onnx.GraphProto, used: set[str], replaced: Mapping[str, Array]
    ) -> dict[str, Any]:
        """Add the constants that are used to a graph; return the values of those without data there."""
        for tensor in self._inline:
            if tensor.name in replaced:
                graph.initializer.append(numpy_helper.from_array(replaced[tensor.name], tensor.name))
            elif tensor.name in used:
                graph.initializer.append(tensor)
        inline = {tensor.name for tensor in self._inline}
        values = {}
        for name, array in self.constants.items():
            if name in inline or name not in used:
                continue
            graph.initializer.append(without_data(name, array))
            new = replaced.get(name)
            if new is not None:
                values[name] = ort_value(new)
            else:
                if name not in self._values:
                    self._values[name] = ort_value(array)
                values[name] = self._values[name]
        return values


def _read(
    source: str | os.PathLike[str] | bytes | onnx.ModelProto, external: Mapping[str, Content | bytes]
) -> tuple[onnx.ModelProto, ExternalData]:
    if isinstance(source, onnx.ModelProto):
        return source, ExternalData(external)
    if isinstance(source, bytes):
        return onnx.load_model_from_string(source), ExternalData(external)
    # They are read later, so they stay open as long as something refers to them.
    files = open_model(source).files
    own = {file.name: file.data for file in files if file.name is not None}
    return onnx.load_model_from_string(bytes(files[0].data)), ExternalData(own)


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever the onnx library or protobuf raise at a model that is at fault into E_RUN."""
    try:
        yield
    except (NntcError, ImportError, MemoryError, OSError):
        raise
    except Exception as e:
        raise ModelError("E_RUN", f"the model cannot be read: {one_line(e)}") from e
