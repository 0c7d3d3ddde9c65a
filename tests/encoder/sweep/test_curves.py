"""Curves: what is measured, and how it is written down."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import nntc
import numpy as np
import pytest
from nntc.encoder.model import encode_bytes
from nntc.encoder.sweep import Curves, SweepMethod, SweepPoint, sweep
from nntc.encoder.sweep.picture import make_picture
from nntc.encoder.sweep.tables import COLUMNS, to_csv, to_dictionary, write_all

from tests import networks

MODEL = networks.classifier(width=16).SerializeToString()


def samples(*, labelled: bool = False) -> list[dict[str, object]]:
    draw = np.random.default_rng(2)
    found: list[dict[str, object]] = []
    for number in range(12):
        sample: dict[str, object] = {"image": draw.normal(size=(1, 3, 12, 12)).astype(np.float32)}
        found.append({**sample, "labels": number} if labelled else sample)
    return found


@pytest.fixture(scope="module")
def curves() -> Curves:
    return sweep(MODEL, evaluation=samples(labelled=True), methods=["auto", "dct", "auto"], points=3)


def test_points_are_those_of_encodings_of_their_own(curves: Curves) -> None:
    assert curves.methods == [SweepMethod.AUTO, SweepMethod.DCT]
    assert [point.setting for point in curves.points] == [
        "34 dB", "22 dB", "10 dB", "8 bits", "5 bits", "2 bits"
    ]  # fmt: skip
    for method in curves.methods:
        points = curves.of(method)
        assert [p.size for p in points] == sorted((p.size for p in points), reverse=True)
        assert [p.error for p in points] == sorted(p.error for p in points)
        assert points[0].fidelity.divergence < points[-1].fidelity.divergence
    data, report = encode_bytes(MODEL, quality=22, evaluation=samples(labelled=True))
    point = curves.points[1]
    assert isinstance(point, SweepPoint)
    assert (point.size, point.ratio, point.error) == (len(data), report.ratio, report.error)
    assert point.fidelity == report.fidelity
    assert point.bits_per_weight == report.bits_per_weight


def test_calibrated_encodings_are_compared_on_the_same_samples() -> None:
    model = networks.decisive().SerializeToString()
    coarse = np.random.default_rng(3).normal(0, 3, (64, 1, 3, 4, 4))
    images = [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]
    found = sweep(model, calibration=images, methods=["calibrated", "auto"], points=2)
    assert found.measured_on == "held-out calibration"
    assert {point.fidelity.samples for point in found.points} == {16}
    kept = [sample for number, sample in enumerate(images) if number % 4]
    _, report = encode_bytes(model, quality=34, calibration=kept)
    assert found.points[0].size == report.size != found.points[2].size


def test_csv_has_a_line_for_each_point(curves: Curves) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(curves))))
    assert len(rows) == len(curves.points)
    for row, point in zip(rows, curves.points, strict=True):
        assert tuple(row) == COLUMNS
        assert (row["method"], row["setting"]) == (point.method, point.setting)
        assert int(row["bytes"]) == point.size
        assert float(row["divergence"]) == point.fidelity.divergence
        assert point.fidelity.top5 is not None
        assert float(row["top5"]) == point.fidelity.top5.value
        assert float(row["top5_low"]) <= float(row["top5"]) <= float(row["top5_high"])


def test_csv_leaves_empty_what_was_not_measured() -> None:
    found = sweep(MODEL, evaluation=samples(), methods=["quantization"], points=2)
    row = next(csv.DictReader(io.StringIO(to_csv(found))))
    assert float(row["cosine"]) > 0.9
    assert (row["top1"], row["original_top5_high"]) == ("", "")


def test_everything_is_plain_json(curves: Curves) -> None:
    read = json.loads(json.dumps(to_dictionary(curves)))
    assert read["points"][0]["fidelity"]["measure"].startswith("KL")
    assert len(read["points"]) == 6


def test_pictures_show_every_method_and_are_the_same_each_time(curves: Curves) -> None:
    png = make_picture(curves, "model.onnx", "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    svg = make_picture(curves, "<b>&$x$", "svg")
    assert svg == make_picture(curves, "<b>&$x$", "svg")
    ElementTree.fromstring(svg)  # noqa: S314 - our own output
    assert make_picture(curves, "model.onnx", "png") == png


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"points": 1}, "points must be 2 to 50"),
        ({"points": 51}, "points must be 2 to 50"),
        ({"methods": []}, "there must be a method"),
        ({"methods": ["auto", "jpeg"]}, "jpeg"),
        ({"methods": ["calibrated"]}, "needs calibration samples"),
        ({"evaluation": None}, "there must be samples"),
    ],
)
def test_arguments_out_of_range(chosen: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        sweep(MODEL, **{"evaluation": samples(), **chosen})  # type: ignore[arg-type]


def test_pictures_need_matplotlib(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[plot\]'"):
        make_picture(curves, "model.onnx", "png")


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "b").mkdir()
    for folder in ("old", "new"):
        with pytest.raises(nntc.OutputError, match="E_OUTPUT"):
            write_all(tmp_path / folder, {"a": b"1", "b" if folder == "old" else "none/b": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["b"]
    write_all(tmp_path / "new", {"a": b"1", "b": b"2"})
    assert (tmp_path / "new" / "b").read_bytes() == b"2"
