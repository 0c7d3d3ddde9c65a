from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path

import nntc
import pytest
from click.testing import CliRunner
from PIL import Image

from reference_models.__main__ import group, main
from reference_models.commands.train import train

RECIPE = """
task = "reviews"
batch = 4
[options]
words = 12
units = 4
length = 3
[[stage]]
kind = "dense"
epochs = 2
learning_rate = 0.01
[[stage]]
kind = "quantize"
epochs = 1
learning_rate = 0.01
bits = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a recipe and eight reviews."""
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    rows = "".join(f"{number % 2}\t{'fine' if number % 2 else 'dull'} film\n" for number in range(8))
    for part in ("train", "test"):
        (tmp_path / f"{part}.tsv.xz").write_bytes(lzma.compress(rows.encode()))
    return tmp_path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(group, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_train_then_measure_what_was_trained(folder: Path) -> None:
    out = folder / "made" / "out"
    printed = run("train", folder / "recipe.toml", "--data", folder, "--out", out)
    model = out / "quantize.lstm.onnx"
    accuracy = printed.splitlines()[-1].removeprefix("quantize: ")
    nntc.encode(model, out / "small.nntc", method="lossless")
    for path in (model, out / "small.nntc"):
        assert run("measure", folder / "recipe.toml", path, "--data", folder) == f"{path}: {accuracy}\n"


def test_a_run_may_begin_where_another_ended(folder: Path) -> None:
    run("train", folder / "recipe.toml", "--data", folder, "--out", folder / "a")
    initial = folder / "a" / "dense.pt"
    run("train", folder / "recipe.toml", "--data", folder, "--out", folder / "b", "--initial", initial)
    one, other = ((folder / name / "dense.lstm.onnx").read_bytes() for name in "ab")
    assert one != other


def test_export_writes_a_network_at_its_published_size(tmp_path: Path) -> None:
    path = tmp_path / "generator.onnx"
    assert "1,466,115 parameters" in run("export", "gan-generator", path)
    assert path.stat().st_size > 4 * 1_466_115


def test_an_unknown_network_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["export", "vgg", str(tmp_path / "x.onnx")])
    assert done.exit_code == 2
    assert "residual-cnn" in done.output


def test_an_unknown_recipe_is_wrong_usage() -> None:
    done = CliRunner().invoke(train, ["nothing", "--out", "x"])
    assert done.exit_code == 2
    assert "those that come along are" in done.output


def test_a_fault_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["train", "reviews", "--data", str(tmp_path), "--out", str(tmp_path / "o")]
    monkeypatch.setattr(sys, "argv", ["reference_models", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("reference_models: E_DATA:")
    assert not (tmp_path / "o").exists()


def test_help_needs_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; from reference_models.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "train", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_record_codes_exactly_and_tells_the_sizes(folder: Path) -> None:
    out, records = folder / "out", folder / "records"
    records.mkdir()
    run("train", folder / "recipe.toml", "--data", folder, "--out", out)
    run("record", folder / "recipe.toml", out, "--data", folder, "--to", records)
    record = json.loads((records / "recipe.json").read_text())
    sizes, coded = record["networks"]["lstm"], records / "recipe.lstm.nntc"
    nntc.decode(coded, folder / "decoded.onnx")
    assert (folder / "decoded.onnx").read_bytes() == (out / "quantize.lstm.onnx").read_bytes()
    assert sizes["nntc"] == coded.stat().st_size
    assert sizes["stages"]["original"] == (out / "quantize.lstm.onnx").stat().st_size
    assert record["quantized_alone"]["measures"].keys() == {"accuracy"}


def test_a_sheet_shows_every_generator(tmp_path: Path) -> None:
    for seed in (1, 2):
        run("export", "gan-generator", tmp_path / f"{seed}.onnx", "--seed", seed)
    run("sheet", tmp_path / "1.onnx", tmp_path / "2.onnx", tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (384, 260)
