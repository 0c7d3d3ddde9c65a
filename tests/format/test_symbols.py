"""Coder bytes: those that there are, and those of the profile."""

from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.symbols import CODER


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("coder", Coder)
def test_coders_are_those_of_the_profile(coder: Coder, profile: Profile) -> None:
    stream = SectionStream(bytes([coder]), 0)
    if coder.profile <= profile:
        assert CODER.read(stream, profile=profile) is coder
        return
    with pytest.raises(FormatError, match="E_PROFILE"):
        CODER.read(stream, profile=profile)


def test_no_profile_has_a_coder_that_does_not_exist() -> None:
    with pytest.raises(FormatError, match="E_RESERVED"):
        CODER.read(SectionStream(b"\5", 0), profile=Profile.FULL)
