from __future__ import annotations

from typing import Any

import pytest
from nntc.delivery import Network


@pytest.mark.parametrize(
    "chosen",
    [{"timeout": 0}, {"timeout": -1}, {"min_rate": -1}, {"limit_rate": 0}, {"attempts": 0}, {"attempts": 1.5},
     {"pause": float("nan")}, {"window": "a"}, {"longest_pause": float("inf")}],
)  # fmt: skip
def test_what_is_out_of_range(chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(chosen)).replace("_", " ")):
        Network(**chosen)


def test_what_is_within() -> None:
    assert Network(min_rate=0, pause=0, limit_rate=1.5).limit_rate == 1.5
    assert Network().limit_rate is None
