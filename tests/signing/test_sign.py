from __future__ import annotations

from pathlib import Path

import pytest
from nntc.decoder.directory import read_directory
from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError, KeyFileError
from nntc.signing.public import PublicKey, TrustedKeys
from nntc.signing.sign import sign
from nntc.sources.source import BytesSource

from tests.signed_files import FILE, MODEL, private, public


def signed(tmp_path: Path, *names: str, data: bytes = FILE) -> bytes:
    path = tmp_path / "f.nntc"
    path.write_bytes(data)
    for name in names:
        assert sign(path, private(name)) == PublicKey(public(name))
    return path.read_bytes()


def types(data: bytes) -> list[int]:
    return [section.type for section in read_directory(BytesSource(data)).sections]


def test_a_signature_is_a_section_in_front(tmp_path: Path) -> None:
    data = signed(tmp_path, "a")
    assert len(data) == len(FILE) + 73 + 19
    assert types(data) == [0x82, *types(FILE)]
    assert decode_bytes(data)[None] == decode_bytes(data, require_key=public("a"))[None] == MODEL


def test_signatures_of_others_are_kept_and_ones_own_replaced(tmp_path: Path) -> None:
    both = signed(tmp_path, "a", "b")
    assert decode_bytes(both, require_key=TrustedKeys(public("a"), public("b"), threshold=2))[None] == MODEL
    assert signed(tmp_path, "a", "b", "b", data=FILE) == both
    assert types(both) == [0x82, 0x82, *types(FILE)]
    # What comes last is another one, and that is all.
    assert signed(tmp_path, "a", data=both) == signed(tmp_path, "b", "a")


def test_another_target_leaves_the_source(tmp_path: Path) -> None:
    sign(FILE, private("a"), tmp_path / "out.nntc")
    assert (tmp_path / "out.nntc").read_bytes() == signed(tmp_path, "a")
    with pytest.raises(TypeError, match="name a target"):
        sign(FILE, private("a"))


def test_a_damaged_file_is_not_signed(tmp_path: Path) -> None:
    path = tmp_path / "f.nntc"
    broken = FILE[:-1] + b"X"
    path.write_bytes(broken)
    with pytest.raises(FormatError, match="E_DIGEST"):
        sign(path, private("a"))
    assert path.read_bytes() == broken
    assert list(tmp_path.iterdir()) == [path]


def test_sixteen_keys_can_sign(tmp_path: Path) -> None:
    names = [f"key {number}" for number in range(16)]
    data = signed(tmp_path, *names)
    every = TrustedKeys(*map(public, names), threshold=16)
    assert decode_bytes(data, require_key=every)[None] == MODEL
    assert decode_bytes(signed(tmp_path, names[3], data=data), require_key=every)[None] == MODEL
    with pytest.raises(FormatError, match="E_LIMIT @ 12: 16 keys have signed"):
        signed(tmp_path, "one more", data=data)


def test_a_key_whose_halves_do_not_fit(tmp_path: Path) -> None:
    class Token:
        def sign(self, data: bytes, /) -> bytes:
            return private("a").sign(data)

        def public_key(self) -> bytes:
            return public(self.name)

        name = "b"

    with pytest.raises(KeyFileError, match="does not make signatures"):
        sign(FILE, Token(), tmp_path / "f.nntc")
    Token.name = "a"
    sign(FILE, Token(), tmp_path / "f.nntc")
    assert (tmp_path / "f.nntc").read_bytes() == signed(tmp_path, "a")
