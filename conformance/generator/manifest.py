"""`manifest.json`: what is written about the vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from conformance.generator.records import ELEMENT_NAMES, STAGED_ELEMENTS, TOOL_NAMES, Record
from conformance.generator.requirements import GENERAL, UNDECIDABLE
from conformance.generator.vector import NO_INDEX, SINCE, Fault, Indexed, Vector
from conformance.generator.views import RAGGED, VIEW_NAMES, View

FORMAT = "1.0"
INLINE_BYTES = 256

Json = dict[str, Any]


def vector_path(vector: Vector) -> str:
    """Return where a vector stands, from the folder of the manifest."""
    return f"vectors/{vector.kind}/{vector.id}.nntc"


def base_path(data: bytes) -> str:
    """Return where a base file stands; several vectors may have it."""
    return f"vectors/base/{_sha256(data)[:16]}.bin"


def entry(vector: Vector) -> Json:
    """Return what the manifest says about a vector."""
    out: Json = {
        "id": vector.id,
        "comment": vector.comment,
        "file": vector_path(vector),
        "size": len(vector.data),
        "sha256": _sha256(vector.data),
        "class": vector.kind,
        "profile": vector.profile,
        "since": SINCE,
        "features": list(vector.features),
        "requirements": list(vector.requirements),
    }
    if vector.fault is None:
        out["output"] = [_output(name, data) for name, data in vector.outputs]
        out["records"] = [_record(offset, record) for offset, record in vector.records]
        if vector.index != NO_INDEX:
            out["index"] = None if vector.index is None else [_indexed(tensor) for tensor in vector.index]
    else:
        out["error"] = _fault(vector.fault)
        out["parent"] = vector.parent
        out["patch"] = [
            {"offset": e.offset, "remove": e.remove.hex(), "insert": e.insert.hex()} for e in vector.patch
        ]
    if vector.without_base is not None:
        out["base"] = [
            {"file": base_path(own), "size": len(own), "sha256": _sha256(own)} for own in vector.bases
        ]
        out["without_base"] = _fault(vector.without_base)
    if vector.max_memory:
        out["max_memory"], out["max_seconds"] = vector.max_memory, vector.max_seconds
    if vector.caller_limits:
        out["caller_limits"] = [
            {limit.what: limit.allowed} | ({"error": _fault(limit.fault)} if limit.fault is not None else {})
            for limit in vector.caller_limits
        ]
    if vector.caller_keys:
        out["caller_keys"] = [
            {"keys": [key.hex() for key in own.keys], "threshold": own.threshold}
            | ({"error": _fault(own.fault)} if own.fault is not None else {})
            for own in vector.caller_keys
        ]
    return out


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _fault(fault: Fault) -> Json:
    return {"id": fault.id, "offset": fault.offset}


def _output(name: str | None, data: bytes) -> Json:
    out: Json = {"name": name, "size": len(data), "sha256": _sha256(data)}
    return out | ({"hex": data.hex()} if len(data) <= INLINE_BYTES else {})


def _record(offset: int, record: Record) -> Json:
    out: Json = {
        "offset": offset,
        "tool": TOOL_NAMES[record.fields.data[0] >> 4],
        "element": ELEMENT_NAMES[record.element],
        "view": _view(record.view),
        "elements": record.view.size,
    }
    return out | (record.stages if record.view.size <= STAGED_ELEMENTS else {})


def _indexed(tensor: Indexed) -> Json:
    digest = None if tensor.data is None else _sha256(tensor.data)
    return {
        "name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims), "sha256": digest
    }  # fmt: skip


def _view(view: View) -> Json:
    if view.kind == RAGGED:
        lengths: Json = {"lengths": list(view.lengths)} if view.rows <= STAGED_ELEMENTS else {}
        return {"kind": VIEW_NAMES[view.kind], "rows": view.rows, **lengths}
    shape = {"rows": view.rows, "channels": view.channels, "period": view.period}
    return {"kind": VIEW_NAMES[view.kind], **shape}


def write_manifest(vectors: Iterable[Vector]) -> str:
    """Return the manifest, a member of a vector to a line."""
    blocks = []
    for vector in vectors:
        lines = [f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in entry(vector).items()]
        blocks.append("{\n  " + ",\n  ".join(lines) + "\n}")
    head = {
        "$schema": "manifest.schema.json",
        "format": FORMAT,
        "license": "CC0-1.0",
        "general": GENERAL,
        "undecidable": UNDECIDABLE,
    }
    members = [f"{json.dumps(k)}: {json.dumps(v, indent=1, ensure_ascii=False)}" for k, v in head.items()]
    return "{\n" + ",\n".join(members) + ',\n"vectors": [\n' + ",\n".join(blocks) + "\n]\n}\n"
