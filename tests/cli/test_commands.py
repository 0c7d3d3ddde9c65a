from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, network
from tests.conformance.vectors import CONFORMANCE, VECTORS

NUMBER = (int, float)


def test_encode_and_decode(model: Path, nntc: Command) -> None:
    encoded = nntc("encode", model, "small.nntc", "-m", "lossless")
    assert (encoded.code, encoded.err) == (0, "")
    size = Path("small.nntc").stat().st_size
    assert encoded.out.startswith(f"small.nntc: {size:,} bytes, ")
    assert encoded.out.endswith("every weight exact\n")
    decoded = nntc("decode", "small.nntc", "again.onnx")
    assert (decoded.code, decoded.err) == (0, "")
    assert re.fullmatch(r"again\.onnx: [\d,]+ bytes, SHA-256 [0-9a-f]{16}\.\.\. checked\n", decoded.out)
    assert Path("again.onnx").read_bytes() == model.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--quality", "20"],
        ["--bits", "5"],
        ["--ratio", "2"],
        ["--target-size", "1kB"],
        ["-m", "dct", "--bits", "5", "--entropy", "bzip2"],
        ["-m", "quantization"],
        ["-m", "clustering", "-j", "2"],
        ["-m", "deep"],
        ["-m", "deep", "--prune", "0.5", "--bits", "4"],
        ["-m", "deep", "--prune", ".9", "--prune-scope", "global", "--sparse", "--entropy", "rans"],
        ["-m", "deep", "--bits", "2", "--centroids", "density", "--no-sparse", "--biases"],
    ],
)
def test_encode_options(options: list[str], model: Path, nntc: Command) -> None:
    assert nntc("encode", model, "small.nntc", *options).code == 0
    assert nntc("verify", "small.nntc", model).code == 0


def test_encode_as_json(model: Path, nntc: Command) -> None:
    report = nntc("encode", model, "small.nntc", "-m", "lossless", "--json").json
    assert report["file"] == "small.nntc"
    assert report["size"] == Path("small.nntc").stat().st_size
    assert report["original_size"] == model.stat().st_size
    assert report["ratio"] == pytest.approx(report["original_size"] / report["size"])
    assert report["error"] == 0
    assert [tensor["name"] for tensor in report["tensors"]] == ["kernel"]
    assert isinstance(report["remarks"], list)


def test_encode_shows_the_stages_of_deep_compression(model: Path, nntc: Command) -> None:
    options = ("-m", "deep", "--prune", "0.5", "--bits", "4")
    shown = nntc("encode", model, "small.nntc", *options)
    assert (shown.code, shown.err) == (0, "")
    first, _, *table = shown.out.splitlines()
    assert first.startswith("small.nntc: ")
    assert [line.split("  ")[0] for line in table if "─" not in line] == [
        "stage",
        "original",
        "pruned, zeros stored",
        "pruned, sparse rows",
        "quantized",
        "coded, the whole file",
    ]
    size, original = Path("small.nntc").stat().st_size, model.stat().st_size
    assert re.fullmatch(rf"coded, the whole file +{size:,} +[\d.]+ +{original / size:.2f}", table[-1])
    report = nntc("encode", model, "small.nntc", *options, "--json").json
    assert all(set(stage) == {"name", "size", "factor", "total"} for stage in report["stages"])
    assert report["stages"][0] == {"name": "original", "size": original, "factor": 1, "total": 1}
    assert report["stages"][-1]["size"] == size
    assert nntc("encode", model, "small.nntc", "--json").json["stages"] == []


def test_decode_as_json(coded: Path, nntc: Command) -> None:
    result = nntc("decode", coded, "again.onnx", "--json").json
    assert result["size"] == Path("again.onnx").stat().st_size
    assert [set(file) for file in result["files"]] == [{"file", "name", "size", "sha256"}]
    assert result["files"][0]["file"] == "again.onnx"


def test_external_data_goes_beside_the_model(nntc: Command, folder: Path) -> None:
    model = network(external=True)
    assert nntc("encode", model, "model.nntc", "-m", "lossless").code == 0
    (folder / "out").mkdir()
    assert nntc("decode", "model.nntc", "out/any.onnx").out.count("checked\n") == 2
    assert Path("out/any.onnx").read_bytes() == model.read_bytes()
    assert Path("out/model.bin").read_bytes() == Path("model.bin").read_bytes()
    refused = nntc("decode", "model.nntc", "out/any.onnx")
    assert refused.code == 1
    assert refused.err.startswith("nntc: E_OUTPUT_EXISTS: ")
    assert nntc("decode", "model.nntc", "out/any.onnx", "--replace-external").code == 0
    assert nntc("verify", "model.nntc", model).out.endswith("identical, byte for byte\n")


def test_info_for_people(coded: Path, nntc: Command) -> None:
    shown = nntc("info", coded)
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert re.search(r"^GRAPH +1 ", shown.out, re.MULTILINE)
    assert re.search(r"^TENSOR +1 ", shown.out, re.MULTILINE)
    assert re.search(
        r"^kernel +convolution +float32 +8x4x3x3 +planes +[\d.]+ +exact +[\d,]+$", shown.out, re.MULTILINE
    )
    assert re.search(r"^bias +bias +float32 +8 +graph +exact$", shown.out, re.MULTILINE)
    assert re.search(r"^all +[\d.]+ +exact +[\d,]+$", shown.out, re.MULTILINE)
    assert "288 weights are in sections.\n" in shown.out


def test_info_as_json(coded: Path, nntc: Command) -> None:
    about = nntc("info", coded, "--json").json
    assert set(about) == {
        "file", "version", "profile", "encoder", "outputs", "memory_bound", "working_memory",
        "sections", "tensors", "totals", "key_ids", "changes",
    }  # fmt: skip
    assert [section["type"] for section in about["sections"]] == ["GRAPH", "TENSOR"]
    assert all(set(section) == {"type", "offset", "bytes", "output"} for section in about["sections"])
    kernel, bias = about["tensors"]
    assert set(kernel) == {
        "name", "role", "type", "shape", "tool", "bits_per_weight", "error", "bytes", "same_as"
    }  # fmt: skip
    assert kernel["bits_per_weight"] == pytest.approx(8 * kernel["bytes"] / 288)
    assert (kernel["role"], kernel["shape"], kernel["error"]) == ("convolution", [8, 4, 3, 3], 0)
    assert (bias["tool"], bias["bytes"]) == ("graph", 0)
    totals = about["totals"]
    assert all(isinstance(value, NUMBER) for value in totals.values())
    assert totals["graph"] + totals["tensors"] + totals["rest"] == totals["file"] == coded.stat().st_size
    assert totals["original"] == Path("model.onnx").stat().st_size
    assert kernel["bytes"] == totals["tensors"]


def test_info_tells_the_error_of_lossy_tensors(model: Path, nntc: Command) -> None:
    report = nntc("encode", model, "small.nntc", "--quality", "20", "--json").json
    about = nntc("info", "small.nntc", "--json").json
    assert about["encoder"] == "nntc"
    assert about["tensors"][0]["error"] == pytest.approx(report["tensors"][0]["error"], rel=0.03)
    assert about["totals"]["error"] == pytest.approx(report["error"], rel=0.03)
    assert re.search(r"^kernel .* \d+\.\d\d% +\d+$", nntc("info", "small.nntc").out, re.MULTILINE)


def test_verify_alone(coded: Path, nntc: Command) -> None:
    assert nntc("verify", coded).out.startswith("model.nntc: valid; all checksums match, decodes to ")
    result = nntc("verify", coded, "--json").json
    assert set(result) == {"file", "files", "identical", "tensors", "error", "signed_by"}
    assert (result["identical"], result["tensors"], result["error"]) == (None, [], None)


def test_verify_with_the_original(coded: Path, model: Path, nntc: Command) -> None:
    assert nntc("verify", coded, model).out.endswith("model.onnx: identical, byte for byte\n")
    result = nntc("verify", coded, model, "--json").json
    assert (result["identical"], result["error"]) == (True, 0)


def test_verify_measures_loss(model: Path, nntc: Command) -> None:
    report = nntc("encode", model, "small.nntc", "--quality", "20", "--json").json
    result = nntc("verify", "small.nntc", model, "--json").json
    assert result["identical"] is False
    errors = {tensor["name"]: tensor["error"] for tensor in result["tensors"]}
    assert errors == {"kernel": pytest.approx(report["tensors"][0]["error"]), "bias": 0}
    shown = nntc("verify", "small.nntc", model)
    assert shown.code == 0
    assert re.search(r"^kernel +float32 +8x4x3x3 +\d+\.\d\d%$", shown.out, re.MULTILINE)
    assert re.search(r"^all +296 weights +\d+\.\d\d%$", shown.out, re.MULTILINE)
    assert re.search(r"same graph, weights off by \d+\.\d\d%$", shown.out)


def test_demo(nntc: Command) -> None:
    shown = nntc("demo")
    assert shown.code == 0
    assert [line.split("  ")[0] for line in shown.out.splitlines()[3:]] == [
        "ONNX",
        "nntc lossless",
        "nntc auto",
    ]
    rows = nntc("demo", "--json").json["rows"]
    original, lossless, auto = rows
    assert original["bytes"] > lossless["bytes"] > auto["bytes"]
    assert auto["ratio"] == pytest.approx(original["bytes"] / auto["bytes"])
    assert original["top1"] == lossless["top1"] > 0.95
    assert auto["agreement"] > 0.98
    assert abs(auto["top1"] - original["top1"]) < 0.02
    assert not list(Path().iterdir())


def test_demo_saves_what_other_commands_take(nntc: Command, tmp_path: Path) -> None:
    shown = nntc("demo", "--save", str(tmp_path))
    names = [Path(line).name for line in shown.out.split()]
    assert names == ["model.onnx", "calibration.npz", "evaluation.npz"]
    result = nntc(
        "encode", str(tmp_path / "model.onnx"), str(tmp_path / "model.nntc"), "--json",
        "--evaluation", str(tmp_path / "evaluation.npz"),
    ).json  # fmt: skip
    assert result["fidelity"]["samples"] == 400
    with np.load(tmp_path / "calibration.npz") as samples:
        assert samples["image"].shape == (100, 1, 8, 8)


def test_demo_without_onnxruntime(nntc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    before = nntc("demo", "--json").json
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert nntc("demo", "--json").json == before


@pytest.mark.parametrize("command", [[], ["encode"], ["decode"], ["info"], ["verify"], ["sweep"], ["demo"]])
def test_help_teaches(command: list[str], nntc: Command) -> None:
    for option in ("--help", "-h"):
        shown = nntc(*command, option)
        assert (shown.code, shown.err) == (0, "")
        assert f"Usage: {' '.join(['nntc', *command])}" in shown.out
        assert "\b" not in shown.out
        assert command == ["demo"] or "nntc encode model.onnx" in shown.out or "Examples:" in shown.out


def test_version(nntc: Command) -> None:
    assert re.fullmatch(r"nntc .+, format 1\.0, kernels (numpy|native \(.+\))\n", nntc("--version").out)


def test_a_name_with_markup_is_shown_as_it_is(nntc: Command) -> None:
    model = network()
    model.write_bytes(model.read_bytes().replace(b"kernel", b"[bold]"))
    assert nntc("encode", model, "m.nntc", "-m", "lossless").code == 0
    assert "[bold]" in nntc("info", "m.nntc").out


def test_an_update_is_decoded_checked_and_shown_with_its_base(nntc: Command) -> None:
    vector = VECTORS["update-two-bases"]
    file, base = CONFORMANCE / vector["file"], [CONFORMANCE / own["file"] for own in vector["base"]]
    given = [f"--base={own}" for own in base]
    assert nntc("decode", file, "new.onnx", *given).code == 0
    assert hashlib.sha256(Path("new.onnx").read_bytes()).hexdigest() == vector["output"][0]["sha256"]
    assert "valid" in nntc("verify", file, *given).out
    alone = nntc("verify", file)
    assert (alone.code, "E_BASE @ " in alone.err) == (1, True)
    missing = nntc("decode", file, "new.onnx", "--base", "none")
    assert (missing.code, "--base" in missing.err) == (2, True)
