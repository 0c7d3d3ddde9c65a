"""`nntc info` of an ONNX model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.cli.output import say, shape_text, show_json, show_table
from nntc.extras import missing_extra
from nntc.sources.kinds import HEAD, ONNX, kind_of

if TYPE_CHECKING:
    from nntc.encoder.model_info import ModelInfo, Value

_MOST_LAYERS = 8


def is_model(source: str | Path) -> bool:
    """Return whether a file looks like an ONNX model rather than a `.nntc` file."""
    if not isinstance(source, Path):
        return False
    with source.open("rb") as stream:
        return kind_of(stream.read(HEAD)) == ONNX


def show_model(source: Path, *, follow_links: bool = False, as_json: bool) -> None:
    """Show what is in a model, and what `nntc encode` would do with it."""
    try:
        from nntc.encoder.model_info import describe_model

        about = describe_model(source, follow_links=follow_links)
    except ImportError as e:
        better = missing_extra(e, "nntc info of an ONNX model")
        if better is None:
            raise
        raise better from e
    if as_json:
        show_json({"file": str(source), **asdict(about), "totals": _totals(about)})
    else:
        _show(about, source)


def _totals(about: ModelInfo) -> dict[str, Any]:
    """Return how many tensors and bytes there are of each coding and role."""
    return {
        field: {name: {"tensors": n, "bytes": size} for name, (n, size) in about.bytes_by(field).items()}
        for field in ("coding", "role")
    }


def _show(about: ModelInfo, source: Path) -> None:
    files = "" if about.files == 1 else f" in {about.files} files"
    by = f", by {about.producer}" if about.producer else ""
    opsets = ", ".join(f"{domain} {version}" for domain, version in about.opsets.items())
    say(f"{source}: ONNX model, {about.size:,} bytes{files}{by}")
    say(f"IR version {about.ir_version}, operators of {opsets or 'no set'}")
    _say_list("inputs", (_value_text(value) for value in about.inputs))
    _say_list("outputs", (_value_text(value) for value in about.outputs))
    layers = [f"{count} {name}" for name, count in about.layers.items()]
    more = [f"{len(layers) - _MOST_LAYERS} other kinds"] if len(layers) > _MOST_LAYERS else []
    _say_list("layers", [*layers[:_MOST_LAYERS], *more])
    say()
    for field in ("role", "coding"):
        rows = [
            [name or "in the graph", f"{count:,}", f"{size:,}", f"{size / about.size:.1%}"]
            for name, (count, size) in about.bytes_by(field).items()
        ]
        if field == "coding":
            rows.append(["no tensor", "", f"{about.rest:,}", f"{about.rest / about.size:.1%}"])
        if rows:
            show_table("", [field, "tensors", "bytes", "share"], rows)
            say()
    heads = ["tensor", "role", "type", "shape", "coding", "bytes"]
    rows = [
        [
            tensor.name or "(no name)",
            tensor.role,
            tensor.type,
            shape_text(tensor.shape),
            _coding_text(tensor.coding, tensor.reason),
            f"{tensor.bytes:,}",
        ]
        for tensor in about.tensors
    ]
    if rows:
        show_table("Tensors, and what nntc encode would do with them", heads, rows, left=5)
        if about.remarks:
            say()
    for remark in about.remarks:
        say(remark)


def _coding_text(coding: str, reason: str) -> str:
    return f"{coding}: {reason}" if reason else coding


def _say_list(what: str, items: Iterable[str]) -> None:
    say(f"{what}: {', '.join(items) or 'none'}")


def _value_text(value: Value) -> str:
    sizes = "..." if value.shape is None else ", ".join(map(str, value.shape))
    return f"{value.name} {value.type} ({sizes})"
