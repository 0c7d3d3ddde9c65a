"""The decoders do with the vectors what the manifest says, stage by stage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from nntc.conformance.suite import read_suite
from nntc.decoder.directory import read_directory, read_section
from nntc.decoder.entropy.integers import IntegerReader, TokenTable
from nntc.decoder.entropy.runs import ParseContext, Tokens
from nntc.decoder.graph import graph_of
from nntc.decoder.model import decode_bytes
from nntc.decoder.tensor.codebook import Codebook
from nntc.decoder.tensor.difference import Difference
from nntc.decoder.tensor.planes import Planes
from nntc.decoder.tensor.record import TensorRecord, decode_records, read_tensor
from nntc.decoder.tensor.uniform import Uniform
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import ElementType, ViewKind
from nntc.format.tables import TABLE_COUNT, read_tables
from nntc.limits import Limits
from nntc.sources.source import BytesSource
from numpy.typing import NDArray

from conformance.generator.records import step_code
from conformance.proof.outcomes import Outcome, fits, of_codec, of_reference
from conformance.reference_decoder.rounding import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    INT8,
    UINT8,
    FloatFormat,
    IntegerFormat,
    to_element,
)
from tests import spec_examples
from tests.conformance.vectors import CLASSES, CONFORMANCE, VECTORS, base_of, read

pytestmark = pytest.mark.usefixtures("kernels")

Decode = Callable[[bytes, Sequence[bytes]], Outcome]
FORMATS: dict[ElementType, FloatFormat | IntegerFormat | None] = {
    ElementType.INT8: INT8,
    ElementType.UINT8: UINT8,
    ElementType.FLOAT16: FLOAT16,
    ElementType.BFLOAT16: BFLOAT16,
    ElementType.FLOAT32: FLOAT32,
    ElementType.FLOAT64: None,
}


def expected(vector: dict[str, Any]) -> Any:
    if "error" in vector:
        return vector["error"]["id"], vector["error"]["offset"]
    return {output["name"]: output["sha256"] for output in vector["output"]}


def found(outcome: Outcome) -> Any:
    if isinstance(outcome, tuple):
        return outcome
    return {name: hashlib.sha256(data).hexdigest() for name, data in outcome.items()}


@pytest.mark.parametrize("decode", [of_codec, of_reference])
@pytest.mark.parametrize("kind", CLASSES)
def test_decoders_do_what_the_manifest_says(kind: str, decode: Decode) -> None:
    wrong = []
    for vector in VECTORS.values():
        if vector["class"] == kind:
            outcome = found(decode(read(vector), base_of(vector)))
            if outcome != expected(vector):
                wrong.append((vector["id"], outcome, expected(vector)))
    assert wrong == []


@pytest.mark.parametrize("decode", [of_codec, of_reference])
def test_updates_without_their_base(decode: Decode) -> None:
    for vector in VECTORS.values():
        if "without_base" in vector:
            fault = vector["without_base"]
            assert decode(read(vector), []) == (fault["id"], fault["offset"]), vector["id"]


def under(limit: Mapping[str, int], data: bytes) -> Any:
    """Return what the package does if its caller allows so many bytes of memory or output."""
    try:
        allowed = {what: limit[what] for what in ("memory", "output") if what in limit}
        files = decode_bytes(data, limits=Limits.of(**allowed))
    except FormatError as e:
        return {"id": e.id, "offset": e.offset}
    return found(files)


def test_callers_limits() -> None:
    for vector in VECTORS.values():
        for limit in vector.get("caller_limits", ()):
            assert under(limit, read(vector)) == limit.get("error", expected(vector)), vector["id"]


@pytest.mark.parametrize("decode", [of_codec, of_reference])
def test_keys_that_callers_demand(decode: Callable[..., Outcome]) -> None:
    tried = 0
    for vector in read_suite(CONFORMANCE).vectors:
        for keys in vector.caller_keys:
            tried += 1
            assert fits(decode(vector.path.read_bytes(), keys=keys), keys.expected), (vector.id, keys)
    assert tried > 50


def records(data: bytes) -> list[tuple[int, TensorRecord, list[Tokens]]]:
    """Return offset, record and tokens of each TENSOR section of a valid file."""
    source = BytesSource(data)
    directory = read_directory(source)
    shared = []
    if directory.tables is not None:
        stream = SectionStream(read_section(source, directory.tables), 0)
        shared = read_tables(stream, TABLE_COUNT.read(stream))
    sizes = tuple(file.size for file in graph_of(source, directory).bases)
    around = ParseContext(directory.profile, shared, base_sizes=sizes)
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


def test_the_example_files_of_the_specification() -> None:
    text = (CONFORMANCE.parent / "SPEC.md").read_text("utf-8")
    examples = [data for data, _ in spec_examples.extract(text)]
    assert [read(VECTORS[f"example-{number}"]) for number in (1, 2, 3)] == examples


def test_stages_of_decoding() -> None:
    for vector in STAGED:
        for stated, (_, record, tokens) in zip(vector["records"], records(read(vector)), strict=True):
            content = record.content
            if isinstance(content, Difference) or record.later:
                continue  # its elements are all that the manifest tells
            if isinstance(content, Planes):
                planes = [plain(t).tolist() for t in tokens]
                assert stated.get("planes", planes) == planes, vector["id"]
                continue
            block = content.indices if isinstance(content, Codebook) else content.levels
            gaps = plain(tokens[-2]) if len(block.runs) > 1 else None
            integers = IntegerReader(block, TokenTable.of(tokens[-1]), gaps).take(block.count).tolist()
            own = plain(tokens[-1]).tolist()
            assert stated.get("tokens", own) == own, vector["id"]
            assert stated.get("integers", integers) == integers, vector["id"]
            if isinstance(content, Uniform) and "scaled" in stated:
                bits = content.values(tokens).view(f"u{record.element.width}").tolist()
                assert elements(stated, record, content, tokens) == bits, vector["id"]


def plain(tokens: Tokens) -> NDArray[np.uint8]:
    """Return decoded tokens as themselves, uint8, rank 1."""
    token_table = TokenTable.of(tokens)
    found: NDArray[np.uint8] = token_table.tokens[token_table.indices]
    return found


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
        factor = scale if content.row_codes is None else scale * step_code(int(plain(tokens[0])[r]))
        # The conversion of a fraction to binary64 rounds to nearest, ties to even.
        value = float(y * factor)
        bits = to_element(value + content.offset if content.offset else value, FORMATS[record.element])
        assert bits is not None
        found.append(int.from_bytes(bits, "little"))
    return found
