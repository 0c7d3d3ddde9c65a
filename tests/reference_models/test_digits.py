from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).resolve().parents[2]
HELD_OUT = ROOT / "codec" / "nntc" / "demo" / "digits.npz"
CARD = (ROOT / "reference_models" / "digits" / "README.md").read_text(encoding="utf-8")


def stated(pattern: str) -> str:
    """Return what the model card states in the place that `pattern` captures."""
    found = re.search(pattern, CARD)
    assert found is not None, f"the model card does not state {pattern!r}"
    return found[1]


def number(pattern: str) -> int:
    return int(stated(pattern).replace(",", ""))


@pytest.fixture(scope="module")
def held_out() -> dict[str, npt.NDArray[np.uint8]]:
    with np.load(HELD_OUT, allow_pickle=False) as arrays:
        return dict(arrays)


def test_the_arrays_are_what_the_demo_reads(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    assert {name: (array.dtype, array.shape) for name, array in held_out.items()} == {
        "images": (np.dtype(np.uint8), (500, 8, 8)),
        "labels": (np.dtype(np.uint8), (500,)),
    }


def test_pixels_span_the_stated_range(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    assert (held_out["images"].min(), held_out["images"].max()) == (0, 16)


def test_every_digit_is_held_out_about_equally_often(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    counts = np.bincount(held_out["labels"])
    assert len(counts) == 10
    assert counts.min() >= 40


def test_no_image_is_held_twice(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    assert len(np.unique(held_out["images"], axis=0)) == len(held_out["images"])


def test_the_card_states_the_split(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    images = number(r"The ([\d,]+) images of its test part")
    trained = number(r"the first ([\d,]+) images\s+train")
    kept = number(r"the last ([\d,]+) are held out")
    assert kept == len(held_out["images"])
    assert trained + kept == images


def test_the_card_states_an_accuracy_that_fits_its_count(held_out: dict[str, npt.NDArray[np.uint8]]) -> None:
    right = number(r"\((\d+) right\)")
    assert stated(r"held-out images \| ([\d.]+) %") == f"{100 * right / len(held_out['labels']):.1f}"


def test_the_card_states_the_hash_of_the_images() -> None:
    digest = hashlib.sha256(HELD_OUT.read_bytes()).hexdigest()
    assert stated(r"`codec/nntc/demo/digits.npz` \| `([0-9a-f]{64})`") == digest


def test_the_demo_credits_the_data_where_it_ships_them() -> None:
    credit = (ROOT / "codec" / "nntc" / "demo" / "__init__.py").read_text(encoding="utf-8")
    for words in ("Alpaydin", "10.24432/C50P49", "CC BY 4.0"):
        assert words in credit
        assert words in CARD
