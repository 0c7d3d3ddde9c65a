"""Samples on the command line: arrays and folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import networks
from tests.cli.conftest import Command


@pytest.fixture
def photos(folder: Path) -> Path:
    """Write a classifier, and images of a size that it does not take."""
    (folder / "model.onnx").write_bytes(networks.classifier(width=16).SerializeToString())
    photos = folder / "photos"
    photos.mkdir()
    draw = np.random.default_rng(3)
    for number in range(12):
        Image.fromarray(draw.integers(0, 256, (20, 16, 3), np.uint8)).save(photos / f"{number:02}.png")
    (folder / "classes.csv").write_text("".join(f"{n:02}.png,{n}\n" for n in range(12)))
    return Path("photos")


def test_a_folder_of_images_calibrates_and_measures(photos: Path, nntc: Command) -> None:
    options = ["--calibration", photos, "--evaluation", photos, "--preprocess", "imagenet", "--images", "9"]
    report = nntc("encode", "model.onnx", "m.nntc", *options, "--labels", "classes.csv", "--json").json
    assert report["fidelity"]["samples"] == 9
    assert report["fidelity"]["original_top1"]["total"] == 9
    assert "9 of 12 images in photos are used, evenly chosen" in report["remarks"]
    (inputs,) = report["inputs"]
    assert (inputs["name"], inputs["shape"]) == ("image", [1, 3, 12, 12])
    assert inputs["mean"] == pytest.approx(0.2, abs=0.3)
    assert len(inputs["channel_means"]) == 3


def test_a_sweep_over_images(photos: Path, nntc: Command) -> None:
    options = ["--evaluation", photos, "--preprocess", "tf", "--points", "2", "--methods", "auto"]
    assert nntc("sweep", "model.onnx", *options, "--no-picture", "--out", "curves").code == 0
    assert Path("curves/sweep.csv").exists()


def test_a_page_says_what_the_images_were(photos: Path, nntc: Command) -> None:
    options = ["--calibration", photos, "--preprocess", "tf", "--report", "page.html"]
    assert nntc("encode", "model.onnx", "m.nntc", *options).code == 0
    assert "images in photos, tf" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--calibration", "photos", "--preprocess", "torch"], "'torch' is not one of raw, unit"),
        (["--preprocess", "imagenet"], "--preprocess is for samples that are a folder of images"),
        (["--calibration", "s.npz", "--preprocess", "unit"], "--preprocess is for samples that are a folder"),
        (["--evaluation", "photos", "--labels", "classes.csv"], "--labels and --images are for folders"),
        (["--evaluation", "photos", "--images", "3"], "--labels and --images are for folders"),
        (["--calibration", "photos", "--preprocess", "unit", "--labels", "classes.csv"], "--labels is for"),
        (["--evaluation", "photos", "--preprocess", "unit", "--labels", "no.csv"], "cannot open 'no.csv'"),
        (["--evaluation", "photos", "--preprocess", "unit", "--images", "0"], "--images"),
    ],
)
def test_wrong_usage(options: list[str], reason: str, photos: Path, nntc: Command) -> None:
    assert photos.is_dir()
    np.savez("s.npz", image=np.zeros((9, 3, 12, 12), np.float32))
    outcome = nntc("encode", "model.onnx", "m.nntc", *options)
    assert outcome.code == 2
    assert reason in " ".join(outcome.err.split())
    assert not Path("m.nntc").exists()


def test_images_without_a_preprocessing(photos: Path, nntc: Command) -> None:
    outcome = nntc("encode", "model.onnx", "m.nntc", "--calibration", photos)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("nntc: E_SAMPLES: photos is a folder of images: say with a preprocessing")
