"""The three files of SPEC.md, appendix C, made field by field; the text of the appendix comes from here.

python -m tests.spec_examples            print the text
python -m tests.spec_examples --write    put it into SPEC.md
"""

from __future__ import annotations

import re
import struct
import sys
import textwrap
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

from conformance.generator.trellis import NEXT
from conformance.proof import samples
from conformance.proof.outcomes import of_reference
from conformance.proof.samples import svarint, varint
from tests.spec_dump import Dump, Example, Section, bits, graph

SPEC = Path(__file__).resolve().parents[1] / "SPEC.md"
BEGIN, END = "<!-- files: begin -->\n", "<!-- files: end -->\n"


def planes_example() -> Example:
    tensor = Dump()
    tensor.add(b"\x08", "tool 0 planes, element type 8 float16")
    tensor.add(b"\x00", "view_kind 0 matrix")
    for name, value in (("rows", 1), ("channels", 2), ("period", 1)):
        tensor.add(varint(value), f"{name} {value}")
    tensor.add(b"\x01", "flags: rotate")
    high, low = [0x7C, 0x70], [0x00, 0x01]
    for number, (plane, width) in enumerate(((high, 7), (low, 1))):
        packed = samples.bit_run([(t, width) for t in plane])
        tensor.add(b"\x00", f"plane {number}: coder 0 packed")
        tensor.add(bytes([width]), f"width {width}")
        shown = ", ".join(f"{t:0{width}b}" for t in plane)
        tensor.add(packed, f"tokens {shown}, as bytes {bits(packed)}")
    output = b"w:" + struct.pack("<ee", 1.5, -0.5) + b"."
    return Example(
        "Planes",
        "One tensor of two float16 elements, 1.5 and -0.5, coded exactly. Their bit patterns 0x3E00 and "
        "0xB800 are rotated to the left by one bit to 0x7C00 and 0x7001, so that the sign is the least "
        "significant bit. Plane 0 holds the bytes 7C 70, plane 1 the bytes 00 01.",
        0,
        [graph([(output, None)], [(2, 0)], b"w:."), Section(samples.TENSOR, "TENSOR", tensor, 4)],
    )


def codebook_example() -> Example:
    tensor = Dump()
    tensor.add(b"\x1a", "tool 1 codebook, element type 10 float32")
    tensor.add(b"\x02", "view_kind 2 ragged")
    tensor.add(b"\x02", "rows 2")
    tensor.add(b"\x04", "row_length 4")
    tensor.add(b"\x02", "row_length 2")
    tensor.add(b"\x02", "entry_width 2: the two least significant bytes of an element are zero")
    tensor.add(b"\x03", "count 3")
    for entry, value in ((0x3F00, 0.5), (0x3F80, 1.0), (0xBF00, -0.5)):
        tensor.add(struct.pack("<H", entry), f"entry 0x{entry:04X}: {value}")
    tensor.add(b"\x02", "integer block: flags, coder 2 Huffman")
    tensor.add(svarint(0), "lo 0")
    tensor.add(b"\x00", "Huffman: first 0")
    tensor.add(b"\x02", "last_index 2")
    tensor.add(b"\x21\x02", "lengths 1, 2, 2 and padding; codes 0, 10, 11")
    tensor.add(b"\x01", "lanes 1")
    tensor.add(b"\x02", "lane_length 2")
    tensor.add(b"\x47\x00", f"0 10 0 0 11 10 and padding, as bytes {bits(bytes([0x47, 0]))}")
    one, half, minus = (struct.pack("<f", v) for v in (1.0, 0.5, -0.5))
    first, second = half + one + half + half, minus + one
    text = b"weights: w.bin "
    files: list[tuple[bytes, tuple[int, int] | None]] = [(text + first, None), (second, (9, 5))]
    return Example(
        "Codebook and Huffman",
        "Six float32 elements in two output files: one TENSOR section with a ragged view of two rows, the "
        "first of which is a part of the model file and the second all of `w.bin`. The indices are 0, 1, 0, "
        "0 and 2, 1.",
        0,
        [graph(files, [(len(text), 0), (0, 1)], text), Section(samples.TENSOR, "TENSOR", tensor, 24)],
    )


TOKENS = [2, 1, 3, 2, 1, 2, 3, 1, 0, 5, 3, 1, 2, 0, 4, 2]
SEGMENT = 4
CLASSES = [0, 1]
TABLES_SHARED = [
    samples.Table(1, (1024, 2048, 1024), 1, 0),
    samples.Table(0, (512, 1024, 1536, 1024), 2, 0),
    samples.Table(0, (1024, 1024, 512, 512, 512, 512), 0, 0),
    samples.Table(0, (512, 1024, 1024, 512, 512, 512), 2, 0),
]


def uniform_example() -> Example:
    shared = Dump()
    shared.add(b"\x04", "count 4")
    run = samples.write_tables(TABLES_SHARED)
    shared.add(run, "four tables in one bit run, see below")
    view = samples.View(0, 2, 8, 1)
    quantizers = samples.quantizers_of(TOKENS, 1, SEGMENT)
    numbers = [2 * CLASSES[r] + q for r, q in zip(view.row_of(), quantizers, strict=True)]
    coded = samples.rans_lanes(TOKENS, TABLES_SHARED, numbers, SEGMENT, 2)
    lanes, words = coded[0], coded[1]
    tensor = Dump()
    tensor.add(b"\x2a", "tool 2 uniform, element type 10 float32")
    tensor.add(b"\x00", "view_kind 0 matrix")
    for name, value in (("rows", 2), ("channels", 8), ("period", 1)):
        tensor.add(varint(value), f"{name} {value}")
    tensor.add(b"\x09", "flags: trellis 1 (four states), row codes")
    tensor.add(struct.pack("<f", 2**-6), "step 0.015625")
    tensor.add(b"\x00", "row_codes: coder 0 packed")
    tensor.add(b"\x04", "width 4")
    codes = samples.bit_run([(0, 4), (8, 4)])
    tensor.add(codes, f"step codes 0 and 8, for 8 and 16, as a byte {bits(codes)}")
    tensor.add(varint(SEGMENT), f"segment {SEGMENT}")
    tensor.add(b"\x01", "levels, an integer block: flags, coder 1 rANS")
    tensor.add(svarint(-2), "lo -2")
    tensor.add(b"\x03", "rANS: mode, contexts and shared tables")
    tensor.add(b"\x02", "context_count 2")
    tensor.add(b"\x01", "row_classes: present")
    tensor.add(b"\x00", "coder 0 packed")
    tensor.add(b"\x01", "width 1")
    packed = samples.bit_run([(c, 1) for c in CLASSES])
    tensor.add(packed, f"classes 0 and 1, as a byte {bits(packed)}")
    tensor.add(b"\x00", "channel_classes: all 0")
    tensor.add(b"\x00", "position_classes: all 0")
    tensor.add(b"\x00", "base 0: shared tables 0 to 3")
    tensor.add(varint(lanes), f"lanes {lanes}")
    tensor.add(varint(words), f"words {words}")
    for lane in range(lanes):
        state = coded[2 + 4 * lane : 6 + 4 * lane]
        tensor.add(state, f"state[{lane}] {int.from_bytes(state, 'little')}")
    for w in range(words):
        at = 2 + 4 * lanes + 2 * w
        word = coded[at : at + 2]
        tensor.add(word, f"word[{w}] {int.from_bytes(word, 'little')}")
    steps, values = trace(coded, numbers, quantizers)
    output = b"T" + struct.pack(f"<{len(values)}f", *values)
    after = (
        paragraph(
            "The bit run of TABLES, a table to a line: first, last_index, peak, precision; then for each "
            "frequency but the peak's, in unary, the change of its bit length. (No bits follow any of them, "
            "because precision is 0.)"
        )
        + block(tables_text())
        + paragraph(
            "Decoding the tokens (clause 9.4) and dequantizing them (clause 9.7). s is the state of the "
            "trellis before the token, q its quantizer, x the state of the lane after it and after the word, "
            "if one is taken:"
        )
        + block(steps)
        + "Both lanes end in 65536 and all words are used.\n"
    )
    return Example(
        "Uniform, trellis, contexts and shared tables",
        "Sixteen float32 elements in two rows: dependent quantization with four states in "
        "segments of four, a context for each row, a step code for each row, and tables from a TABLES "
        "section. There are four segments and two lanes: segments 0 and 2 are in lane 0.",
        0,
        [
            graph([(output, None)], [(1, 0)], b"T"),
            Section(samples.TABLES, "TABLES", shared, 0),
            Section(samples.TENSOR, "TENSOR", tensor, 4 * len(TOKENS)),
        ],
        after,
    )


def tables_text() -> list[str]:
    out = []
    for number, table in enumerate(TABLES_SHARED):
        fields = table.fields()
        head = " ".join(f"{value}" for value, _ in fields[:4])
        # Unary codes: ones, then a zero; fields of no bits are mantissas.
        codes = " ".join("1" * (width - 1) + "0" for _, width in fields[4:] if width)
        frequencies = ", ".join(map(str, table.frequencies))
        out.append(f"table {number}   {head:9}  {codes:38}  frequencies {frequencies}")
    return out


def trace(coded: bytes, numbers: list[int], quantizers: list[int]) -> tuple[list[str], list[float]]:
    """Return decoding step by step, and the values."""
    lanes, words = coded[0], coded[1]
    x = list(struct.unpack_from(f"<{lanes}I", coded, 2))
    word = struct.unpack_from(f"<{words}H", coded, 2 + 4 * lanes)
    taken = 0
    state = [0] * lanes
    lines = ["token  lane  s  q  table  slot  token's value            x  word   level  fine   element"]
    values = [0.0] * len(TOKENS)
    for step in range(len(TOKENS) // lanes):
        b, k = divmod(step, SEGMENT)
        for lane in range(lanes):
            i = (b * lanes + lane) * SEGMENT + k
            state[lane] = state[lane] if k else 0
            slot = x[lane] & 4095
            table = TABLES_SHARED[numbers[i]]
            v = table.first + bisect_right(list(accumulate(table.frequencies)), slot)
            f, start = table.of(v)
            x[lane] = f * (x[lane] >> 12) + slot - start
            took = ""
            if x[lane] < 1 << 16:
                took = str(word[taken])
                x[lane] = x[lane] << 16 | word[taken]
                taken += 1
            level = v - 2
            fine = 2 * level - quantizers[i] * ((level > 0) - (level < 0))
            values[i] = fine * 2**-6 * (8, 16)[i // 8]
            lines.append(
                f"{i:5}  {lane:4}  {state[lane]}  {quantizers[i]}  {numbers[i]:5}  {slot:4}  {v:13}"
                f"  {x[lane]:11}  {took:>5}  {level:5}  {fine:4}  {values[i]:8}"
            )
            state[lane] = NEXT[1][state[lane]][v & 1]
            assert v == TOKENS[i]
    assert taken == words
    assert x == [1 << 16] * lanes
    return lines, values


def hexadecimal(data: bytes) -> list[str]:
    return [data[start : start + 32].hex(" ").upper() for start in range(0, len(data), 32)]


def paragraph(text: str) -> str:
    return textwrap.fill(text, 110, break_on_hyphens=False) + "\n\n"


def block(lines: list[str]) -> str:
    return "\n".join(["```", *lines, "```"]) + "\n\n"


def appendix() -> str:
    """Return what stands between the markers of SPEC.md."""
    out = [
        paragraph(
            "Every field with its offset, its bytes and its meaning; then the whole file; then what it "
            "decodes to. The zstd frames hold their content in a raw block. (The files are also a test: an "
            "implementation can take them from this text.)"
        )
    ]
    for number, example in enumerate((planes_example(), codebook_example(), uniform_example()), 1):
        dump = example.dump()
        out.append(f"### C.{number} {example.title}\n\n")
        out.append(paragraph(example.about) + block(dump.lines()))
        if example.after:
            out.append(example.after + "\n")
        out.append(f"The file, {len(dump.data)} bytes:\n\n" + block(hexadecimal(dump.data)))
        outputs = of_reference(dump.data)
        assert isinstance(outputs, dict)
        for place, (name, data) in enumerate(outputs.items()):
            called = "" if name is None else f", `{name}`"
            out.append(f"Output file {place}{called}, {len(data)} bytes:\n\n" + block(hexadecimal(data)))
    return "".join(out)


def extract(text: str) -> list[tuple[bytes, list[tuple[str | None, bytes]]]]:
    """Return from the text of the specification each file with the names and bytes of its output files."""
    found = []
    for example in re.split(r"^### C\.\d+ .*$", text[text.index(BEGIN) : text.index(END)], flags=re.M)[1:]:
        block = r"\n\n```\n([0-9A-F \n]+)```"
        data = re.search(r"^The file, \d+ bytes:" + block, example, re.M)
        assert data is not None
        outputs = re.findall(r"^Output file \d+(?:, `(.*)`)?, \d+ bytes:" + block, example, re.M)
        found.append((bytes.fromhex(data[1]), [(name or None, bytes.fromhex(own)) for name, own in outputs]))
    return found


def main() -> None:
    if "--write" not in sys.argv[1:]:
        sys.stdout.write(appendix())
        return
    text = SPEC.read_text("utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    SPEC.write_text(text[:start] + "\n" + appendix() + text[end:], "utf-8")


if __name__ == "__main__":
    main()
