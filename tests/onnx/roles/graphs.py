"""Graphs for tests of roles, and the roles of their tensors by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from nntc.format.registry import ViewKind
from nntc.format.view import View
from nntc.onnx.model import find_tensors
from nntc.onnx.roles import Role, TensorRole, find_roles
from onnx import helper, numpy_helper

M, T = ViewKind.MATRIX, ViewKind.TRANSPOSED


def tensor(name: str, *dims: int, dtype: Any = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(dims, dtype), name)


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    """Make a node; `inputs` are names between blanks, "_" for one left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(op, names, [output], **attributes)


def model_of(nodes: list[onnx.NodeProto], tensors: list[onnx.TensorProto], **kw: Any) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph(nodes, "g", [], [], tensors), **kw)


def roles_by_name(model: onnx.ModelProto) -> dict[str, TensorRole]:
    data = model.SerializeToString()
    found = list(find_tensors(lambda offset, length: data[offset : offset + length], len(data)))
    roles = find_roles(model)
    assert list(roles) == sorted(roles, key=list(roles).index)
    assert set(roles) == {tensor.path for tensor in found}
    return {tensor.name: roles[tensor.path] for tensor in found}


def role_of(nodes: list[onnx.NodeProto], *tensors: onnx.TensorProto) -> tuple[Role, View]:
    """Return role and view of the first tensor."""
    role = roles_by_name(model_of(nodes, list(tensors)))[tensors[0].name]
    assert role.view.size == np.prod(tensors[0].dims, dtype=int)
    return role.role, role.view
