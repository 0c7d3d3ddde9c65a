from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from reference_models.data.cifar10 import read_cifar10
from reference_models.data.images import LabelledImages
from reference_models.data.mosaics import cut
from reference_models.errors import ReferenceModelError


@pytest.fixture
def images() -> LabelledImages:
    generator = np.random.default_rng(1)
    return LabelledImages(
        generator.integers(0, 256, (10, 3, 32, 32), np.uint8), generator.integers(0, 10, 10).astype(np.uint8)
    )


def write_batches(folder: Path, images: LabelledImages) -> None:
    """Write six batches, the last of them the test's, as torchvision and Keras unpack them."""
    folder.mkdir()
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    for name in names:
        content = {"data": images.images.reshape(-1, 3072), "labels": images.labels.tolist()}
        (folder / name).write_bytes(pickle.dumps(content, 2))


@pytest.mark.parametrize("inside", [False, True], ids=["folder", "its parent"])
def test_pickled_batches(images: LabelledImages, tmp_path: Path, inside: bool) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_batches(folder, images)
    split = read_cifar10(tmp_path if inside else folder)
    assert np.array_equal(split.training.images, np.concatenate([images.images] * 5))
    assert np.array_equal(split.test.images, images.images)
    assert np.array_equal(split.test.labels, images.labels)


def test_npz(images: LabelledImages, tmp_path: Path) -> None:
    pictures, labels = np.moveaxis(images.images, 1, 3), images.labels[:, None]
    path = tmp_path / "cifar10.npz"
    np.savez(path, x_train=pictures, y_train=labels, x_test=pictures[:4], y_test=labels[:4])
    split = read_cifar10(path)
    assert np.array_equal(split.training.images, images.images)
    assert np.array_equal(split.test.labels, images.labels[:4])


def test_a_mosaic_is_cut_row_by_row() -> None:
    mosaic = np.zeros((64, 96, 3), np.uint8)
    mosaic[32:, 64:, 1] = 7
    images = cut(mosaic)
    assert images.shape == (6, 3, 32, 32)
    assert [int(image[1].min()) for image in images] == [0, 0, 0, 0, 0, 7]


def test_a_mosaic_of_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="not made of images"):
        cut(np.zeros((64, 95, 3), np.uint8))


def test_unknown_forms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReferenceModelError, match="no form of CIFAR-10"):
        read_cifar10(tmp_path)


def test_labels_out_of_range_are_refused(images: LabelledImages, tmp_path: Path) -> None:
    write_batches(tmp_path / "batches", LabelledImages(images.images, images.labels + 10))
    with pytest.raises(ReferenceModelError, match=r"E_DATA.*outside 0\.\.9"):
        read_cifar10(tmp_path / "batches")


def test_a_batch_that_would_run_code_is_refused(images: LabelledImages, tmp_path: Path) -> None:
    write_batches(tmp_path / "batches", images)
    (tmp_path / "batches" / "test_batch").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ReferenceModelError, match=r"E_DATA.*os\.system"):
        read_cifar10(tmp_path / "batches")


def test_images_of_some_classes(images: LabelledImages) -> None:
    wanted = images.only([int(images.labels[0])])
    assert set(wanted.labels) == {images.labels[0]}
    assert np.array_equal(images.only(()).images, images.images)
