"""Samples are loaded from every kind of source, or refused with one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nntc.encoder.samples import ModelInput, Samples, load_samples
from nntc.errors import SamplesError

FLOAT = np.dtype(np.float32)
IMAGE = ModelInput("image", FLOAT, (None, 3, 4, 4))
PAIR = [ModelInput("ids", np.dtype(np.int64), (1, None)), ModelInput("gain", FLOAT, ())]


def images(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, 3, 4, 4)).astype(np.float32)


def same(samples: Samples, expected: Any) -> bool:
    found = np.concatenate([batch["image"] for batch in samples])
    return bool(np.array_equal(found, expected))


@pytest.mark.parametrize("name", ["image", "arr_0"])
def test_npz_with_a_sample_per_row(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "s.npz", **{name: images(5)})
    samples = load_samples(tmp_path / "s.npz", [IMAGE])
    assert len(samples) == 5
    assert all(batch["image"].shape == (1, 3, 4, 4) for batch in samples)
    assert same(samples, images(5))
    assert same(samples[1:3], images(5)[1:3])


def test_folder_of_samples_and_batches(tmp_path: Path) -> None:
    all_images = images(6)
    np.save(tmp_path / "a.npy", all_images[0])
    np.save(tmp_path / "b.npy", all_images[1:2])
    np.save(tmp_path / "c.npy", all_images[2:5])
    np.savez(tmp_path / "d.npz", image=all_images[5:])
    (tmp_path / "notes.txt").write_text("not a sample")
    assert same(load_samples(tmp_path, [IMAGE]), all_images)


def test_an_iterable_is_read_once_and_kept() -> None:
    samples = load_samples(({"image": images(1, seed)} for seed in range(3)), [IMAGE])
    assert len(list(samples)) == len(list(samples)) == 3


def test_batches_have_the_size_of_a_fixed_axis(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", image=images(6))
    fixed = ModelInput("image", FLOAT, (2, 3, 4, 4))
    assert [batch["image"].shape[0] for batch in load_samples(tmp_path / "s.npz", [fixed])] == [2, 2, 2]


def test_several_inputs_with_a_scalar_for_each_or_for_all(tmp_path: Path) -> None:
    ids = np.arange(12).reshape(4, 3)
    np.savez(tmp_path / "each.npz", ids=ids, gain=np.arange(4, dtype=np.float32))
    np.savez(tmp_path / "all.npz", ids=ids, gain=np.float32(7))
    each, for_all = (list(load_samples(tmp_path / f"{n}.npz", PAIR)) for n in ("each", "all"))
    assert [float(batch["gain"]) for batch in each] == [0, 1, 2, 3]
    assert [float(batch["gain"]) for batch in for_all] == [7, 7, 7, 7]
    assert each[2]["ids"].tolist() == [[6, 7, 8]]


def test_complete_inputs_may_be_stacked(tmp_path: Path) -> None:
    state = ModelInput("state", FLOAT, (2, None, 5))
    np.savez(tmp_path / "s.npz", state=np.zeros((3, 2, 1, 5), np.float32))
    assert [batch["state"].shape for batch in load_samples(tmp_path / "s.npz", [state])] == [(2, 1, 5)] * 3


def test_types_are_widened_and_narrowed_where_values_survive() -> None:
    batch = next(iter(load_samples([{"ids": np.array([[1, 2]], np.int32), "gain": np.array(0.5)}], PAIR)))
    assert batch["ids"].dtype == np.int64
    assert batch["gain"].dtype == np.float32
    bytes_in = [ModelInput("ids", np.dtype(np.uint8), (None,))]
    with pytest.raises(SamplesError, match="beyond the range of uint8"):
        load_samples([{"ids": np.array([300], np.uint16)}], bytes_in)


def test_the_hash_is_that_of_the_content() -> None:
    first, again, other = (load_samples([{"image": images(1, seed)}], [IMAGE]) for seed in (0, 0, 1))
    assert first.content_hash() == again.content_hash() != other.content_hash()


def broken(change: Callable[[Any], Any]) -> Any:
    return [{"image": change(images(1))}]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "no samples"),
        ([3], "sample 0 is no dictionary"),
        ({"image": images(3)}, "this is one dictionary, and there must be one for each sample"),
        ([{"picture": images(1)}], "expected arrays image, found picture"),
        ([{}], "expected arrays image, found none"),
        (broken(lambda a: a[:, :2]), r"expected image float32 \(\?, 3, 4, 4\), found shape \(1, 2, 4, 4\)"),
        (broken(lambda a: a[0]), r"found shape \(3, 4, 4\)"),
        (broken(lambda a: a[:0]), "is empty"),
        (broken(lambda a: a.astype(complex)), "found type complex128"),
        (broken(lambda a: a.astype(str)), "found type <U"),
        (broken(lambda a: a + np.nan), "not finite"),
        (broken(lambda a: a.astype(np.float64) * 1e300), "not finite"),
    ],
)
def test_faults_of_values(source: Any, message: str) -> None:
    with pytest.raises(SamplesError, match=message) as raised:
        load_samples(source, [IMAGE])
    assert raised.value.id == "E_SAMPLES"
    assert "\n" not in str(raised.value)


def test_what_are_no_samples_at_all() -> None:
    for source in (3, None, 2.5):
        with pytest.raises(TypeError, match="samples are a path"):
            load_samples(source, [IMAGE])  # type: ignore[arg-type]


def test_labels_are_left_out_and_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", image=images(3), labels=np.arange(3))
    np.savez(tmp_path / "t.npz", images(2), labels=np.arange(2))
    sample = {"image": images(1), "labels": np.zeros(1)}
    for source, count in ((tmp_path / "s.npz", 3), (tmp_path / "t.npz", 2), (tmp_path, 5), ([sample] * 4, 4)):
        samples = load_samples(source, [IMAGE])
        assert samples.remarks == ("labels among the samples are not used",)
        assert [set(batch) for batch in samples] == [{"image"}] * count
    both = [IMAGE, ModelInput("labels", np.dtype(np.int64), (None,))]
    assert {"image", "labels"} == set(next(iter(load_samples(tmp_path / "s.npz", both))))


def test_faults_of_files(tmp_path: Path) -> None:
    def message(name: str, inputs: list[ModelInput]) -> str:
        with pytest.raises(SamplesError) as raised:
            load_samples(tmp_path / name, inputs)
        return raised.value.message

    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    np.savez(tmp_path / "uneven.npz", ids=np.zeros((4, 3), np.int64), gain=np.zeros(5, np.float32))
    np.savez(tmp_path / "three.npz", image=images(3))
    np.save(tmp_path / "flat.npy", np.zeros(9, np.float32))
    (tmp_path / "folder").mkdir()
    assert message("nowhere.npz", [IMAGE]).endswith("does not exist")
    np.savez(tmp_path / "none.npz", image=images(3)[:0])
    for name in ("folder", "none.npz"):
        assert message(name, [IMAGE]) == "there are no samples"
    for name in ("text.npz", "empty.npy", "objects.npy"):
        assert message(name, [IMAGE]).startswith(f"{name} cannot be read")
    assert message("uneven.npz", PAIR) == "uneven.npz has different numbers of samples: ids 4, gain 5"
    pairs = ModelInput("image", FLOAT, (2, 3, 4, 4))
    assert message("three.npz", [pairs]) == "three.npz: image has 3 samples, the model takes 2 at once"
    assert message("flat.npy", [IMAGE]) == "flat.npy: expected image float32 (?, 3, 4, 4), found shape (9,)"
    assert "no array of numbers" in message("three.npz", [ModelInput("image", None, None)])
