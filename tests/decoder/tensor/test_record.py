"""TENSOR sections: what the decoder gives for every tool, and where it finds what is wrong."""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.errors import FormatError, UnsupportedError
from nntc.format.registry import Profile

from conformance.proof import samples
from conformance.reference_decoder import NntcError
from tests import strategies

BASE = 1000


def decode(data: bytes, output: int, profile: int = 2) -> bytes:
    record = read_tensor(data, BASE, output, ParseContext(Profile(profile), []))
    return record.payload(decode_records([record])[0]).tobytes()


@pytest.mark.parametrize("coder", samples.CODERS)
@pytest.mark.parametrize("tool", [samples.PLANES, samples.CODEBOOK, samples.UNIFORM])
def test_every_tool_under_every_coder(tool: int, coder: int) -> None:
    @given(strategies.records(tool, coders=(coder,)))
    def check(record: samples.Record) -> None:
        assert decode(record.data, len(record.payload)) == record.payload

    check()


@pytest.mark.parametrize("tool", [samples.PLANES, samples.CODEBOOK, samples.UNIFORM])
def test_coders_of_device(tool: int) -> None:
    @given(strategies.records(tool, profile=0))
    def check(record: samples.Record) -> None:
        assert decode(record.data, len(record.payload), 0) == record.payload

    check()


def test_views_larger_than_what_is_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntc.decoder.tensor.uniform._CHUNK", 1 << 6)
    monkeypatch.setattr("nntc.decoder.entropy.integers.SPAN", 1 << 5)
    monkeypatch.setattr("nntc.decoder.tensor.codebook.SPAN", 1 << 5)
    monkeypatch.setattr("nntc.decoder.entropy.packed._SPAN", 1 << 5)
    for seed in range(60):
        around = samples.Around(Random(seed), coders=(samples.PACKED, samples.ZSTD))
        record = samples.random_record(around, 300, 1 + seed % 2)
        period = record.view.period
        if period <= 1 << 6:
            assert decode(record.data, len(record.payload)) == record.payload, seed


# Every check of clauses 7 and 8.1 that a changed field can break. A record is (bytes, what is wrong, place).

U = b"\x00\x01\x02\x01"  # matrix, 1 row, 2 channels, period 1
RAGGED = b"\x02\x02\x01\x01"
HALF = struct.pack("<f", 0.5)
TOKENS = b"\x00\x00\x01\x00"  # plain integer block, lo 0, packed, two zeros
ONE = samples.write_tables([samples.Table(0, (4096,), 0, 0)] * 2)
TRELLIS = b"\x01\x00\x00" + ONE + b"\x01\x00" + struct.pack("<I", 1 << 16)
PACKED = b"\x00\x01\x00"
F32 = b"\x2a"
PLAIN = F32 + U + b"\x00" + HALF  # uniform without flags, up to the integer block
TOP = samples.svarint(samples.TOP)
TOO_LARGE = samples.svarint(1 << 31)

CASES = [
    ("empty", b"", 8, "E_TRUNCATED", 0),
    ("tool", b"\x4a", 8, "E_UNSUPPORTED", 0),
    ("no base", b"\x3a", 8, "E_REFERENCE", 0),
    ("tool before type", b"\x4f", 8, "E_UNSUPPORTED", 0),
    ("type", b"\x07", 8, "E_RESERVED", 0),
    ("integers by planes", b"\x05", 8, "E_TYPE", 0),
    ("type", b"\x2c", 8, "E_RESERVED", 0),
    ("uniform opaque", b"\x22", 8, "E_TYPE", 0),
    ("codebook of 16 bytes", b"\x14", 8, "E_TYPE", 0),
    ("no view", F32, 8, "E_TRUNCATED", 1),
    ("view kind", F32 + b"\x03", 8, "E_RESERVED", 1),
    ("no rows", F32 + b"\x00", 8, "E_TRUNCATED", 2),
    ("rows 0", F32 + b"\x00\x00", 8, "E_LIMIT", 2),
    ("rows 2^31", F32 + b"\x00" + samples.varint(1 << 31), 8, "E_LIMIT", 2),
    ("channels 0", F32 + b"\x00\x01\x00", 8, "E_LIMIT", 3),
    ("period 0", F32 + b"\x00\x01\x01\x00", 8, "E_LIMIT", 4),
    ("2^31 elements", F32 + b"\x00" + samples.varint(1 << 16) + samples.varint(1 << 15)
     + b"\x01", 8, "E_LIMIT", 1),
    ("size", F32 + b"\x00\x01\x01\x01", 8, "E_SIZE", 1),
    ("ragged rows 0", F32 + b"\x02\x00", 8, "E_LIMIT", 2),
    ("ragged rows 65537", F32 + b"\x02" + samples.varint(65537), 8, "E_LIMIT", 2),
    ("row length 0", F32 + b"\x02\x02\x01\x00", 8, "E_LIMIT", 4),
    ("row length cut", F32 + b"\x02\x02\x01", 8, "E_TRUNCATED", 4),
    ("row length varint", F32 + b"\x02\x02\x81\x00\x00", 8, "E_VARINT", 3),
    ("ragged size", F32 + b"\x02\x01\x03", 8, "E_SIZE", 1),
    ("planes flags", b"\x0a" + U + b"\x04", 8, "E_RESERVED", 5),
    ("rotated opaque", b"\x02" + U + b"\x01", 8, "E_TYPE", 5),
    ("plane coder", b"\x0a" + U + b"\x00\x05", 8, "E_RESERVED", 6),
    ("second plane cut", b"\x0a" + U + b"\x00" + PACKED, 8, "E_TRUNCATED", 9),
    ("entry width 0", b"\x1a" + U + b"\x00", 8, "E_CODEBOOK", 5),
    ("entry width 5", b"\x1a" + U + b"\x05", 8, "E_CODEBOOK", 5),
    ("no entries", b"\x1a" + U + b"\x01\x00", 8, "E_LIMIT", 6),
    ("65537 entries", b"\x1a" + U + b"\x01" + samples.varint(65537), 8, "E_LIMIT", 6),
    ("entries cut", b"\x1a" + U + b"\x02\x02\x00\x00\x00", 8, "E_TRUNCATED", 7),
    ("entries descend", b"\x1a" + U + b"\x01\x02\x02\x01", 8, "E_CODEBOOK", 7),
    ("entries equal", b"\x1a" + U + b"\x01\x02\x02\x02", 8, "E_CODEBOOK", 7),
    ("index", b"\x1a" + U + b"\x01\x01\x07\x00\x00\x01\x02", 8, "E_RANGE", 8),
    ("index below 0", b"\x1a" + U + b"\x01\x01\x07\x00\x01\x01\x00", 8, "E_RANGE", 8),
    ("flags bit 7", F32 + U + b"\x80", 8, "E_RESERVED", 5),
    ("trellis bit 7", F32 + U + b"\x83", 8, "E_RESERVED", 5),
    ("ragged transform", F32 + RAGGED + b"\x04", 8, "E_VIEW", 5),
    ("ragged column codes", F32 + RAGGED + b"\x10", 8, "E_VIEW", 5),
    ("bases of a matrix", F32 + U + b"\x40", 8, "E_VIEW", 5),
    ("step 0", F32 + U + b"\x00" + bytes(4), 8, "E_STEP", 6),
    ("step below 0", F32 + U + b"\x00" + struct.pack("<f", -1), 8, "E_STEP", 6),
    ("step subnormal", F32 + U + b"\x00\xff\xff\x7f\x00", 8, "E_STEP", 6),
    ("step infinite", F32 + U + b"\x00\x00\x00\x80\x7f", 8, "E_STEP", 6),
    ("step nan", F32 + U + b"\x00\x00\x00\xc0\x7f", 8, "E_STEP", 6),
    ("step cut", F32 + U + b"\x00\x00\x00\xc0", 8, "E_TRUNCATED", 6),
    ("offset 0", F32 + U + b"\x20" + HALF + bytes(4), 8, "E_STEP", 10),
    ("offset -0", F32 + U + b"\x20" + HALF + b"\x00\x00\x00\x80", 8, "E_STEP", 10),
    ("offset infinite", F32 + U + b"\x20" + HALF + b"\x00\x00\x80\xff", 8, "E_STEP", 10),
    ("mix 7", F32 + U + b"\x04" + HALF + b"\x00\x07", 8, "E_RESERVED", 11),
    ("block", F32 + U + b"\x04" + HALF + b"\x01\x00", 8, "E_VIEW", 11),
    ("row codes", F32 + U + b"\x08" + HALF + b"\x05", 8, "E_RESERVED", 10),
    ("column codes", F32 + U + b"\x10" + HALF + b"\x05", 8, "E_RESERVED", 10),
    ("row base", F32 + RAGGED + b"\x40" + HALF + b"\x00" + TOO_LARGE, 8, "E_LIMIT", 11),
    ("row base cut", F32 + RAGGED + b"\x40" + HALF + b"\x00", 8, "E_TRUNCATED", 11),
    ("segment 0", F32 + U + b"\x01" + HALF + b"\x00", 8, "E_LIMIT", 10),
    ("segment 8193", F32 + U + b"\x01" + HALF + samples.varint(8193), 8, "E_LIMIT", 10),
    ("block flags", PLAIN + b"\x40", 8, "E_RESERVED", 10),
    ("block coder", PLAIN + b"\x05", 8, "E_RESERVED", 10),
    ("trellis coder", F32 + U + b"\x01" + HALF + b"\x01\x00", 8, "E_TRELLIS", 11),
    ("trellis low bits", F32 + U + b"\x01" + HALF + b"\x01\x11", 8, "E_TRELLIS", 11),
    ("trellis sparse", F32 + U + b"\x01" + HALF + b"\x01\x21", 8, "E_TRELLIS", 11),
    ("trellis lo odd", F32 + U + b"\x01" + HALF + b"\x01\x01\x01", 8, "E_TRELLIS", 12),
    ("trellis escape even", F32 + U + b"\x01" + HALF + b"\x01\x09\x00\x01\x03", 8, "E_TRELLIS", 14),
    ("lo", PLAIN + b"\x00" + samples.svarint(-(1 << 31)), 8, "E_LIMIT", 11),
    ("low bits 0", PLAIN + b"\x10\x00\x00", 8, "E_LIMIT", 12),
    ("low bits 25", PLAIN + b"\x10\x00\x19", 8, "E_LIMIT", 12),
    ("escapes 0", PLAIN + b"\x08\x00\x00", 8, "E_LIMIT", 12),
    ("escapes above N", PLAIN + b"\x08\x00\x03", 8, "E_LIMIT", 12),
    ("escape magnitude", PLAIN + b"\x08\x00\x01" + TOO_LARGE, 8, "E_LIMIT", 13),
    ("escape not needed", PLAIN + b"\x08\x00\x02\x01\x00", 8, "E_ESCAPE", 14),
    ("escape not needed", PLAIN + b"\x08\x00\x01" + samples.svarint(254), 8, "E_ESCAPE", 13),
    ("escape cut", PLAIN + b"\x08\x00\x02\x01", 8, "E_TRUNCATED", 14),
    ("background", PLAIN + b"\x20\x00" + TOO_LARGE, 8, "E_LIMIT", 12),
    ("sparse count 0", PLAIN + b"\x20\x00\x00\x00", 8, "E_LIMIT", 13),
    ("sparse count 3", PLAIN + b"\x20\x00\x00\x03", 8, "E_LIMIT", 13),
    ("gap coder", PLAIN + b"\x20\x00\x00\x01\x07", 8, "E_RESERVED", 14),
    ("trailing", PLAIN + TOKENS + b"\x00", 8, "E_TRAILING", 14),
    ("escape number", PLAIN + b"\x08\x00\x01\x01\x01\x00", 8, "E_ESCAPE", 10),
    ("low bits padding", PLAIN + b"\x10\x00\x01\x04\x01\x00", 8, "E_PADDING", 10),
    ("escapes before padding", PLAIN + b"\x18\x00\x01\x01\x01\x04\x01\x00", 8, "E_ESCAPE", 10),
    ("level", PLAIN + b"\x00" + TOP + b"\x01\x02", 8, "E_RANGE", 10),
    ("low part", PLAIN + b"\x10" + samples.svarint(1 << 8) + b"\x18" + bytes(6) + b"\x01\x00",
     8, "E_RANGE", 10),
    ("sparse position", PLAIN + b"\x20\x00\x00\x01\x00\x02\x02\x01\x00", 8, "E_RANGE", 10),
    ("level and base", F32 + RAGGED + b"\x40" + HALF + b"\x00" + TOP + b"\x00\x00\x01\x02",
     8, "E_RANGE", 16),
    ("transform input", F32 + b"\x00\x01\x01\x02\x04" + HALF + b"\x01\x00\x00"
     + samples.svarint((1 << 23) + 1)
     + b"\x01\x00", 8, "E_RANGE", 12),
    ("scaled level", F32 + U + b"\x10" + HALF + b"\x00\x08\xff\xff\x00"
     + samples.svarint(1 << 18) + b"\x01\x00",
     8, "E_RANGE", 14),
    ("overflow", b"\x28" + U + b"\x00" + struct.pack("<f", 65520) + b"\x00\x00\x01\x02", 4, "E_RANGE", 10),
    ("overflow by offset", b"\x28" + U + b"\x20" + HALF + struct.pack("<f", 65520)
     + TOKENS, 4, "E_RANGE", 14),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "output", "error", "place"), CASES)
def test_errors_and_their_places(name: str, data: bytes, output: int, error: str, place: int) -> None:
    with pytest.raises(FormatError) as caught:
        decode(data, output)
    assert (caught.value.id, caught.value.offset) == (error, BASE + place), name
    assert isinstance(caught.value, UnsupportedError) == (error == "E_UNSUPPORTED")
    with pytest.raises(NntcError) as expected:
        samples.payload_of(data, output, 2, base=BASE)
    assert (expected.value.error, expected.value.offset) == (error, BASE + place), name


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\x00" + U + b"\x00\x04", 6),
        (b"\x00" + U + b"\x00\x03", 6),
        (F32 + U + b"\x00\0\0\x80\x3f\x04\0", 10),
    ],
)
def test_device_has_no_coders_of_main_and_full(data: bytes, place: int) -> None:
    with pytest.raises(FormatError) as caught:
        decode(data, 2 if data[0] == 0 else 8, profile=0)
    assert (caught.value.id, caught.value.offset) == ("E_PROFILE", BASE + place)


def test_what_the_limits_just_allow() -> None:
    largest = F32 + U + b"\x10" + HALF + b"\x00\x08\x90\x90" + b"\x00" + TOP + b"\x01\x00"
    for data in (
        F32 + U + b"\x00" + struct.pack("<f", 2.0**-126) + TOKENS,
        F32 + U + b"\x01" + HALF + samples.varint(8192) + TRELLIS,
        F32 + U + b"\x20" + HALF + b"\x01\x00\x00\x00" + TOKENS,
        PLAIN + b"\x00" + samples.svarint(-samples.TOP) + b"\x01\x00",
        largest,
    ):
        assert decode(data, 8) == samples.payload_of(data, 8, 1, base=BASE)


def test_faults_of_tokens_come_in_stored_order() -> None:
    # Two planes whose padding is wrong, then one whose syntax is: syntax comes first.
    bad = b"\x00\x01\x04"
    with pytest.raises(FormatError) as caught:
        decode(b"\x08" + U + b"\x00" + bad + b"\x05", 4)
    assert (caught.value.id, caught.value.offset) == ("E_RESERVED", BASE + 9)
    with pytest.raises(FormatError) as caught:
        decode(b"\x08" + U + b"\x00" + PACKED + bad, 4)
    assert (caught.value.id, caught.value.offset) == ("E_PADDING", BASE + 10)
    with pytest.raises(FormatError) as caught:
        decode(b"\x08" + U + b"\x00" + bad + bad, 4)
    assert (caught.value.id, caught.value.offset) == ("E_PADDING", BASE + 7)
