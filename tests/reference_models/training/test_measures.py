from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reference_models.data.cifar10 import read_cifar10
from reference_models.data.digits import enlarge
from reference_models.training.features import Cifar10Features, DigitsFeatures
from reference_models.training.frechet import SEEDS, Frechet, frechet_distance, moments
from reference_models.training.image_task import augment
from reference_models.training.tasks import pixels
from tests import tiny_training as tiny


def test_the_frechet_distance_of_known_normal_distributions() -> None:
    """For diagonal covariances it is the distance of the means and of the standard deviations."""
    one = np.array([0.0, 1.0]), np.diag([4.0, 9.0])
    other = np.array([3.0, 1.0]), np.diag([1.0, 16.0])
    assert frechet_distance(one, other) == pytest.approx(9 + 1 + 1)


@given(st.integers(0, 2**31))
def test_the_frechet_distance_is_one_of_a_distance(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, other = (moments(generator.normal(size=(20, 3)) * generator.uniform(1, 3, 3)) for _ in range(2))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one))


def test_generators_are_measured_with_the_same_noise_each_time() -> None:
    real = pixels(torch.from_numpy(tiny.images().training.images))
    frechet = Frechet(lambda images: images[:, :, 0, 0], real)
    first = frechet.distances(lambda noise: noise[:, :3, None, None])
    torch.rand(1)
    assert frechet.distances(lambda noise: noise[:, :3, None, None]) == first
    assert len(set(first)) == len(SEEDS)


def test_the_demos_network_reads_enlarged_digits() -> None:
    """Features must tell classes apart: those of held-out images of one class lie closer together."""
    root = Path(__file__).resolve().parents[3]
    with np.load(root / "codec" / "nntc" / "demo" / "digits.npz", allow_pickle=False) as held_out:
        images, labels = held_out["images"][:200], held_out["labels"][:200]
    state = torch.get_rng_state()
    network = DigitsFeatures()
    assert torch.equal(torch.get_rng_state(), state)
    with torch.no_grad():
        features = network(pixels(torch.from_numpy(enlarge(images)))).numpy()
    centres = np.array([features[labels == digit].mean(axis=0) for digit in range(10)])
    nearest = ((features[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.95


def test_the_trained_cnn_gives_features() -> None:
    images = pixels(torch.from_numpy(tiny.images().training.images))
    assert Cifar10Features()(images).shape == (20, 230)


def test_enlarged_digits_keep_their_ink() -> None:
    images = np.zeros((1, 8, 8), np.uint8)
    images[0, 3] = 16
    large = enlarge(images)
    assert large.shape == (1, 3, 32, 32)
    assert large[0, :, 12:16].min() > 150
    assert not large[0, :, 24:].any()


def test_augmented_images_are_moved_and_mirrored_only() -> None:
    torch.manual_seed(1)
    images = torch.zeros(50, 3, 32, 32, dtype=torch.uint8)
    images[:, 1, 16, 10] = 9
    places = augment(images).nonzero()
    assert len(places) == 50
    assert set(places[:, 1].tolist()) == {1}
    assert set(places[:, 2].tolist()) == set(range(12, 21))
    mirrored = places[:, 3] > 15
    assert 10 < int(mirrored.sum()) < 40
    assert set(places[~mirrored, 3].tolist()) == set(range(6, 15))


def write_pictures(folder: Path) -> None:
    for part in ("train", "test"):
        for number, name in enumerate(("cat", "dog")):
            (folder / part / name).mkdir(parents=True)
            for shade in (10, 20):
                picture = Image.new("RGB", (64, 64), (number, shade, 0))
                picture.save(folder / part / name / f"{shade}.png")


def test_a_folder_of_images_for_every_class(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    images, labels = read_cifar10(tmp_path).training
    assert labels.tolist() == [0, 0, 1, 1]
    assert images.shape == (4, 3, 32, 32)
    assert images[:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    assert images[:, 1, 5, 5].tolist() == [10, 20, 10, 20]


def test_mosaics(tmp_path: Path) -> None:
    for name in ("train_0", "train_1", "train_10", "test"):
        shade = {"train_0": 0, "train_1": 100, "train_10": 200}.get(name, 50)
        Image.new("RGB", (64, 32), (shade,) * 3).save(tmp_path / f"{name}.jpg", quality=100)
    np.save(tmp_path / "train_labels.npy", np.arange(6))
    np.save(tmp_path / "test_labels.npy", np.arange(2))
    split = read_cifar10(tmp_path)
    assert split.training.images[:, 0, 0, 0].tolist() == [0, 0, 100, 100, 200, 200]
    assert split.test.labels.tolist() == [0, 1]
