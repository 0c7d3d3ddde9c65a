from __future__ import annotations

from pathlib import Path

import nntc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nntc.decoder.model import decode, decode_bytes, verify
from nntc.errors import FormatError
from nntc.signing.public import TrustedKeys
from nntc.signing.sign import sign
from nntc.sources.source import BytesSource

from tests.decoder.files import raised
from tests.signed_files import FILE, MODEL, private, public

A, B = public("a"), public("b")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("signed") / "f.nntc"
    sign(FILE, private("a"), path)
    return path.read_bytes()


class Watched(BytesSource):
    """Tells the end of what has been read."""

    end = 0

    def read(self, offset: int, length: int) -> bytes:
        self.end = max(self.end, offset + length)
        return super().read(offset, length)


def test_who_has_signed_is_told(signed: bytes, tmp_path: Path) -> None:
    key = TrustedKeys(A).keys[0].id
    assert decode(signed, tmp_path / "m", require_key=[A, B]).signed_by == (key,)
    assert verify(signed, require_key=A).signed_by == nntc.verify(signed, key=A).signed_by == (key,)
    with nntc.open(signed, require_key=[B, A]) as container:
        assert container.signed_by == container.key_ids == (key,)
    assert decode(signed, tmp_path / "m").signed_by == ()


@pytest.mark.parametrize(("data", "key"), [(FILE, A), (None, B)])
def test_nothing_is_read_of_what_is_not_signed(
    signed: bytes, data: bytes | None, key: bytes, tmp_path: Path
) -> None:
    source = Watched(signed if data is None else data)
    for use in (
        lambda: decode(source, tmp_path / "m", require_key=key),
        lambda: decode_bytes(source, require_key=key),
        lambda: nntc.verify(source, key=key),
        lambda: nntc.open(source, require_key=key),
    ):
        with pytest.raises(FormatError) as caught:
            use()
        assert (caught.value.id, caught.value.offset) == ("E_SIGNED", 28)
    assert not list(tmp_path.iterdir())
    graph = next(s for s in nntc.open(source).sections if s.type == 1)
    before = Watched(source.read(0, source.size))
    with pytest.raises(FormatError):
        decode_bytes(before, require_key=key)
    assert before.end <= graph.offset


def test_messages_say_what_there_is(signed: bytes) -> None:
    for data, keys, text in (
        (FILE, TrustedKeys(A), "has no signature; one by a trusted key is needed"),
        (signed, TrustedKeys(B), f"has signatures by {TrustedKeys(A).keys[0].id} alone"),
        (signed, TrustedKeys(A, B, threshold=2), "alone; those of 2 trusted keys are needed"),
    ):
        with pytest.raises(FormatError, match=text):
            decode_bytes(data, require_key=keys)
    changed = bytearray(signed)
    changed[9] = 7  # minor
    from zlib import crc32

    changed[24:28] = crc32(changed[:24]).to_bytes(4, "little")
    with pytest.raises(FormatError, match="E_SIGNED @ 28: the file has a wrong signature by"):
        decode_bytes(bytes(changed), require_key=A)
    assert decode_bytes(bytes(changed))[None] == MODEL


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_is_taken(signed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert raised(bytes(changed), require_key=A)
