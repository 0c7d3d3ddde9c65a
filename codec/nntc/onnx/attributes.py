"""Attributes of nodes."""

from __future__ import annotations

import onnx


def _find(node: onnx.NodeProto, name: str) -> onnx.AttributeProto | None:
    return next((attribute for attribute in node.attribute if attribute.name == name), None)


def integer(node: onnx.NodeProto, name: str, default: int) -> int:
    """Return an integer attribute."""
    attribute = _find(node, name)
    return default if attribute is None else int(attribute.i)


def integers(node: onnx.NodeProto, name: str) -> tuple[int, ...]:
    """Return an attribute of several integers, empty if it is not there."""
    attribute = _find(node, name)
    return () if attribute is None else tuple(attribute.ints)


def string(node: onnx.NodeProto, name: str, default: str) -> str:
    """Return a string attribute."""
    attribute = _find(node, name)
    return default if attribute is None else attribute.s.decode("utf-8", "replace")


def real(node: onnx.NodeProto, name: str, default: float) -> float:
    """Return a floating-point attribute."""
    attribute = _find(node, name)
    return default if attribute is None else float(attribute.f)
