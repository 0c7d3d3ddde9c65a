"""Output files put together: splices, pieces and hashes that do not fit."""

from __future__ import annotations

import pytest
from nntc.decoder.model import decode_bytes, verify

from conformance.proof.outcomes import of_reference
from tests.decoder.files import NewFile, digest, offset_of, one_byte, raised


def test_a_hash_that_is_wrong_comes_after_everything_else() -> None:
    wrong: list[NewFile] = [(3, bytes(32), None)]
    assert raised(one_byte(files=wrong)) == ("E_HASH", 0)
    data = one_byte(files=wrong, more=[(0x90, b"ignored", 0)])
    assert raised(data) == ("E_HASH", 0)
    damaged = data[:-1] + b"!"
    assert raised(damaged) == ("E_DIGEST", len(data) - 7)


def test_the_hash_of_every_file_is_checked_only_at_the_end() -> None:
    files: list[NewFile] = [(2, bytes(32), None), (1, digest(b"b"), (1, 1))]
    assert raised(one_byte(files=files)) == ("E_HASH", 0)
    files = [(2, bytes(32), None), (2, digest(b"b"), (1, 1))]
    data = one_byte(files=files)
    assert raised(data) == ("E_SPLICE", offset_of(data, 0))


@pytest.mark.parametrize(
    ("options", "section"),
    [
        ({"files": [(2, HASH := bytes(32), None)]}, 0),  # too many bytes
        ({"files": [(4, HASH, None)]}, 0),  # too few
        ({"files": [(0, HASH, None)], "skeleton": b"a"}, 0),
        ({"splices": [(1, 0), (0, 1)]}, 1),  # a part that is not there
        ({"tensor": b"\x00\x02\x02\x01\x01\x00\x00\x01\x00", "output": 2}, 1),  # one that is not used
    ],
)
def test_splices_that_do_not_fit(options: dict[str, object], section: int) -> None:
    data = one_byte(**options)  # type: ignore[arg-type]
    assert of_reference(data) == raised(data) == ("E_SPLICE", offset_of(data, section))


def test_a_piece_lies_within_one_file() -> None:
    tensor = b"\x01\x00\x01\x01\x01\x00\x00\x01\x00\x00\x01\x00"  # two bytes
    files: list[NewFile] = [(2, digest(b"a\0"), None), (2, digest(b"\0b"), (1, 1))]
    data = one_byte(tensor=tensor, output=2, files=files)
    assert raised(data) == ("E_SPLICE", offset_of(data, 0))
    # At the beginning of the next file it does, and files may be empty.
    files = [
        (1, digest(b"a"), None),
        (0, digest(b""), (1, 1)),
        (5, digest(b"\0\0bcd"), (2, 1)),
        (0, digest(b""), (3, 1)),
    ]
    data = one_byte(tensor=tensor, output=2, files=files, skeleton=b"abcd")
    assert list(decode_bytes(data).values()) == [b"a", b"", b"\0\0bcd", b""]


def test_repeated_pieces_may_stand_in_another_file() -> None:
    files: list[NewFile] = [(2, digest(b"a\0"), None), (2, digest(b"\0b"), (1, 1))]
    data = one_byte(files=files, splices=[(1, 0), (0, 2)])
    assert list(decode_bytes(data).values()) == [b"a\0", b"\0b"]
    assert verify(data).size == 4
