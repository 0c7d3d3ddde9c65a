"""Roles of a model's tensors in its network, with matrix views and the nodes that use them."""

from nntc.onnx.roles.find import find_roles, find_uses
from nntc.onnx.roles.inputs import InputKind, input_kinds
from nntc.onnx.roles.role import UNKNOWN, UNKNOWN_USE, UNUSED, Role, Scale, TensorRole, Tolerance, Use

__all__ = [
    "UNKNOWN",
    "UNKNOWN_USE",
    "UNUSED",
    "InputKind",
    "Role",
    "Scale",
    "TensorRole",
    "Tolerance",
    "Use",
    "find_roles",
    "find_uses",
    "input_kinds",
]
