"""Tables of curves, as they are written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import nntc
import pytest
from nntc.encoder.sweep import Curves, sweep
from nntc.encoder.sweep.tables import COLUMNS, to_csv, to_dictionary, writing

from tests.encoder.sweep.curves import MODEL, samples


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


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "b").mkdir()
    for folder in ("old", "new"):
        names = ["a", "b" if folder == "old" else "none/b"]
        with pytest.raises(nntc.OutputError, match="E_OUTPUT"), writing(tmp_path / folder, names):
            pytest.fail("found after the work")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["b"]
    with writing(tmp_path / "new", ["a", "b"]) as outputs:
        outputs.write([[b"1"], [b"2"]])
    assert (tmp_path / "new" / "b").read_bytes() == b"2"
