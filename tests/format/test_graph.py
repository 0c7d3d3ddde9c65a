from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.graph import FILE, SPLICE, File, Splice


def test_the_model_has_no_name_and_other_files_have_one() -> None:
    for number, file in enumerate([File(5, bytes(32)), File(300, bytes(range(32)), 7, 4)]):
        data = FILE.write(file)
        assert FILE.read(SectionStream(data, 0), number=number) == file


@pytest.mark.parametrize("length", [0, 1025])
def test_names_have_limited_lengths(length: int) -> None:
    data = FILE.write(File(1, bytes(32), 0, length))
    with pytest.raises(FormatError) as caught:
        FILE.read(SectionStream(data, 9, opaque=True), number=1)
    assert (caught.value.id, caught.value.offset) == ("E_FILE_NAME", 9)


def test_a_splice_is_two_varints() -> None:
    assert SPLICE.write(Splice(128, 3)) == b"\x80\x01\x03"
