"""Folders of images become samples, whatever the images are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nntc.encoder.goals.samples import load_evaluation
from nntc.encoder.samples import ImageFolder, ModelInput, Preprocess, load_samples
from nntc.errors import SamplesError
from nntc.progress import Phase, ProgressEvent
from PIL import Image

FLOAT = np.dtype(np.float32)
INPUT = ModelInput("x", FLOAT, (None, 3, 8, 8))


def picture(height: int = 8, width: int = 8, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(picture(seed=number)).save(folder / f"{number}.png")
    return folder


def loaded(folder: Path, how: str | Preprocess, entry: ModelInput = INPUT) -> Any:
    return np.concatenate([batch["x"] for batch in load_samples(ImageFolder(folder, how), [entry])])


def expected(number: int = 0) -> Any:
    return picture(seed=number).astype(np.float64)


MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
FORMULAS = {
    "raw": lambda x: x,
    "unit": lambda x: x / 255,
    "tf": lambda x: x / 127.5 - 1,
    "imagenet": lambda x: (x / 255 - MEAN) / STD,
    "caffe": lambda x: x[..., ::-1] - [104, 117, 123],
    "imagenet,order=bgr": lambda x: (x[..., ::-1] / 255 - MEAN) / STD,
    "scale=1/100,mean=1:2:3,std=2": lambda x: (x / 100 - [1, 2, 3]) / 2,
}


@pytest.mark.parametrize("how", FORMULAS)
def test_presets_are_their_formulas(how: str, folder: Path) -> None:
    found = loaded(folder, how)
    assert found.dtype == FLOAT
    assert found.shape == (4, 3, 8, 8)
    for number in range(4):
        wanted = FORMULAS[how](expected(number)).transpose(2, 0, 1)
        np.testing.assert_allclose(found[number], wanted, rtol=1e-5, atol=1e-5)


def test_layout_is_that_of_the_model(folder: Path) -> None:
    last = ModelInput("x", FLOAT, (1, 8, 8, 3))
    assert np.array_equal(loaded(folder, "raw", last)[0], expected())
    open_ = ModelInput("x", FLOAT, (None, None, None, None))
    assert np.array_equal(loaded(folder, "raw,layout=nhwc,size=8", open_)[0], expected())
    unsized = ModelInput("x", FLOAT, (None, 3, None, None))
    assert loaded(folder, "raw,size=4", unsized).shape == (4, 3, 4, 4)
    assert loaded(folder, "raw,size=4:6", unsized).shape == (4, 3, 4, 6)


def test_models_of_one_channel_take_grey_ones_and_of_integers_whole_numbers(folder: Path) -> None:
    grey = np.asarray(Image.fromarray(picture()).convert("L"))
    found = loaded(folder, "mnist", ModelInput("x", FLOAT, (None, 1, 8, 8)))
    np.testing.assert_allclose(found[0, 0], (grey / 255.0 - 0.1307) / 0.3081, rtol=1e-5)
    assert np.array_equal(
        loaded(folder, "raw", ModelInput("x", np.dtype(np.uint8), (1, 8, 8, 3)))[0], picture()
    )


def test_larger_images_are_resized_and_their_centre_is_cropped(tmp_path: Path) -> None:
    image = Image.fromarray(picture(60, 90))
    image.save(tmp_path / "a.png")
    # The shorter side becomes 8 * 256 / 224 = 9.
    small = np.asarray(image.resize((14, 9), Image.Resampling.BILINEAR))[0:8, 3:11]
    assert np.array_equal(loaded(tmp_path, "raw")[0].transpose(1, 2, 0), small)
    exact = np.asarray(image.resize((12, 8), Image.Resampling.BICUBIC))[:, 2:10]
    clip = loaded(tmp_path, "raw,resize=0,interpolation=bicubic")[0]
    assert np.array_equal(clip.transpose(1, 2, 0), exact)
    stretched = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(loaded(tmp_path, "raw,fit=stretch")[0].transpose(1, 2, 0), stretched)


def test_images_of_other_proportions_cover_the_input(tmp_path: Path) -> None:
    Image.fromarray(picture(50, 31)).save(tmp_path / "a.png")
    Image.fromarray(picture(9, 300)).save(tmp_path / "b.png")
    assert loaded(tmp_path, "raw", ModelInput("x", FLOAT, (1, 3, 6, 10))).shape == (2, 3, 6, 10)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_images_of_any_mode_of_eight_bits(mode: str, tmp_path: Path) -> None:
    suffix = "tif" if mode in ("CMYK", "YCbCr") else "png"
    Image.fromarray(picture()).convert(mode).save(tmp_path / f"a.{suffix}")
    assert loaded(tmp_path, "unit").shape == (1, 3, 8, 8)


def test_images_are_turned_as_their_files_say(tmp_path: Path) -> None:
    turned = Image.fromarray(picture())
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    turned.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(loaded(tmp_path, "raw")[0].transpose(1, 2, 0), np.rot90(picture(), -1))


def test_a_batch_has_as_many_images_as_the_model_takes(folder: Path) -> None:
    samples = load_samples(ImageFolder(folder, "raw"), [ModelInput("x", FLOAT, (3, 3, 8, 8))])
    assert [batch["x"].shape[0] for batch in samples] == [3]
    assert samples.remarks == ("3 of 4 images in images are used, evenly chosen",)
    with pytest.raises(SamplesError, match="4 images are too few, the model takes 5 at once"):
        load_samples(ImageFolder(folder, "raw"), [ModelInput("x", FLOAT, (5, 3, 8, 8))])


def test_images_are_chosen_evenly(folder: Path) -> None:
    samples = load_samples(ImageFolder(folder, "raw", count=2), [INPUT])
    assert np.array_equal(np.concatenate([b["x"] for b in samples]), loaded(folder, "raw")[[0, 2]])
    assert samples.remarks == ("2 of 4 images in images are used, evenly chosen",)


def test_labels_come_from_a_table_or_from_sub_folders(folder: Path, tmp_path: Path) -> None:
    def labels(source: ImageFolder) -> list[int]:
        samples = load_evaluation(source, [INPUT], labelled=True)
        return [int(label) for batch in samples for label in batch["labels"]]

    with pytest.raises(SamplesError, match="have no labels"):
        labels(ImageFolder(folder, "raw"))
    table = tmp_path / "table.csv"
    table.write_text("".join(f"{n}.png,{9 - n}\n" for n in range(4)))
    assert labels(ImageFolder(folder, "raw", table)) == [9, 8, 7, 6]
    (folder / "labels.csv").write_text("".join(f"{n},{n + 1}\n" for n in range(4)))
    assert labels(ImageFolder(folder, "raw")) == [1, 2, 3, 4]
    assert load_samples(ImageFolder(folder, "raw"), [INPUT]).remarks == ()  # the table is not foreign
    (folder / "labels.csv").unlink()
    for number, name in enumerate(("dog", "cat", "cat", "emu")):
        (folder / name).mkdir(exist_ok=True)
        (folder / f"{number}.png").rename(folder / name / f"{number}.png")
    assert labels(ImageFolder(folder, "raw")) == [0, 0, 1, 2]
    assert labels(ImageFolder(folder, "raw", count=2)) == [0, 1]


def test_reading_is_reported(folder: Path) -> None:
    seen: list[ProgressEvent] = []
    load_samples(ImageFolder(folder, "raw"), [INPUT], progress=seen.append)
    assert [(event.phase, event.done, event.total) for event in seen] == [
        (Phase.READING, done, 4) for done in range(5)
    ]


@pytest.mark.parametrize(
    ("how", "inputs", "reason"),
    [
        ("raw", [INPUT, INPUT], "a model of one input, this one has 2"),
        ("raw", [ModelInput("x", FLOAT, (None, 64))], "the model takes x float32 (?, 64), which is no batch"),
        ("raw", [ModelInput("x", FLOAT, (None,) * 4)], "name layout=nchw or layout=nhwc"),
        ("raw", [ModelInput("x", FLOAT, (None, 3, None, None))], "name a size in the preprocessing"),
        ("raw,layout=nhwc", [INPUT], "not nhwc images of 3 channels (rgb)"),
        ("raw,size=9", [INPUT], "not images of 9 x 9"),
        ("imagenet", [ModelInput("x", FLOAT, (1, 1, 8, 8))], "one channel, but the preprocessing has three"),
        ("raw", [ModelInput("x", FLOAT, (1, 4, 8, 8))], "no images of one or three channels"),
        ("unit", [ModelInput("x", np.dtype(np.uint8), (1, 3, 8, 8))], "whole numbers, which preprocessing"),
    ],
)  # fmt: skip
def test_models_that_take_no_such_images(
    how: str, inputs: list[ModelInput], reason: str, folder: Path
) -> None:
    with pytest.raises(SamplesError, match=re.escape(reason)):
        load_samples(ImageFolder(folder, how), inputs)


def test_faulty_files_are_named(folder: Path) -> None:
    def message() -> str:
        with pytest.raises(SamplesError) as raised:
            loaded(folder, "raw")
        assert "\n" not in str(raised.value)
        return raised.value.message

    data = (folder / "0.png").read_bytes()
    faults = {
        "text.jpg": b"no image",
        "empty.png": b"",
        "half.png": data[: len(data) // 2],
        "bad.png": data[:60] + b"\xff" * 20 + data[80:],
    }
    for name, content in faults.items():
        (folder / name).write_bytes(content)
        assert message().startswith(f"{name} cannot be read as an image: ")
        assert str(folder) not in message()
        (folder / name).unlink()
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(folder / "deep.png")
    assert message().startswith("deep.png has more than eight bits for each channel")
    (folder / "deep.png").unlink()
    os.mkfifo(folder / "pipe.jpg")
    assert message() == "pipe.jpg is no regular file"


def test_foreign_files_are_noted(folder: Path) -> None:
    for name in (".DS_Store", "README.md", "._0.png"):
        (folder / name).write_bytes(b"\0")
    samples = load_samples(ImageFolder(folder, "raw"), [INPUT])
    assert len(samples) == 4
    assert samples.remarks == (
        "3 files in images were left out as no samples (.DS_Store, ._0.png, README.md)",
    )


def test_images_without_a_preprocessing_are_refused_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SamplesError, match=r"images is a folder of images: say with a preprocessing"):
        load_samples(folder, [INPUT])
    with pytest.raises(SamplesError, match=r"0\.png is an image: give its folder, and a preprocessing"):
        load_samples(folder / "0.png", [INPUT])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SamplesError, match="there are no images in empty"):
        load_samples(ImageFolder(tmp_path / "empty", "raw"), [INPUT])
    with pytest.raises(SamplesError, match="is no folder"):
        load_samples(ImageFolder(tmp_path / "nowhere", "raw"), [INPUT])
    with pytest.raises(ValueError, match="'torch' is not one of"):
        ImageFolder(folder, "torch")
    with pytest.raises(ValueError, match="count must be at least 1"):
        ImageFolder(folder, "raw", count=0)


def test_pillow_is_named_where_it_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[images\]'"):
        loaded(folder, "raw")
