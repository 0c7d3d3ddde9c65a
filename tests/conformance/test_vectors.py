"""The decoders do with the vectors what the manifest says, stage by stage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import spec_decoder as spec
from vectors import CLASSES, VECTORS, read

from codec.decoder.container import read_directory, read_section
from codec.decoder.entropy.integers import IntegerReader
from codec.decoder.entropy.symbols import Surroundings, Tokens
from codec.decoder.entropy.tables import read_tables
from codec.decoder.model import decode_bytes
from codec.decoder.source import BytesSource
from codec.decoder.tensor.codebook import Codebook
from codec.decoder.tensor.planes import Planes
from codec.decoder.tensor.record import TensorRecord, decode_records, read_tensor
from codec.decoder.tensor.uniform import Uniform
from codec.errors import FormatError
from codec.format.layout import TABLE_COUNT, SectionStream, parse
from codec.format.registry import ViewKind

Outputs = dict[str | None, bytes]


def outcome(decode: Callable[[bytes], Outputs], data: bytes) -> Any:
    try:
        outputs = decode(data)
    except (FormatError, spec.SpecError) as e:
        return {"id": e.id, "offset": e.offset}
    return [(name, len(own), hashlib.sha256(own).hexdigest()) for name, own in outputs.items()]


def expected(vector: dict[str, Any]) -> Any:
    if "error" in vector:
        return vector["error"]
    return [(output["name"], output["size"], output["sha256"]) for output in vector["output"]]


@pytest.mark.parametrize("decode", [decode_bytes, spec.decode], ids=["codec", "spec_decoder"])
@pytest.mark.parametrize("kind", CLASSES)
def test_decoders_do_what_the_manifest_says(kind: str, decode: Callable[[bytes], Outputs]) -> None:
    wrong = []
    for vector in VECTORS.values():
        if vector["class"] == kind:
            found = outcome(decode, read(vector))
            if found != expected(vector):
                wrong.append((vector["id"], found, expected(vector)))
    assert wrong == []


def test_callers_limits() -> None:
    for vector in VECTORS.values():
        data = read(vector)
        for limit in vector.get("caller_limits", ()):
            options = {"max_memory": limit.get("memory"), "max_output": limit.get("output")}
            found = outcome(lambda d: decode_bytes(d, **options), data)  # noqa: B023 - called at once
            assert found == limit["error"], vector["id"]


def test_a_byte_more_is_allowed() -> None:
    for what in ("memory", "output"):
        vector = VECTORS[f"{what}-external"]
        options = {f"max_{what}": max(limit[what] for limit in vector["caller_limits"]) + 1}
        found = outcome(lambda d: decode_bytes(d, **options), read(vector))  # noqa: B023 - called at once
        assert found == expected(vector)


def records(data: bytes) -> list[tuple[int, TensorRecord, list[Tokens]]]:
    """Return offset, record and tokens of each TENSOR section of a valid file."""
    source = BytesSource(data)
    directory = read_directory(source)
    shared = []
    if directory.tables is not None:
        stream = SectionStream(read_section(source, directory.tables), 0)
        shared = read_tables(stream, parse(TABLE_COUNT, stream))
    around = Surroundings(directory.profile, shared)
    found = []
    for section in directory.tensors:
        record = read_tensor(read_section(source, section), section.offset, section.output, around)
        tokens = [t for t in decode_records([record])[0] if not isinstance(t, FormatError)]
        found.append((section.offset, record, tokens))
    return found


STAGED = [vector for vector in VECTORS.values() if vector["class"] == "valid"]


def test_records_are_described() -> None:
    for vector in STAGED:
        found = [
            {
                "offset": offset,
                "tool": record.tool.name.lower(),
                "element": record.element.name.lower(),
                "view": shape_of(record),
                "elements": record.view.size,
            }
            for offset, record, _ in records(read(vector))
        ]
        members = ("offset", "tool", "element", "view", "elements")
        assert [{m: stated[m] for m in members} for stated in vector["records"]] == found, vector["id"]


def shape_of(record: TensorRecord) -> dict[str, Any]:
    view = record.view
    kind = {"kind": view.kind.name.lower(), "rows": view.rows}
    if view.kind is ViewKind.RAGGED:
        return kind | ({"lengths": list(view.lengths)} if view.rows <= 64 else {})
    return kind | {"channels": view.channels, "period": view.period}


def test_stages_of_decoding() -> None:
    for vector in STAGED:
        for stated, (_, record, tokens) in zip(vector["records"], records(read(vector)), strict=True):
            content = record.content
            if isinstance(content, Planes):
                planes = [t.tolist() for t in tokens]
                assert stated.get("planes", planes) == planes, vector["id"]
                continue
            block = content.indices if isinstance(content, Codebook) else content.levels
            own = tokens[-len(block.runs) :]
            if isinstance(content, Uniform) and content.trellis:
                own = [own[-1] >> 1]
            integers = IntegerReader(block, own).take(block.count).tolist()
            assert stated.get("tokens", own[-1].tolist()) == own[-1].tolist(), vector["id"]
            assert stated.get("integers", integers) == integers, vector["id"]
            if isinstance(content, Uniform) and "scaled" in stated:
                bits = content.values(tokens).view(f"u{record.element.width}").tolist()
                assert elements(stated, record, content, tokens) == bits, vector["id"]


def elements(
    stated: dict[str, Any], record: TensorRecord, content: Uniform, tokens: list[Tokens]
) -> list[int]:
    """Return bit patterns from the stated X or Y by exact arithmetic (clause 9.7, steps 5 to 8)."""
    view = record.view
    rows = [r for r, n in enumerate(view.lengths) for _ in range(n)]
    if view.kind is not ViewKind.RAGGED:
        rows = np.repeat(np.arange(view.rows), view.columns).tolist()
    scale = Fraction(content.step) / (1 if content.transform is None else 2**24)
    found = []
    for y, r in zip(stated.get("transformed", stated["scaled"]), rows, strict=True):
        factor = scale if content.row_codes is None else scale * spec.step_code(int(tokens[0][r]))
        value = spec.round_binary(y * factor, 53, -1074)
        if content.offset:
            value = spec.round_binary(value + Fraction(content.offset), 53, -1074)
        bits = spec.element_bits(value, int(record.element), negative=value < 0)
        assert bits is not None
        found.append(bits)
    return found
