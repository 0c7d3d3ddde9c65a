"""The specification's text: identifiers, error ids, tables and example files."""

from __future__ import annotations

import ast
import re
import struct
import zlib
from pathlib import Path

import pytest
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.model import decode_bytes
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.format.dct import BASIS_BITS, MAX_BLOCK, basis
from nntc.format.registry import Profile

from conformance.proof import samples
from conformance.proof.outcomes import of_reference
from conformance.reference_decoder.transform import BASIS
from tests import spec_examples

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SPEC.md").read_text("utf-8")
EXAMPLES = spec_examples.extract(TEXT)
ERROR = re.compile(r"\bE_[A-Z0-9_]+\b")


def raised_ids(path: Path) -> set[str]:
    """Error ids in a source file, other than those of errors about the model or the output place."""
    tree = ast.parse(path.read_text("utf-8"))
    found: set[str] = set()
    other: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            texts = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
            ids = set(filter(ERROR.fullmatch, texts))
            if name in ("ModelError", "OutputError", "NntcError"):
                other |= ids
            else:
                found |= ids
    return found - other


def table_ids() -> set[str]:
    start = TEXT.index("### 12.2 ")
    rows = re.findall(r"^\| (E_[A-Z0-9_]+) \|", TEXT[start : TEXT.index("\n### ", start)], re.M)
    assert len(rows) == len(set(rows))
    return set(rows)


def test_every_requirement_is_defined_once() -> None:
    defined = re.findall(r"\*\*\[(R-\d+)\]\*\*", TEXT)
    assert len(defined) == len(set(defined)) > 100
    cited = set(re.findall(r"\bR-\d{3}\b", TEXT))
    assert cited <= set(defined)


def test_error_ids_of_text_and_decoder_are_the_same() -> None:
    code = {
        error
        for folder in ("decoder", "format")
        for path in (ROOT / "codec" / "nntc" / folder).rglob("*.py")
        for error in raised_ids(path)
    }
    assert code == table_ids()
    assert set(ERROR.findall(TEXT)) - {"E_ID"} == table_ids()
    second = (ROOT / "conformance" / "reference_decoder").glob("*.py")
    found = {error for path in second for error in ERROR.findall(path.read_text("utf-8"))}
    assert found - {"E_ID"} == table_ids()


def appendix_a() -> dict[int, list[list[int]]]:
    start = TEXT.index("## Appendix A")
    found: dict[int, list[list[int]]] = {}
    for line in TEXT[start : TEXT.index("## Appendix B")].splitlines():
        if match := re.fullmatch(r"n = (\d+)", line):
            found[int(match[1])] = []
        elif match := re.fullmatch(r"  k=(\d+) +([-\d ]+)", line):
            rows = found[max(found)]
            assert int(match[1]) == len(rows)
            rows.append([int(v) for v in match[2].split()])
    return found


def test_the_basis_of_the_text_is_that_of_the_code() -> None:
    printed = appendix_a()
    assert list(printed) == list(range(1, MAX_BLOCK + 1))
    for n, rows in printed.items():
        assert rows == basis(n).tolist() == BASIS[n]
    numbers = [v for rows in printed.values() for row in rows for v in row]
    crc = zlib.crc32(struct.pack(f"<{len(numbers)}h", *numbers))
    assert f"CRC-32 of all {len(numbers):,} numbers below" in TEXT
    assert f"0x{crc:08X}" in TEXT
    assert f"round(2^{BASIS_BITS} *" in TEXT


def test_the_bounds_of_appendix_b_are_those_of_the_basis() -> None:
    start = TEXT.index("## Appendix B")
    rows = re.findall(r"^\| A_n \|(.*)\|$", TEXT[start:], re.M)
    printed = [int(v) for row in rows for v in row.split("|")]
    bases = appendix_a().values()
    assert printed == [max(sum(map(abs, column)) for column in zip(*rows, strict=True)) for rows in bases]


def test_the_script_gives_the_text_of_the_example_files() -> None:
    text = TEXT[TEXT.index(spec_examples.BEGIN) : TEXT.index(spec_examples.END)]
    assert text == spec_examples.BEGIN + "\n" + spec_examples.appendix()


def test_there_are_three_example_files() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("number", range(3))
def test_example_files_decode_to_what_the_text_says(number: int) -> None:
    data, outputs = EXAMPLES[number]
    assert list(decode_bytes(data).items()) == outputs
    assert of_reference(data) == dict(outputs)


@pytest.mark.parametrize("number", range(3))
def test_field_by_field_dumps_are_the_files(number: int) -> None:
    example = TEXT.split(f"### C.{number + 1} ")[1]
    dump = example[example.index("```\nheader") : example.index("\n```\n", example.index("```\nheader"))]
    data = b""
    for line in dump.splitlines():
        if match := re.match(r" *(\d+)  ((?:[0-9A-F]{2} ){0,7}[0-9A-F]{2})(?:  |$)", line):
            assert int(match[1]) == len(data)
            data += bytes.fromhex(match[2])
    assert data == EXAMPLES[number][0]


def test_the_record_of_the_overview_decodes_as_it_says() -> None:
    overview = TEXT[TEXT.index("## Overview") : TEXT.index("## 1. ")]
    weights, record = overview.split("```")[1::2]
    data = bytes.fromhex("".join(re.findall(r"^((?:[0-9A-F]{2} )*[0-9A-F]{2})  ", record, re.M)))
    decoded = [float(value) for value in re.findall(r"-?\d\.\d\d", weights.split("decoded")[1])]
    assert len(data) == 21
    assert struct.unpack("<4f", samples.payload_of(data, 16, 0)) == tuple(decoded)
    parsed = read_tensor(data, 0, 16, ParseContext(Profile.DEVICE, ()))
    assert parsed.payload(decode_records([parsed])[0]).tobytes() == struct.pack("<4f", *decoded)


def test_no_line_of_prose_is_too_long() -> None:
    blocks = re.sub(r"^```.*?^```", "", TEXT, flags=re.M | re.S)
    long = [line for line in blocks.splitlines() if len(line) > 112 and not line.startswith("|")]
    assert not long
