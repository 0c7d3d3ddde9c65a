from __future__ import annotations

import re

import pytest
from nntc.encoder.samples import PRESETS, Preprocess
from nntc.encoder.samples import preprocess as module


def test_a_name_is_a_preset() -> None:
    assert Preprocess.parse("imagenet") == PRESETS["imagenet"]
    assert Preprocess.parse("unit") == Preprocess()


def test_parts_change_a_preset_or_stand_alone() -> None:
    found = Preprocess.parse("imagenet, order=bgr, mean=0.1:0.2:0.3, resize=232, fit=stretch")
    assert (found.order, found.mean, found.resize, found.fit) == ("bgr", (0.1, 0.2, 0.3), 232, "stretch")
    assert found.std == PRESETS["imagenet"].std
    alone = Preprocess.parse("scale=1/127.5,mean=1,layout=nhwc,size=192:160,interpolation=bicubic")
    assert (alone.scale, alone.mean, alone.layout, alone.size) == (1 / 127.5, (1.0,), "nhwc", (192, 160))
    assert Preprocess.parse("unit,size=64").size == (64, 64)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("torch", "'torch' is not one of raw, unit, tf, imagenet"),
        ("", "is not one of"),
        ("unit,gamma=2", "'gamma=2' is none of scale=, mean="),
        ("unit,bgr", "'bgr' is none of"),
        ("unit,mean=x", "'x' is no mean"),
        ("unit,scale=1/0", "'1/0' is no scale"),
        ("unit,mean=1:2", "mean is one number, or three"),
        ("unit,std=0", "cannot be 0"),
        ("unit,order=rbg", "order is rgb, bgr, gray, not 'rbg'"),
        ("unit,layout=chw", "layout is nchw, nhwc"),
        ("unit,size=0", "size is at least 1"),
        ("unit,resize=-1", "resize is at least 0"),
    ],
)
def test_what_says_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Preprocess.parse(text)


def test_images_are_cropped_from_larger_ones() -> None:
    assert PRESETS["imagenet"].resized_to(224) == 256
    assert PRESETS["imagenet"].resized_to(299) == 342
    assert PRESETS["clip"].resized_to(224) == 224
    assert Preprocess(resize=232).resized_to(224) == 232
    assert Preprocess(resize=100).resized_to(224) == 224


def test_every_preset_is_described() -> None:
    table = {line.split()[0] for line in (module.__doc__ or "").splitlines() if line.strip()}
    assert set(PRESETS) <= table
